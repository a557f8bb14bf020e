#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "ops/picture.h"
#include "tvr/ops/resize.h"

namespace tvr {

Image crop(const Image& image, int64_t top, int64_t left, int64_t height, int64_t width) {
  check_picture(image);
  const bool inside = top >= 0 && left >= 0 && height >= 1 && width >= 1 && height <= image.height &&
                      width <= image.width && top <= image.height - height && left <= image.width - width;
  if (!inside) throw std::invalid_argument("a crop must lie inside its image");
  Image result = empty_image(height, width);
  for (int64_t y = 0; y < height; ++y)
    std::copy_n(image.pixels.begin() + ((top + y) * image.width + left) * kChannels, width * kChannels,
                result.pixels.begin() + y * width * kChannels);
  return result;
}

int64_t crop_margin(int64_t outer, int64_t inner) {
  return static_cast<int64_t>(std::nearbyint(static_cast<double>(outer - inner) / 2));  // half to even
}

Image centre_crop(const Image& image, int64_t height, int64_t width) {
  return crop(image, crop_margin(image.height, height), crop_margin(image.width, width), height, width);
}

Image flip(const Image& image) {
  check_picture(image);
  Image result = empty_image(image.height, image.width);
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < image.width; ++x)
      std::copy_n(image.pixels.begin() + (y * image.width + x) * kChannels, kChannels,
                  result.pixels.begin() + ((y + 1) * image.width - 1 - x) * kChannels);
  return result;
}

}  // namespace tvr
