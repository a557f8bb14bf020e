#include "tvr/data/video_source.h"

#include <torch/torch.h>

#include "tvr/base/error.h"
#ifdef TVR_WITH_VIDEO
#include "tvr/ops/resize.h"
#include "tvr/video/frame_sampler.h"
#endif

namespace tvr {

torch::Tensor pixels_of(const Image& image) {
  // from_blob only reads here: the permuted copy owns its memory.
  return torch::from_blob(const_cast<uint8_t*>(image.pixels.data()), {image.height, image.width, 3}, torch::kUInt8)
      .permute({2, 0, 1})
      .contiguous();
}

VideoInput MemoryVideoSource::load(const std::vector<int64_t>& rows) const {
  VideoInput video;
  video.pixels = pixels_.index_select(0, torch::tensor(rows));
  video.mask = torch::ones({video.pixels.size(0), video.pixels.size(1)}, torch::kBool);
  video.times = torch::zeros({video.pixels.size(0), video.pixels.size(1)});
  return video;
}

FileVideoSource::FileVideoSource(std::vector<VideoItem> videos, const VideoInputSpec& spec, int64_t cache_bytes)
    : videos_(std::move(videos)), spec_(spec), cache_bytes_(cache_bytes), cache_(videos_.size()) {
#ifndef TVR_WITH_VIDEO
  throw ConfigError(
      "This program was built without video support (TVR_WITH_VIDEO=OFF) and cannot decode videos; use "
      "model.video.type: cached with a feature pack.");
#endif
  for (const auto& video : videos_)
    if (video.path.empty())
      throw ConfigError("data.videos: the model reads videos and '" + video.id +
                        "' was not to be looked for; name the folder of the videos.");
}

FileVideoSource::Decoded FileVideoSource::decode([[maybe_unused]] int64_t row) const {
  Decoded decoded;
#ifdef TVR_WITH_VIDEO
  const auto reader = open_video(videos_[static_cast<size_t>(row)].path);
  const auto indices = middle_of_segments(reader->info().frames, spec_.frames);
  decoded.pixels = torch::empty({spec_.frames, 3, spec_.size, spec_.size}, torch::kUInt8);
  decoded.times = torch::empty({spec_.frames});
  reader->read(indices, [&](int64_t position, const Image& image) {
    decoded.pixels[position].copy_(
        pixels_of(centre_crop(resize_short_side(image, spec_.size), spec_.size, spec_.size)));
    decoded.times[position] = reader->info().times[static_cast<size_t>(indices[static_cast<size_t>(position)])];
  });
#endif
  return decoded;
}

FileVideoSource::Decoded FileVideoSource::fetch(int64_t row) const {
  {
    const std::lock_guard lock(mutex_);
    if (cache_[static_cast<size_t>(row)].pixels.defined()) return cache_[static_cast<size_t>(row)];
  }
  auto decoded = decode(row);
  const std::lock_guard lock(mutex_);
  auto& place = cache_[static_cast<size_t>(row)];
  const auto bytes = static_cast<int64_t>(decoded.pixels.nbytes());
  if (!place.pixels.defined() && cached_bytes_ + bytes <= cache_bytes_) {
    place = decoded;
    cached_bytes_ += bytes;
  }
  return decoded;
}

VideoInput FileVideoSource::load(const std::vector<int64_t>& rows) const {
  std::vector<torch::Tensor> pixels, times;
  for (const int64_t row : rows) {
    const auto decoded = fetch(row);
    pixels.push_back(decoded.pixels);
    times.push_back(decoded.times);
  }
  VideoInput video;
  video.pixels = torch::stack(pixels);
  video.times = torch::stack(times);
  video.mask = torch::ones({video.pixels.size(0), video.pixels.size(1)}, torch::kBool);
  return video;
}

}  // namespace tvr
