#include "tvr/base/error.h"
#include "tvr/data/video_source.h"
#ifdef TVR_WITH_VIDEO
#include "data/frame_transform.h"
#include "data/video_frames.h"
#endif

namespace tvr {

FileVideoSource::FileVideoSource(std::vector<VideoItem> videos, const VideoInputSpec& spec, const FrameOptions& options,
                                 int64_t cache_bytes, bool black_if_unreadable)
    : FrameSource(std::move(videos), spec, options, black_if_unreadable),
      cache_bytes_(cache_bytes),
      cache_(2 * videos_.size()) {
#ifndef TVR_WITH_VIDEO
  throw ConfigError(
      "This program was built without video support (TVR_WITH_VIDEO=OFF) and cannot decode videos; use a frame pack "
      "(loader.pack) or model.video.type: cached with a feature pack.");
#endif
  for (const auto& video : videos_)
    if (video.path.empty() && !video.black)
      throw ConfigError("data.videos: the model reads videos and '" + video.id +
                        "' was not to be looked for; name the folder of the videos, or a frame pack (loader.pack).");
}

int64_t FileVideoSource::decode([[maybe_unused]] int64_t row, [[maybe_unused]] const LoadKey& key,
                                [[maybe_unused]] const Place& place) const {
#ifdef TVR_WITH_VIDEO
  const auto draw = draw_key(row, key);
  FrameTransform transform(options_, spec_.size, key.training ? &draw : nullptr);
  const auto take = [&](const SampledVideo& video, int64_t i, const Image& image) {
    transform.apply(image, place.pixels + i * frame_bytes());
    place.times[i] =
        static_cast<float>(video.timeline.times[static_cast<size_t>(video.indices[static_cast<size_t>(i)])]);
  };
  const auto sampled =
      read_sampled(videos_[static_cast<size_t>(row)], options_.sampling_of(key.training, spec_.frames), draw, take);
  return static_cast<int64_t>(sampled.indices.size());
#else
  return 0;
#endif
}

int64_t FileVideoSource::fill(int64_t row, const LoadKey& key, const Place& place) const {
  if (draws(key) || cache_bytes_ == 0) return decode(row, key, place);
  std::shared_ptr<const Kept> kept;
  {
    const std::lock_guard lock(mutex_);
    kept = cache_[slot_of(row, key)];
  }
  if (kept) {
    std::copy(kept->pixels.begin(), kept->pixels.end(), place.pixels);
    std::copy(kept->times.begin(), kept->times.end(), place.times);
    return static_cast<int64_t>(kept->times.size());
  }
  const int64_t frames = decode(row, key, place);
  const std::lock_guard lock(mutex_);
  auto& slot = cache_[slot_of(row, key)];
  if (!slot && cached_bytes_ + frames * frame_bytes() <= cache_bytes_) {
    slot = std::make_shared<Kept>(
        Kept{{place.pixels, place.pixels + frames * frame_bytes()}, {place.times, place.times + frames}});
    cached_bytes_ += frames * frame_bytes();
  }
  return frames;
}

}  // namespace tvr
