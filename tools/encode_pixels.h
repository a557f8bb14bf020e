#pragma once
#include <torch/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "encode_inputs.h"
#include "tvr/base/image.h"
#include "tvr/data/frame_sampling.h"
#include "tvr/model/tower_config.h"

namespace tvr {

/// Cuts pictures to what a tower sees, exactly as the references of its family do: the short side resized and the
/// centre cut out, or both sides resized. One object a thread.
class PixelCutter {
 public:
  explicit PixelCutter(const VisionConfig& config);
  ~PixelCutter();
  PixelCutter(const PixelCutter&) = delete;
  PixelCutter& operator=(const PixelCutter&) = delete;
  /// Writes [3,image_size,image_size] bytes, RGB. Throws DataError for a picture that is more than a thousand times as
  /// long as it is wide, or the other way round.
  void write(const Image& image, uint8_t* planes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Pictures, or sampled frames of videos, for a vision tower. N files that could be read, F frames.
struct LoadedPixels {
  torch::Tensor pixels;                                   ///< [N,F,3,S,S] uint8; pictures: F = 1
  torch::Tensor mask;                                     ///< [N,F] bool
  torch::Tensor duration;                                 ///< [N] seconds; of pictures undefined
  std::vector<std::pair<int64_t, std::string>> left_out;  ///< files that could not: their place and why
};

/// Files [begin, end), read on `threads` threads. Part of builds with video support; elsewhere they throw ConfigError.
LoadedPixels load_images(const MediaFiles& files, int64_t begin, int64_t end, const VisionConfig& config,
                         int64_t threads);
LoadedPixels load_videos(const MediaFiles& files, int64_t begin, int64_t end, const VisionConfig& config,
                         const FrameSampling& sampling, int64_t threads);

}  // namespace tvr
