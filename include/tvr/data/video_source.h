#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tvr/base/arrays.h"
#include "tvr/base/image.h"
#include "tvr/data/batch.h"
#include "tvr/data/frame_options.h"
#include "tvr/data/frame_pack.h"
#include "tvr/model/encoder.h"

namespace tvr {

/// [3,H,W] uint8 copy of an image.
torch::Tensor pixels_of(const Image& image);

/// Videos that are in memory already: [V,F,3,H,W] uint8.
class MemoryVideoSource final : public VideoSource {
 public:
  explicit MemoryVideoSource(torch::Tensor pixels) : pixels_(std::move(pixels)) {}
  int64_t size() const override { return pixels_.size(0); }
  VideoInput load(const std::vector<int64_t>& rows, const LoadKey& key) const override;

 private:
  torch::Tensor pixels_;
};

/// Memory of batches that is used again once a batch is gone: fresh memory would cost a page fault every 4 KB. Keeps as
/// many bytes as were in use at once. Thread-safe.
class BatchMemory {
 public:
  BatchMemory();
  /// A uint8 tensor whose values are not set; it may outlive this object.
  torch::Tensor take(const std::vector<int64_t>& shape) const;

 private:
  struct Spare;
  std::shared_ptr<Spare> spare_;
};

/// Frames of videos as a model sees them; where they come from is left to the derived classes. Rows are filled by all
/// processors, or by the calling thread alone inside a loader's worker.
class FrameSource : public VideoSource {
 public:
  /// `black_if_unreadable`: black frames, and one warning a video, stand in for what cannot be read.
  FrameSource(std::vector<VideoItem> videos, const VideoInputSpec& spec, const FrameOptions& options,
              bool black_if_unreadable);
  int64_t size() const override { return static_cast<int64_t>(videos_.size()); }
  VideoInput load(const std::vector<int64_t>& rows, const LoadKey& key) const override;

 protected:
  /// Where the frames of a row go: frames [0, spec.frames) of [3,S,S] bytes, and their times.
  struct Place {
    uint8_t* pixels;
    float* times;
  };
  /// Fills the first frames of a row and returns how many. Throws DataError.
  virtual int64_t fill(int64_t row, const LoadKey& key, const Place& place) const = 0;
  /// Whether anything is drawn at random for a load: if not, its result can be kept.
  bool draws(const LoadKey& key) const;
  DrawKey draw_key(int64_t row, const LoadKey& key) const { return {key.seed, key.epoch, row, key.view}; }
  int64_t frame_bytes() const { return 3 * spec_.size * spec_.size; }

  std::vector<VideoItem> videos_;
  VideoInputSpec spec_;
  FrameOptions options_;

 private:
  int64_t fill_or_black(int64_t row, const LoadKey& key, const Place& place) const;

  bool black_if_unreadable_;
  BatchMemory memory_;
  mutable std::mutex warned_mutex_;
  mutable std::set<int64_t> warned_;
};

/// Frames decoded from video files. Those of loads that draw nothing are kept up to `cache_bytes`, first come, never
/// replaced. Throws ConfigError for a video without a path that is not black. Part of builds with video support;
/// elsewhere the constructor throws ConfigError.
class FileVideoSource final : public FrameSource {
 public:
  FileVideoSource(std::vector<VideoItem> videos, const VideoInputSpec& spec, const FrameOptions& options,
                  int64_t cache_bytes, bool black_if_unreadable);

 private:
  int64_t fill(int64_t row, const LoadKey& key, const Place& place) const override;
  int64_t decode(int64_t row, const LoadKey& key, const Place& place) const;
  // Training may sample by another rule than evaluation.
  size_t slot_of(int64_t row, const LoadKey& key) const {
    return static_cast<size_t>(row) + (key.training ? videos_.size() : 0);
  }

  struct Kept {
    std::vector<uint8_t> pixels;
    std::vector<float> times;
  };
  int64_t cache_bytes_;
  mutable std::mutex mutex_;
  mutable int64_t cached_bytes_ = 0;
  mutable std::vector<std::shared_ptr<const Kept>> cache_;
};

/// Frames of a pack, sub-sampled as the settings ask: the sampling rule chooses among all frames of the video, and the
/// pack must hold those it chooses, or by loader.pack_match=nearest the ones next to them. Where it holds them, the
/// bytes are those FileVideoSource gives. Throws ConfigError if the pack's size, fit or interpolation is another one,
/// a crop is drawn and the pack is cropped, or frames are lacking.
class PackedVideoSource final : public FrameSource {
 public:
  PackedVideoSource(std::shared_ptr<const FramePack> pack, std::vector<VideoItem> videos, const VideoInputSpec& spec,
                    const FrameOptions& options, bool black_if_unreadable);

 private:
  int64_t fill(int64_t row, const LoadKey& key, const Place& place) const override;
  std::vector<int64_t> stored_frames(const PackedVideo& video, int64_t row, const LoadKey& key) const;
  int64_t stored_frame(const PackedVideo& video, int64_t index, const std::string& id) const;

  std::shared_ptr<const FramePack> pack_;
};

}  // namespace tvr
