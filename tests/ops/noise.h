#pragma once
#include <cstdint>
#include <string>

#include "tvr/base/image.h"

namespace tvr {

/// The top byte of element i of the deterministic stream "input.pixels" (FNV-1a of the name, then splitmix64).
inline uint8_t noise(int64_t i) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : std::string("input.pixels")) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  uint64_t z = hash + static_cast<uint64_t>(i + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return static_cast<uint8_t>((z ^ (z >> 31)) >> 56);
}

inline Image noise_picture(int64_t height, int64_t width) {
  Image image{height, width, std::vector<uint8_t>(static_cast<size_t>(height * width * 3))};
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = noise(static_cast<int64_t>(i));
  return image;
}

/// sum(byte[i] * (i mod 65521 + 1)) mod 2^31
inline int64_t weighted_sum(const Image& image) {
  int64_t result = 0;
  for (size_t i = 0; i < image.pixels.size(); ++i) result += image.pixels[i] * static_cast<int64_t>(i % 65521 + 1);
  return result % (int64_t{1} << 31);
}

}  // namespace tvr
