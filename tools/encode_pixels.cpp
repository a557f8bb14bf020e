#include "encode_pixels.h"

#include <torch/torch.h>

#include <algorithm>
#include <functional>

#include "tvr/base/error.h"
#include "tvr/base/parallel.h"
#include "tvr/ops/resize.h"
#ifdef TVR_WITH_VIDEO
#include "tvr/video/picture.h"
#include "tvr/video/video_reader.h"
#endif

namespace tvr {
namespace {

constexpr int64_t kLongestShape = 1000;  // the resized long side of a thread would take gigabytes

void to_planes(const Image& image, uint8_t* planes) {
  const int64_t area = image.height * image.width;
  for (int64_t i = 0; i < area; ++i)
    for (int64_t channel = 0; channel < 3; ++channel)
      planes[channel * area + i] = image.pixels[static_cast<size_t>(3 * i + channel)];
}

}  // namespace

struct PixelCutter::State {
  bool is_square;
  int64_t size;
  Interpolation interpolation;
  CentreSquare centre;
};

PixelCutter::PixelCutter(const VisionConfig& config) {
  const auto kernel = config.interpolation == "bilinear" ? Interpolation::kBilinear : Interpolation::kBicubic;
  state_ = std::make_unique<State>(
      State{config.fit == "square", config.image_size, kernel, CentreSquare(config.image_size, kernel)});
}
PixelCutter::~PixelCutter() = default;

void PixelCutter::write(const Image& image, uint8_t* planes) {
  if (std::max(image.height, image.width) > kLongestShape * std::min(image.height, image.width))
    throw DataError("has " + std::to_string(image.width) + " x " + std::to_string(image.height) +
                    " pixels, which is too long and narrow to be looked at; cut it.");
  if (state_->is_square)
    to_planes(resize(image, state_->size, state_->size, state_->interpolation), planes);
  else
    state_->centre.write_planes(image, planes);
}

#ifdef TVR_WITH_VIDEO
namespace {

/// Where the frames of one file go.
struct Place {
  uint8_t* pixels;  // [F,3,S,S]
  bool* mask;       // [F]
  float* duration;
};

// Calls `fill` for every file; those for which it throws DataError are left out.
LoadedPixels load(const MediaFiles& files, int64_t begin, int64_t end, int64_t frames, int64_t size, int64_t threads,
                  const std::function<void(const std::filesystem::path&, const Place&)>& fill) {
  LoadedPixels loaded;
  const int64_t count = end - begin, bytes = frames * 3 * size * size;
  loaded.pixels = torch::zeros({count, frames, 3, size, size}, torch::kByte);
  loaded.mask = torch::zeros({count, frames}, torch::kBool);
  loaded.duration = torch::zeros({count});
  auto* pixels = loaded.pixels.data_ptr<uint8_t>();
  auto* mask = loaded.mask.data_ptr<bool>();
  auto* duration = loaded.duration.data_ptr<float>();
  std::vector<std::string> problems(static_cast<size_t>(count));
  parallel_for(count, threads, [&](int64_t i) {
    try {
      fill(files.paths[static_cast<size_t>(begin + i)], {pixels + i * bytes, mask + i * frames, duration + i});
    } catch (const DataError& error) {
      problems[static_cast<size_t>(i)] = error.what();
    }
  });
  std::vector<int64_t> readable;
  for (int64_t i = 0; i < count; ++i) {
    if (problems[static_cast<size_t>(i)].empty())
      readable.push_back(i);
    else
      loaded.left_out.emplace_back(begin + i, problems[static_cast<size_t>(i)]);
  }
  if (loaded.left_out.empty()) return loaded;
  const auto index = torch::tensor(readable, torch::kLong);
  for (auto* tensor : {&loaded.pixels, &loaded.mask, &loaded.duration}) *tensor = tensor->index_select(0, index);
  return loaded;
}

// What is wrong with a picture's shape, said with the file's name.
void write_picture(PixelCutter& cutter, const Image& image, const std::filesystem::path& file, uint8_t* planes) {
  try {
    cutter.write(image, planes);
  } catch (const DataError& error) {
    throw DataError(file.string() + ": " + error.what());
  }
}

}  // namespace

LoadedPixels load_images(const MediaFiles& files, int64_t begin, int64_t end, const VisionConfig& config,
                         int64_t threads) {
  const auto fill = [&](const std::filesystem::path& file, const Place& place) {
    PixelCutter cutter(config);
    write_picture(cutter, read_image(file), file, place.pixels);
    *place.mask = true;
  };
  auto loaded = load(files, begin, end, 1, config.image_size, threads, fill);
  loaded.duration = torch::Tensor();
  return loaded;
}

LoadedPixels load_videos(const MediaFiles& files, int64_t begin, int64_t end, const VisionConfig& config,
                         const FrameSampling& sampling, int64_t threads) {
  const int64_t frame_bytes = 3 * config.image_size * config.image_size;
  const auto fill = [&](const std::filesystem::path& file, const Place& place) {
    PixelCutter cutter(config);
    int64_t taken = 0;
    const auto choose = [&](const VideoInfo& info) {
      const VideoTimeline timeline{info.frames, info.times, info.frames_per_second, info.stated_frames_per_second};
      auto frames = sample_frames(sampling, timeline);
      taken = static_cast<int64_t>(frames.size());
      return frames;
    };
    const auto take = [&](int64_t i, const Image& image) {
      write_picture(cutter, image, file, place.pixels + i * frame_bytes);
    };
    const auto info = read_frames(file, {1, FrameCount::kByPackets}, choose, take);
    std::fill_n(place.pixels + taken * frame_bytes, (sampling.count - taken) * frame_bytes, uint8_t{0});
    std::fill_n(place.mask, taken, true);
    *place.duration = static_cast<float>(info.duration);
  };
  return load(files, begin, end, sampling.count, config.image_size, threads, fill);
}
#else
LoadedPixels load_images(const MediaFiles&, int64_t, int64_t, const VisionConfig&, int64_t) {
  throw ConfigError(
      "--images: this program was built without video support (TVR_WITH_VIDEO=OFF) and cannot read pictures.");
}

LoadedPixels load_videos(const MediaFiles&, int64_t, int64_t, const VisionConfig&, const FrameSampling&, int64_t) {
  throw ConfigError(
      "--videos: this program was built without video support (TVR_WITH_VIDEO=OFF) and cannot read videos.");
}
#endif

}  // namespace tvr
