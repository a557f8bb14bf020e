#include "base/array_layout.h"

#include <algorithm>
#include <string>

#include "tvr/base/names.h"

namespace tvr {

int64_t bytes_at_most(const std::vector<int64_t>& shape, int64_t element_size) {
  int64_t bytes = element_size;
  for (const int64_t extent : shape)
    if (extent < 0 || __builtin_mul_overflow(bytes, std::max<int64_t>(extent, 1), &bytes)) return -1;
  return bytes;
}

int64_t element_count(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  return count;
}

std::vector<int64_t> c_strides(const std::vector<int64_t>& shape) {
  auto reversed = fortran_strides({shape.rbegin(), shape.rend()});
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

std::vector<int64_t> fortran_strides(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides;
  int64_t step = 1;
  for (const int64_t extent : shape) {
    strides.push_back(step);
    step *= std::max<int64_t>(extent, 1);
  }
  return strides;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::vector<std::string> extents;
  for (const int64_t extent : shape) extents.push_back(std::to_string(extent));
  return "[" + join(extents, ", ") + "]";
}

}  // namespace tvr
