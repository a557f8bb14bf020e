#include "data/video_frames.h"

#include "tvr/video/video_reader.h"

namespace tvr {

SampledVideo read_sampled(const VideoItem& video, const FrameSampling& sampling, const DrawKey& key,
                          const std::function<void(const SampledVideo&, int64_t, const Image&)>& take) {
  SampledVideo sampled;
  const auto choose = [&](const VideoInfo& info) {
    sampled.timeline = {info.frames, info.times, info.frames_per_second, info.stated_frames_per_second};
    sampled.indices = sample_frames(sampling, sampled.timeline, {video.start, video.end}, key);
    return sampled.indices;
  };
  read_frames(video.path, {1, FrameCount::kByPackets}, choose,
              [&](int64_t place, const Image& image) { take(sampled, place, image); });
  return sampled;
}

}  // namespace tvr
