#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tvr/base/arrays.h"
#include "tvr/data/batch.h"
#include "tvr/model/encoder.h"
#include "tvr/video/video_reader.h"

namespace tvr {

/// [3,H,W] uint8 copy of an image.
torch::Tensor pixels_of(const Image& image);

/// Videos that are in memory already: [V,F,3,H,W] uint8.
class MemoryVideoSource final : public VideoSource {
 public:
  explicit MemoryVideoSource(torch::Tensor pixels) : pixels_(std::move(pixels)) {}
  int64_t size() const override { return pixels_.size(0); }
  VideoInput load(const std::vector<int64_t>& rows) const override;

 private:
  torch::Tensor pixels_;
};

/// Frames decoded from video files: the middles of equal segments, short side resized, centre cropped. Decoded frames
/// are kept up to `cache_bytes`, first come, never replaced. Throws ConfigError for a video without a path. Part of
/// builds with video support; elsewhere the constructor throws ConfigError.
class FileVideoSource final : public VideoSource {
 public:
  FileVideoSource(std::vector<VideoItem> videos, const VideoInputSpec& spec, int64_t cache_bytes);
  int64_t size() const override { return static_cast<int64_t>(videos_.size()); }
  VideoInput load(const std::vector<int64_t>& rows) const override;

 private:
  struct Decoded {
    torch::Tensor pixels;  ///< [F,3,H,W]
    torch::Tensor times;   ///< [F]
  };
  Decoded decode(int64_t row) const;
  Decoded fetch(int64_t row) const;

  std::vector<VideoItem> videos_;
  VideoInputSpec spec_;
  int64_t cache_bytes_;
  mutable std::mutex mutex_;
  mutable int64_t cached_bytes_ = 0;
  mutable std::vector<Decoded> cache_;
};

/// Encodes videos once and keeps the features in shards (safetensors, 256 videos each) under `folder`; a shard that is
/// there already is not made again, so a kill loses at most one. Memory: one shard. `encode` is called from this
/// thread.
void make_feature_pack(const std::filesystem::path& folder, const VideoSource& videos,
                       const std::vector<VideoItem>& items,
                       const std::function<VideoFeatures(const VideoInput&)>& encode);

/// Reads a feature pack, mapped. Throws DataError if it does not hold `items` in order.
class PackVideoSource final : public VideoSource {
 public:
  PackVideoSource(const std::filesystem::path& folder, const std::vector<VideoItem>& items);
  int64_t size() const override { return size_; }
  VideoInput load(const std::vector<int64_t>& rows) const override;

 private:
  int64_t size_;
  std::vector<std::unique_ptr<SafetensorsFile>> shards_;
};

}  // namespace tvr
