#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tvr/base/arrays.h"
#include "tvr/data/corpus.h"
#include "tvr/data/frame_options.h"

namespace tvr {

/// What the frames of a pack are.
struct FramePackOptions {
  FrameSampling sampling;  ///< its count is the most frames of a video, at least 1
  int64_t size = 224;      ///< pixels: the short side
  std::string fit = "crop", interpolation = "bicubic";
  bool cropped = true;  ///< false keeps the long side, for random crops
};

/// One video of a pack: views into the mapped shard.
struct PackedVideo {
  const uint8_t* pixels = nullptr;   ///< [frames,3,height,width]
  const int64_t* indices = nullptr;  ///< [frames] which frames of the video they are, rising
  int64_t frames = 0, height = 0, width = 0;
  VideoTimeline timeline;  ///< of the video, not of the stored frames
};

/// Frames decoded once (`tvr data pack`): shards frames-00000.safetensors with uint8 [F,3,H,W] by video id, beside each
/// its frame indices `ID/indices` and the times of all frames of the video `ID/times`, and pack.json. Mapped; of each
/// video the checksum is compared when it is first read. Thread-safe.
class FramePack {
 public:
  /// Throws DataError if the folder is no pack, an unfinished one, or a shard is missing or malformed.
  explicit FramePack(std::filesystem::path folder);
  const FramePackOptions& options() const { return options_; }
  bool has(const std::string& id) const { return places_.count(id) > 0; }
  int64_t size() const { return static_cast<int64_t>(places_.size()); }
  std::vector<std::string> ids() const;  ///< sorted
  /// Why a video is not in the pack: the reason its maker noted, or that it was not among its videos.
  std::string reason(const std::string& id) const;
  /// Throws DataError naming shard and video if its bytes are not those that were written.
  PackedVideo at(const std::string& id) const;
  /// The same without comparing the bytes: for looking at the timeline and which frames are there.
  PackedVideo unchecked(const std::string& id) const;
  /// Reads and compares every video on all processors; throws DataError listing all that differ.
  void verify() const;

 private:
  struct Place {
    size_t shard = 0;
    std::string checksum;
    double frames_per_second = 0, stated_frames_per_second = 0;
    mutable std::once_flag verified;
  };
  const Place& place(const std::string& id) const;
  void read_index(const nlohmann::json& json, const std::filesystem::path& index);
  void read_shard(const std::filesystem::path& file);
  [[noreturn]] void fail(const std::string& id, const Place& place, const std::string& problem) const;
  std::string difference(const std::string& id, const Place& place) const;

  std::filesystem::path folder_;
  FramePackOptions options_;
  std::vector<std::unique_ptr<SafetensorsFile>> shards_;
  std::vector<std::filesystem::path> files_;
  std::map<std::string, Place> places_;
  std::map<std::string, std::string> unusable_;
};

/// What a pack will hold.
struct FramePackPlan {
  int64_t videos = 0, shards = 0, shards_done = 0;
  int64_t bytes = 0;  ///< of all pixels; for rules that may find fewer frames, and for uncropped ones, an estimate
  bool exact = true;  ///< whether `bytes` is exact
};
FramePackPlan plan_frame_pack(const std::filesystem::path& folder, const std::vector<VideoItem>& videos,
                              const FramePackOptions& options);

/// What was done about videos that cannot be decoded, and how much was new.
struct FramePackReport {
  int64_t videos = 0, bytes = 0, shards_made = 0, shards_kept = 0;
  std::vector<UnusableVideo> unusable;
};

/// Decodes each video once and writes the pack on `threads` threads (0: all processors). A shard is written whole or
/// not at all; one that is there, of the same videos and settings, is kept: after a kill the same call goes on, and the
/// finished folder is byte for byte that of an uninterrupted run. Black videos are not stored. Videos that do not
/// decode are noted in the pack; with `fail_on_unusable` the call throws DataError naming them all, after every other
/// shard has been written. Memory: one shard, about 256 MB, more for uncropped wide pictures, and a decoder a thread.
/// Throws DataError if the folder holds something else, a pack of other settings, or the disk has no room.
/// Part of builds with video support; elsewhere it throws ConfigError.
FramePackReport make_frame_pack(const std::filesystem::path& folder, const std::vector<VideoItem>& videos,
                                const FramePackOptions& options, int64_t threads, bool fail_on_unusable);

}  // namespace tvr
