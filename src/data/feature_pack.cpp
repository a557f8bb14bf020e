#include <fmt/format.h>
#include <torch/torch.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "tvr/base/error.h"
#include "tvr/base/parallel.h"
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

VideoInput load_in_parallel(const VideoSource& videos, int64_t begin, int64_t end) {
  std::vector<VideoInput> loaded(static_cast<size_t>(end - begin));
  parallel_for(end - begin, 0, [&](int64_t i) { loaded[static_cast<size_t>(i)] = videos.load({begin + i}); });
  std::vector<torch::Tensor> pixels, masks, times;
  for (auto& video : loaded) {
    pixels.push_back(video.pixels);
    masks.push_back(video.mask);
    times.push_back(video.times);
  }
  VideoInput block;
  block.pixels = torch::cat(pixels);
  block.mask = torch::cat(masks);
  block.times = torch::cat(times);
  return block;
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
      blocks.push_back(encode(load_in_parallel(videos, block, block_end)));
      progress.advance(block_end - block);
    }
    save_tensors(shard_file(folder, shard), tensors_of(concatenate(blocks)), {{"video_ids", shard_ids(items, shard)}});
  }
}

PackVideoSource::PackVideoSource(const fs::path& folder, const std::vector<VideoItem>& items)
    : size_(static_cast<int64_t>(items.size())) {
  for (int64_t shard = 0; shard < shard_count(items.size()); ++shard) {
    const auto file = shard_file(folder, shard);
    shards_.push_back(std::make_unique<SafetensorsFile>(file));
    const auto ids = shards_.back()->metadata().find("video_ids");
    if (ids == shards_.back()->metadata().end() || ids->second != shard_ids(items, shard))
      throw DataError(file.string() +
                      ": holds features of other videos than the corpus; remove the folder to have it made again.");
  }
}

VideoInput PackVideoSource::load(const std::vector<int64_t>& rows) const {
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
