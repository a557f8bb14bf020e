#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "tvr/base/checksum.h"
#include "tvr/base/error.h"
#include "tvr/base/progress.h"
#include "tvr/data/feature_pack.h"
#include "tvr/model/weights.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kShard = 256;  // videos or texts
constexpr int64_t kBlock = 32;   // of them encoded at a time

int64_t shard_count(size_t videos) {
  return (static_cast<int64_t>(videos) + kShard - 1) / kShard;
}

fs::path shard_file(const fs::path& folder, int64_t shard) {
  return folder / fmt::format("features-{:05}.safetensors", shard);
}

std::string shard_ids(const std::vector<std::string>& ids, int64_t shard) {
  const auto begin = ids.begin() + shard * kShard;
  const auto count = std::min<int64_t>(kShard, ids.end() - begin);
  return nlohmann::json(std::vector<std::string>(begin, begin + count))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Over the arrays in the order of their names.
std::string checksum(const std::map<std::string, ArrayView>& arrays) {
  Checksum sum;
  for (const auto& [name, array] : arrays) sum.add(array.data, static_cast<size_t>(array.bytes()));
  return sum.text();
}

template <class Features>
void save_shard(const fs::path& file, const Features& features, const std::string& ids) {
  std::map<std::string, ArrayView> arrays;
  for (const auto& [name, tensor] : tensors_of(features)) arrays.emplace(name, array_view(tensor));
  write_safetensors(file, {arrays.begin(), arrays.end()}, {{"ids", ids}, {"checksum", checksum(arrays)}});
}

// What the whole pack will take, told once its first block is encoded.
template <class Features>
void tell_size(const fs::path& folder, const Features& block, int64_t in_block, size_t count) {
  const auto bytes = static_cast<double>(byte_size(block)) / static_cast<double>(in_block);
  spdlog::info("{}: features of {} take about {:.1f} MB", folder.string(), count,
               bytes * static_cast<double>(count) / 1e6);
}

// `encode(begin, end)` gives the features of those rows.
template <class Encode>
void make_pack(const fs::path& folder, const std::vector<std::string>& ids, const char* work, Encode&& encode) {
  const torch::NoGradGuard no_grad;
  const auto count = static_cast<int64_t>(ids.size());
  Progress progress(work, count);
  for (int64_t shard = 0; shard < shard_count(ids.size()); ++shard) {
    const int64_t begin = shard * kShard, end = std::min(count, begin + kShard);
    if (fs::exists(shard_file(folder, shard))) {
      progress.advance(end - begin);
      continue;
    }
    std::vector<decltype(encode(begin, end))> blocks;
    for (int64_t block = begin; block < end; block += kBlock) {
      const int64_t block_end = std::min(end, block + kBlock);
      blocks.push_back(encode(block, block_end));
      if (block == 0) tell_size(folder, blocks.back(), block_end, ids.size());
      progress.advance(block_end - block);
    }
    save_shard(shard_file(folder, shard), concatenate(blocks), shard_ids(ids, shard));
  }
}

torch::Tensor padded_to(const torch::Tensor& tensor, int64_t length) {
  auto shape = tensor.sizes().vec();
  shape[1] = length - shape[1];
  return torch::cat({tensor, torch::zeros(shape, tensor.options())}, 1);
}

}  // namespace

void make_feature_pack(const fs::path& folder, const VideoSource& videos, const std::vector<std::string>& ids,
                       const std::function<VideoFeatures(const VideoInput&)>& encode) {
  make_pack(folder, ids, "encode videos",
            [&](int64_t begin, int64_t end) { return encode(videos.load(row_range(begin, end), {})); });
}

void make_feature_pack(const fs::path& folder, const TextTable& texts, const std::vector<std::string>& ids,
                       const std::function<TextFeatures(const TextInput&)>& encode) {
  make_pack(folder, ids, "encode texts", [&](int64_t begin, int64_t end) {
    auto features = encode(texts.rows(row_range(begin, end)));
    for (auto* tensor : {&features.tokens, &features.mask})
      if (tensor->defined()) *tensor = padded_to(*tensor, texts.length());
    return features;
  });
}

FeaturePack::FeaturePack(const fs::path& folder, const std::vector<std::string>& ids) {
  for (int64_t shard = 0; shard < shard_count(ids.size()); ++shard) {
    const auto file = shard_file(folder, shard);
    shards_.push_back(std::make_unique<SafetensorsFile>(file));
    const auto& metadata = shards_.back()->metadata();
    const auto held = metadata.find("ids"), written = metadata.find("checksum");
    if (held == metadata.end() || held->second != shard_ids(ids, shard))
      throw DataError(file.string() +
                      ": holds features of other videos or texts than the corpus; remove the folder to have it made "
                      "again.");
    if (written == metadata.end() || written->second != checksum(shards_.back()->arrays()))
      throw DataError(file.string() +
                      ": is damaged, its checksum is not the one it was written with; remove it to have it made "
                      "again.");
  }
}

void FeaturePack::copy(const std::string& name, const std::vector<int64_t>& rows, torch::Tensor& tensor) const {
  if (shards_.empty() || !shards_.front()->has(name)) return;
  auto row_view = shards_.front()->at(name);
  row_view.shape.front() = 1;
  const auto bytes = static_cast<size_t>(row_view.bytes());
  auto shape = row_view.shape;
  shape.front() = static_cast<int64_t>(rows.size());
  tensor = torch::empty(shape, tensor_of(row_view).options());
  auto* place = static_cast<char*>(tensor.data_ptr());
  for (const int64_t row : rows) {
    const auto& view = shards_[static_cast<size_t>(row / kShard)]->at(name);
    std::memcpy(place, static_cast<const char*>(view.data) + static_cast<size_t>(row % kShard) * bytes, bytes);
    place += bytes;
  }
}

}  // namespace tvr
