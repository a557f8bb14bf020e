#include "data/frame_transform.h"

#include <algorithm>
#include <cstring>

#include "tvr/base/random.h"

namespace tvr {

void to_planes(const Image& image, uint8_t* out) {
  const int64_t area = image.height * image.width;
  const uint8_t* in = image.pixels.data();
  for (int64_t i = 0; i < area; ++i) {
    out[i] = in[3 * i];
    out[area + i] = in[3 * i + 1];
    out[2 * area + i] = in[3 * i + 2];
  }
}

FrameTransform::FrameTransform(const FrameOptions& options, int64_t size, const DrawKey* draw)
    : square_(options.fit == "square"),
      interpolation_(options.interpolation == "bilinear" ? Interpolation::kBilinear : Interpolation::kBicubic),
      size_(size),
      centre_(size, interpolation_) {
  if (draw == nullptr) return;
  Random random(draw->seed, draw->view == 0 ? "crop" : "crop of view " + std::to_string(draw->view),
                static_cast<uint64_t>(draw->epoch), static_cast<uint64_t>(draw->index));
  row_ = random.uniform();
  column_ = random.uniform();
  random_ = options.train_crop == "random";
  mirror_ = random.chance(0.5) && options.train_flip;
}

// What a crop of `size_` leaves out before it.
int64_t FrameTransform::offset(int64_t side, double share) const {
  if (!random_) return crop_margin(side, size_);
  return std::min(side - size_, static_cast<int64_t>(share * static_cast<double>(side - size_ + 1)));
}

void FrameTransform::mirror(uint8_t* out) const {
  if (!mirror_) return;
  for (int64_t row = 0; row < 3 * size_; ++row) std::reverse(out + row * size_, out + (row + 1) * size_);
}

Image FrameTransform::resized(const Image& frame) const {
  return square_ ? resize(frame, size_, size_, interpolation_) : resize_short_side(frame, size_, interpolation_);
}

void FrameTransform::apply(const Image& frame, uint8_t* out) {
  if (square_ || random_) {
    const Image image = resized(frame);
    to_planes(crop(image, offset(image.height, row_), offset(image.width, column_), size_, size_), out);
  } else {
    centre_.write_planes(frame, out);
  }
  mirror(out);
}

void FrameTransform::apply_resized(const uint8_t* planes, int64_t height, int64_t width, uint8_t* out) const {
  if (height == size_ && width == size_) {
    std::memcpy(out, planes, static_cast<size_t>(3 * size_ * size_));
  } else {
    const int64_t top = offset(height, row_), left = offset(width, column_);
    for (int64_t plane = 0; plane < 3; ++plane)
      for (int64_t y = 0; y < size_; ++y)
        std::memcpy(out + (plane * size_ + y) * size_, planes + (plane * height + top + y) * width + left,
                    static_cast<size_t>(size_));
  }
  mirror(out);
}

}  // namespace tvr
