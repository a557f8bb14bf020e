#include "tvr/data/video_source.h"

#include <c10/util/ParallelGuard.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstring>

#include "data/frame_transform.h"
#include "tvr/base/error.h"
#include "tvr/base/parallel.h"

namespace tvr {

torch::Tensor pixels_of(const Image& image) {
  auto pixels = torch::empty({3, image.height, image.width}, torch::kUInt8);
  to_planes(image, pixels.data_ptr<uint8_t>());
  return pixels;
}

VideoInput MemoryVideoSource::load(const std::vector<int64_t>& rows, const LoadKey&) const {
  VideoInput video;
  video.pixels = pixels_.index_select(0, torch::tensor(rows));
  video.mask = torch::ones({video.pixels.size(0), video.pixels.size(1)}, torch::kBool);
  video.times = torch::zeros({video.pixels.size(0), video.pixels.size(1)});
  return video;
}

// ---------------------------------------------------------------------------------------------------- batch memory

struct BatchMemory::Spare {
  std::mutex mutex;
  size_t bytes = 0;  // of each of `blocks`
  std::vector<std::unique_ptr<uint8_t[]>> blocks;

  std::unique_ptr<uint8_t[]> take(size_t wanted) {
    const std::lock_guard lock(mutex);
    if (wanted != bytes) {
      blocks.clear();
      bytes = wanted;
    }
    if (blocks.empty()) return std::unique_ptr<uint8_t[]>(new uint8_t[wanted]);
    auto block = std::move(blocks.back());
    blocks.pop_back();
    return block;
  }
  void give_back(std::unique_ptr<uint8_t[]> block, size_t size) {
    const std::lock_guard lock(mutex);
    if (size == bytes) blocks.push_back(std::move(block));
  }
};

BatchMemory::BatchMemory() : spare_(std::make_shared<Spare>()) {}

torch::Tensor BatchMemory::take(const std::vector<int64_t>& shape) const {
  size_t bytes = 1;
  for (const int64_t extent : shape) bytes *= static_cast<size_t>(extent);
  auto* block = spare_->take(bytes).release();
  const auto give_back = [spare = spare_, bytes](void* memory) {
    spare->give_back(std::unique_ptr<uint8_t[]>(static_cast<uint8_t*>(memory)), bytes);
  };
  return torch::from_blob(block, shape, give_back, torch::kUInt8);
}

// ---------------------------------------------------------------------------------------------------- frames

FrameSource::FrameSource(std::vector<VideoItem> videos, const VideoInputSpec& spec, const FrameOptions& options,
                         bool black_if_unreadable)
    : videos_(std::move(videos)),
      spec_(spec),
      options_(options.for_model(spec.fit, spec.interpolation)),
      black_if_unreadable_(black_if_unreadable) {}

bool FrameSource::draws(const LoadKey& key) const {
  return key.training && (is_random(options_.sampling_of(true, spec_.frames)) || options_.train_crop == "random" ||
                          options_.train_flip);
}

VideoInput FrameSource::load(const std::vector<int64_t>& rows, const LoadKey& key) const {
  const auto count = static_cast<int64_t>(rows.size());
  VideoInput video;
  video.pixels = memory_.take({count, spec_.frames, 3, spec_.size, spec_.size});
  video.mask = torch::zeros({count, spec_.frames}, torch::kBool);
  video.times = torch::zeros({count, spec_.frames});
  auto* pixels = video.pixels.data_ptr<uint8_t>();
  auto* times = video.times.data_ptr<float>();
  auto* mask = video.mask.data_ptr<bool>();
  const int64_t threads = c10::ParallelGuard::is_enabled() ? 1 : 0;
  parallel_for(count, threads, [&](int64_t i) {
    const Place place{pixels + i * spec_.frames * frame_bytes(), times + i * spec_.frames};
    const int64_t filled = fill_or_black(rows[static_cast<size_t>(i)], key, place);
    std::memset(place.pixels + filled * frame_bytes(), 0, static_cast<size_t>((spec_.frames - filled) * frame_bytes()));
    std::fill_n(mask + i * spec_.frames, filled, true);
  });
  return video;
}

int64_t FrameSource::fill_or_black(int64_t row, const LoadKey& key, const Place& place) const {
  const auto& video = videos_[static_cast<size_t>(row)];
  const auto blacken = [&] {
    std::memset(place.pixels, 0, static_cast<size_t>(spec_.frames * frame_bytes()));
    std::fill_n(place.times, spec_.frames, 0.0F);
    return spec_.frames;
  };
  if (video.black) return blacken();
  try {
    return fill(row, key, place);
  } catch (const DataError& error) {
    if (!black_if_unreadable_) throw DataError("video '" + video.id + "': " + error.what());
    const std::lock_guard lock(warned_mutex_);
    if (warned_.insert(row).second) spdlog::warn("video '{}' is replaced by black frames: {}", video.id, error.what());
    return blacken();
  }
}

// ---------------------------------------------------------------------------------------------------- packs

PackedVideoSource::PackedVideoSource(std::shared_ptr<const FramePack> pack, std::vector<VideoItem> videos,
                                     const VideoInputSpec& spec, const FrameOptions& options, bool black_if_unreadable)
    : FrameSource(std::move(videos), spec, options, black_if_unreadable), pack_(std::move(pack)) {
  const auto& made = pack_->options();
  const std::string where = "loader.pack: " + options.pack;
  if (made.size != spec.size)
    throw ConfigError(where + " holds frames of " + std::to_string(made.size) + " pixels, the model takes " +
                      std::to_string(spec.size) + "; make a pack of that size.");
  if (made.fit != options_.fit || made.interpolation != options_.interpolation)
    throw ConfigError(where + " was made with fit " + made.fit + " and interpolation " + made.interpolation +
                      ", the model and the settings want " + options_.fit + " and " + options_.interpolation + ".");
  if (made.cropped && options_.fit == "crop" && options.train_crop == "random")
    throw ConfigError(where +
                      " holds the centre crop only, loader.train_crop=random needs a pack made with --uncropped.");
  if (is_random(options.sampling_of(true, spec.frames)) && made.sampling.count <= spec.frames)
    spdlog::warn(
        "{} holds {} frames of a video and {} are drawn: next to nothing is random; make a pack with more --frames",
        where, made.sampling.count, spec.frames);
  // A frame that is lacking is told now, not in the middle of the training.
  for (int64_t row = 0; row < size(); ++row) {
    if (videos_[static_cast<size_t>(row)].black) continue;
    const auto video = pack_->unchecked(videos_[static_cast<size_t>(row)].id);
    for (const bool training : {false, true}) stored_frames(video, row, {training, 0, 0, 0});
  }
}

int64_t PackedVideoSource::stored_frame(const PackedVideo& video, int64_t index, const std::string& id) const {
  const auto* end = video.indices + video.frames;
  const auto* at = std::lower_bound(video.indices, end, index);
  if (at != end && *at == index) return at - video.indices;
  if (options_.pack_match == "exact")
    throw ConfigError(
        "loader.pack: frame " + std::to_string(index) + " of '" + id +
        "', which the sampling rule asks for, is not in " + options_.pack + " (made with sampling " +
        pack_->options().sampling.rule + ", " + std::to_string(pack_->options().sampling.count) +
        " frames); use the sampling it was made with, make one with more --frames, or take the frames next to "
        "the wanted ones by loader.pack_match=nearest.");
  if (at == end) return video.frames - 1;
  if (at == video.indices) return 0;
  return index - at[-1] <= *at - index ? at - 1 - video.indices : at - video.indices;
}

std::vector<int64_t> PackedVideoSource::stored_frames(const PackedVideo& video, int64_t row, const LoadKey& key) const {
  const auto& item = videos_[static_cast<size_t>(row)];
  auto frames = sample_frames(options_.sampling_of(key.training, spec_.frames), video.timeline, {item.start, item.end},
                              draw_key(row, key));
  for (auto& frame : frames) frame = stored_frame(video, frame, item.id);
  return frames;
}

int64_t PackedVideoSource::fill(int64_t row, const LoadKey& key, const Place& place) const {
  const auto video = pack_->at(videos_[static_cast<size_t>(row)].id);
  const auto frames = stored_frames(video, row, key);
  const auto draw = draw_key(row, key);
  const FrameTransform transform(options_, spec_.size, key.training ? &draw : nullptr);
  const int64_t stored_bytes = 3 * video.height * video.width;
  for (size_t i = 0; i < frames.size(); ++i) {
    transform.apply_resized(video.pixels + frames[i] * stored_bytes, video.height, video.width,
                            place.pixels + static_cast<int64_t>(i) * frame_bytes());
    place.times[i] = static_cast<float>(video.timeline.times[static_cast<size_t>(video.indices[frames[i]])]);
  }
  return static_cast<int64_t>(frames.size());
}

}  // namespace tvr
