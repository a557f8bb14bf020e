#pragma once
#include <cstdint>

#include "tvr/base/image.h"

namespace tvr {

/// Kernels of Pillow's resize; both widen with the reduction, so that pictures that shrink do not alias.
enum class Interpolation { kBilinear, kBicubic };

/// Which direction is resized first; the picture in between is rounded to bytes, so the order shows in the result.
enum class PassOrder {
  kPillow,          ///< Pillow's: vertical first for pictures that lose far more height than width, else horizontal
  kHorizontalFirst  ///< always, as Pillow's older releases
};

/// Pillow's `Image.resize` of RGB bytes, byte for byte (fixed-point kernels of 22 bits, rounded after each direction;
/// the order rule is that of Pillow 13). A direction whose size does not change is not touched. Throws
/// std::invalid_argument for a size below 1 or an empty image.
Image resize(const Image& image, int64_t height, int64_t width, Interpolation interpolation = Interpolation::kBicubic,
             PassOrder order = PassOrder::kPillow);

/// The short side to `size`, the long side to size*long/short, truncated: torchvision's `Resize(size)`.
Image resize_short_side(const Image& image, int64_t size, Interpolation interpolation = Interpolation::kBicubic,
                        PassOrder order = PassOrder::kPillow);

/// The middle [height,width]; an odd margin is split by rounding half to even, as torchvision's `CenterCrop`. Throws
/// std::invalid_argument if the image is smaller.
Image centre_crop(const Image& image, int64_t height, int64_t width);

}  // namespace tvr
