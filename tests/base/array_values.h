#pragma once
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "tvr/base/array_file.h"

namespace tvr::test {

/// A file that the script tests/reference/array_files.py made.
inline std::filesystem::path golden(const std::string& name) {
  return std::filesystem::path(__FILE__).parent_path() / "golden" / name;
}

template <class Number>
double number_at(const char* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof(number));
  return static_cast<double>(number);
}

inline double half_at(const char* bytes, int exponent_bits) {
  const auto bits = static_cast<int>(number_at<uint16_t>(bytes));
  const int fraction_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = (bits >> fraction_bits) & ((1 << exponent_bits) - 1),
            fraction = bits & ((1 << fraction_bits) - 1);
  const double magnitude = exponent == 0 ? std::ldexp(fraction, 1 - bias - fraction_bits)
                                         : std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

/// The element at `bytes`, whose order is the machine's; no infinities in float16.
inline double element_at(ElementType type, const char* bytes) {
  switch (type) {
    case ElementType::kBool:
    case ElementType::kU8:
      return number_at<uint8_t>(bytes);
    case ElementType::kI8:
      return number_at<int8_t>(bytes);
    case ElementType::kI16:
      return number_at<int16_t>(bytes);
    case ElementType::kU16:
      return number_at<uint16_t>(bytes);
    case ElementType::kI32:
      return number_at<int32_t>(bytes);
    case ElementType::kU32:
      return number_at<uint32_t>(bytes);
    case ElementType::kI64:
      return number_at<int64_t>(bytes);
    case ElementType::kU64:
      return number_at<uint64_t>(bytes);
    case ElementType::kF16:
      return half_at(bytes, 5);
    case ElementType::kBF16:
      return half_at(bytes, 8);
    case ElementType::kF32:
      return number_at<float>(bytes);
    case ElementType::kF64:
      return number_at<double>(bytes);
    case ElementType::kF128:
      return number_at<long double>(bytes);
  }
  return std::nan("");
}

/// The elements in C order.
inline std::vector<double> values_of(const StoredArray& array) {
  const auto size = static_cast<size_t>(element_size(array.type));
  int64_t count = 1;
  for (const int64_t extent : array.shape) count *= extent;
  std::vector<double> values;
  for (int64_t k = 0; k < count; ++k) {
    int64_t rest = k, place = 0;
    for (size_t i = array.shape.size(); i-- > 0; rest /= array.shape[i])
      place += rest % array.shape[i] * array.strides[i];
    std::string bytes(array.data + place * static_cast<int64_t>(size), size);
    if (array.big_endian) bytes.assign(bytes.rbegin(), bytes.rend());
    values.push_back(element_at(array.type, bytes.data()));
  }
  return values;
}

/// begin, begin + 1, …
inline std::vector<double> counting(double begin, size_t count) {
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = begin + static_cast<double>(i);
  return values;
}

/// Reads the first and the last byte that the array can reach: a wrong one ends a sanitized test.
inline int touch(const StoredArray& array) {
  int64_t last = 0;
  for (size_t i = 0; i < array.shape.size(); ++i) {
    if (array.shape[i] == 0) return 0;
    last += (array.shape[i] - 1) * array.strides[i];
  }
  const volatile char* bytes = array.data;
  return bytes[0] + bytes[(last + 1) * element_size(array.type) - 1];
}

}  // namespace tvr::test
