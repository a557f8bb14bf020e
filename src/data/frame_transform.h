#pragma once
#include <cstdint>

#include "tvr/base/image.h"
#include "tvr/data/frame_options.h"
#include "tvr/ops/resize.h"

namespace tvr {

/// From a decoded frame to the bytes a model sees: resize, crop, mirror, planar. The crop and the mirror are drawn once
/// for a video, so that its frames stay aligned. One object a video and thread. Private to src/data.
class FrameTransform {
 public:
  /// `draw`: of training; nullptr cuts the centre and never mirrors.
  FrameTransform(const FrameOptions& options, int64_t size, const DrawKey* draw);

  /// Writes [3,size,size].
  void apply(const Image& frame, uint8_t* out);
  /// The resized frame as [3,H,W], uncropped: what a pack with room for random crops holds.
  Image resized(const Image& frame) const;
  /// The same from planar bytes [3,height,width] that were resized before.
  void apply_resized(const uint8_t* planes, int64_t height, int64_t width, uint8_t* out) const;

 private:
  int64_t offset(int64_t side, double share) const;
  void mirror(uint8_t* out) const;

  bool square_, random_ = false, mirror_ = false;
  Interpolation interpolation_;
  int64_t size_;
  CentreSquare centre_;
  double row_ = 0, column_ = 0;  ///< where in the margins a random crop lies, [0, 1)
};

/// [H,W,3] to [3,H,W].
void to_planes(const Image& image, uint8_t* out);

}  // namespace tvr
