#pragma once
#include <string>
#include <string_view>

#include "tvr/base/array_file.h"

namespace tvr {

/// True if `bytes` begin as a NumPy file does.
bool is_npy(std::string_view bytes);

/// The array of a NumPy file, format 1.0 to 3.0, that lies in `bytes`; it points into them and has no name yet. Throws
/// DataError beginning with `origin` for everything but one whole array of numbers.
StoredArray read_npy(std::string_view bytes, const std::string& origin);

}  // namespace tvr
