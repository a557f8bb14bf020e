#pragma once
#include <cstdint>
#include <vector>

// What the readers of array files share.
namespace tvr {

/// Bytes that `shape` needs with elements of `element_size` bytes, extents of 0 taken as 1; -1 if an extent is negative
/// or the product does not fit: then no later product of the shape can overflow either.
int64_t bytes_at_most(const std::vector<int64_t>& shape, int64_t element_size);

/// The product of the extents.
int64_t element_count(const std::vector<int64_t>& shape);

/// Strides in elements of an array without gaps, last (C) or first (Fortran) extent fastest.
std::vector<int64_t> c_strides(const std::vector<int64_t>& shape);
std::vector<int64_t> fortran_strides(const std::vector<int64_t>& shape);

}  // namespace tvr
