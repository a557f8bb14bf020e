#pragma once
#include <bit>
#include <cstring>
#include <type_traits>

#include "tvr/base/arrays.h"

namespace tvr {

// The bits of the two 16-bit floats, as float.
struct HalfBits {
  uint16_t bits;
};
struct BrainBits {
  uint16_t bits;
};

inline float widened(BrainBits value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value.bits) << 16);
}
inline float widened(HalfBits value) {
  const uint32_t sign = static_cast<uint32_t>(value.bits & 0x8000U) << 16, rest = value.bits & 0x7FFFU;
  constexpr uint32_t kInfinity = 0x7C00;
  if (rest >= kInfinity) return std::bit_cast<float>(sign | 0x7F800000U | (rest & 0x3FFU) << 13);
  const float magnitude = std::bit_cast<float>(rest << 13) * 0x1p112F;  // the exponents' biases differ by 112
  return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
}
template <class T>
T widened(T value) {
  return value;
}

// One element at an address of any alignment.
template <class T>
T load_element(const char* place, bool swapped) {
  char bytes[sizeof(T)];
  if (swapped)
    for (size_t i = 0; i < sizeof(T); ++i) bytes[i] = place[sizeof(T) - 1 - i];
  else
    std::memcpy(bytes, place, sizeof(T));
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// Calls visit(T{}) with the type in which elements of `type` lie in files.
template <class Visit>
auto with_element(ElementType type, const Visit& visit) {
  switch (type) {
    case ElementType::kBool:
    case ElementType::kU8:
      return visit(uint8_t{});
    case ElementType::kI8:
      return visit(int8_t{});
    case ElementType::kI16:
      return visit(int16_t{});
    case ElementType::kU16:
      return visit(uint16_t{});
    case ElementType::kI32:
      return visit(int32_t{});
    case ElementType::kU32:
      return visit(uint32_t{});
    case ElementType::kI64:
      return visit(int64_t{});
    case ElementType::kU64:
      return visit(uint64_t{});
    case ElementType::kF16:
      return visit(HalfBits{});
    case ElementType::kBF16:
      return visit(BrainBits{});
    case ElementType::kF32:
      return visit(float{});
    case ElementType::kF64:
      return visit(double{});
    case ElementType::kF128:
      return visit(static_cast<long double>(0));
  }
  throw std::logic_error("an element of no type");
}

}  // namespace tvr
