#pragma once
#include <cstdint>
#include <memory>

#include "tvr/base/image.h"

namespace tvr {

/// Kernels of Pillow's resize; both widen with the reduction, so that pictures that shrink do not alias.
enum class Interpolation { kBilinear, kBicubic };

/// Which direction is resized first; the picture in between is rounded to bytes, so the order shows in the result.
enum class PassOrder {
  kPillow,          ///< Pillow's: vertical first for pictures that lose far more height than width, else horizontal
  kHorizontalFirst  ///< always, as Pillow's older releases
};

constexpr int64_t kLargestSide = int64_t{1} << 24;  ///< of pictures that are resized and made, in pixels

/// Pillow's `Image.resize` of RGB bytes, byte for byte (fixed-point kernels of 22 bits, rounded after each direction;
/// the order rule is that of Pillow 13). A direction whose size does not change is not touched. Uses AVX2 where the
/// processor has it; the bytes are the same without. Beside the result it needs memory for the picture between the two
/// directions, at most, and about 200 bytes for each pixel of the sides of both pictures. Throws std::invalid_argument
/// for a side below 1 or above kLargestSide and for an image without the bytes of its size.
Image resize(const Image& image, int64_t height, int64_t width, Interpolation interpolation = Interpolation::kBicubic,
             PassOrder order = PassOrder::kPillow);

/// The short side to `size`, the long side to size*long/short, truncated: torchvision's `Resize(size)`.
Image resize_short_side(const Image& image, int64_t size, Interpolation interpolation = Interpolation::kBicubic,
                        PassOrder order = PassOrder::kPillow);

/// The pixels [top, top+height) x [left, left+width). Throws std::invalid_argument if they are not all inside the
/// image.
Image crop(const Image& image, int64_t top, int64_t left, int64_t height, int64_t width);

/// What the middle `inner` of `outer` pixels leaves out before it: an odd margin is split by rounding half to even, as
/// torchvision's `CenterCrop` does.
int64_t crop_margin(int64_t outer, int64_t inner);

/// The middle [height,width], behind crop_margin() of each side. Throws std::invalid_argument if the image is smaller.
Image centre_crop(const Image& image, int64_t height, int64_t width);

/// The mirror image: left and right change places.
Image flip(const Image& image);

/// What CLIP sees of a picture: the short side resized to `size`, then the middle [size,size]. Equal byte for byte to
/// centre_crop(resize_short_side(image, size), size, size), but what the crop discards is never computed. The kernels
/// of the last picture's size are kept, so use one object for a video; two threads must not use one at a time.
/// Everything throws as resize() does.
class CentreSquare {
 public:
  explicit CentreSquare(int64_t size, Interpolation interpolation = Interpolation::kBicubic,
                        PassOrder order = PassOrder::kPillow);
  ~CentreSquare();
  CentreSquare(CentreSquare&&) noexcept;
  CentreSquare& operator=(CentreSquare&&) noexcept;

  Image operator()(const Image& image);

  /// The same bytes channel by channel, [3,size,size], written to `pixels`, which has room for them.
  void write_planes(const Image& image, uint8_t* pixels);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tvr
