#pragma once
#include <cstdint>
#include <stdexcept>

#include "tvr/base/image.h"

namespace tvr {

constexpr int64_t kChannels = 3;

inline void check_picture(const Image& image) {
  if (image.height < 1 || image.width < 1) throw std::invalid_argument("an image is empty");
  const auto bytes = static_cast<int64_t>(image.pixels.size()), row = bytes / image.height;
  if (row * image.height != bytes || row % kChannels != 0 || row / kChannels != image.width)
    throw std::invalid_argument("an image does not hold the bytes of its height and width");
}

inline Image empty_image(int64_t height, int64_t width) {
  return {height, width, std::vector<uint8_t>(static_cast<size_t>(height * width * kChannels))};
}

}  // namespace tvr
