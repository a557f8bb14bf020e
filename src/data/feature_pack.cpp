#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "tvr/base/checksum.h"
#include "tvr/base/error.h"
#include "tvr/base/progress.h"
#include "tvr/data/video_source.h"
#include "tvr/model/weights.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kShard = 256;  // videos
constexpr int64_t kBlock = 32;   // videos encoded at a time

int64_t shard_count(size_t videos) {
  return (static_cast<int64_t>(videos) + kShard - 1) / kShard;
}

fs::path shard_file(const fs::path& folder, int64_t shard) {
  return folder / fmt::format("features-{:05}.safetensors", shard);
}

std::string shard_ids(const std::vector<VideoItem>& items, int64_t shard) {
  auto ids = nlohmann::json::array();
  for (auto i = static_cast<size_t>(shard * kShard);
       i < std::min(items.size(), static_cast<size_t>((shard + 1) * kShard)); ++i)
    ids.push_back(items[i].id);
  return ids.dump();
}

// Over the arrays in the order of their names.
std::string checksum(const std::map<std::string, ArrayView>& arrays) {
  Checksum sum;
  for (const auto& [name, array] : arrays) sum.add(array.data, static_cast<size_t>(array.bytes()));
  return sum.text();
}

void save_shard(const fs::path& file, const VideoFeatures& features, const std::string& ids) {
  std::map<std::string, ArrayView> arrays;
  for (const auto& [name, tensor] : tensors_of(features)) arrays.emplace(name, array_view(tensor));
  write_safetensors(file, {arrays.begin(), arrays.end()}, {{"video_ids", ids}, {"checksum", checksum(arrays)}});
}

// What the whole pack will take, told once its first block is encoded.
void tell_size(const fs::path& folder, const VideoFeatures& block, int64_t in_block, size_t videos) {
  double bytes = 0;
  for (const auto& [name, tensor] : tensors_of(block)) bytes += static_cast<double>(tensor.nbytes());
  spdlog::info("{}: features of {} videos take about {:.1f} MB", folder.string(), videos,
               bytes / static_cast<double>(in_block) * static_cast<double>(videos) / 1e6);
}

}  // namespace

void make_feature_pack(const fs::path& folder, const VideoSource& videos, const std::vector<VideoItem>& items,
                       const std::function<VideoFeatures(const VideoInput&)>& encode) {
  const torch::NoGradGuard no_grad;
  Progress progress("encode videos", videos.size());
  for (int64_t shard = 0; shard < shard_count(items.size()); ++shard) {
    const int64_t begin = shard * kShard, end = std::min(videos.size(), begin + kShard);
    if (fs::exists(shard_file(folder, shard))) {
      progress.advance(end - begin);
      continue;
    }
    std::vector<VideoFeatures> blocks;
    for (int64_t block = begin; block < end; block += kBlock) {
      const int64_t block_end = std::min(end, block + kBlock);
      blocks.push_back(encode(videos.load(row_range(block, block_end), {})));
      if (block == 0) tell_size(folder, blocks.back(), block_end, items.size());
      progress.advance(block_end - block);
    }
    save_shard(shard_file(folder, shard), concatenate(blocks), shard_ids(items, shard));
  }
}

FeatureVideoSource::FeatureVideoSource(const fs::path& folder, const std::vector<VideoItem>& items)
    : size_(static_cast<int64_t>(items.size())) {
  for (int64_t shard = 0; shard < shard_count(items.size()); ++shard) {
    const auto file = shard_file(folder, shard);
    shards_.push_back(std::make_unique<SafetensorsFile>(file));
    const auto ids = shards_.back()->metadata().find("video_ids");
    if (ids == shards_.back()->metadata().end() || ids->second != shard_ids(items, shard))
      throw DataError(file.string() +
                      ": holds features of other videos than the corpus; remove the folder to have it made again.");
    const auto written = shards_.back()->metadata().find("checksum");
    if (written == shards_.back()->metadata().end() || written->second != checksum(shards_.back()->arrays()))
      throw DataError(file.string() +
                      ": is damaged, its checksum is not the one it was written with; remove it to have "
                      "it made again.");
  }
}

VideoInput FeatureVideoSource::load(const std::vector<int64_t>& rows, const LoadKey&) const {
  VideoInput video;
  video.cached.each([&](const std::string& name, torch::Tensor& tensor) {
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
  });
  return video;
}

}  // namespace tvr
