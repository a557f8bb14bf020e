#pragma once
#include <cstdint>
#include <vector>

namespace tvr {

/// One picture, RGB, 8 bits, interleaved, rows packed.
struct Image {
  int64_t height = 0, width = 0;
  std::vector<uint8_t> pixels;  ///< [height,width,3]
};

}  // namespace tvr
