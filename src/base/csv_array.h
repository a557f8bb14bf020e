#pragma once
#include <string>
#include <string_view>

#include "tvr/base/array_file.h"

namespace tvr {

/// The float64 array [rows, columns] of a table in text, with names of columns and rows left out. The numbers lie in an
/// unlinked temporary file. Throws DataError beginning with `origin`, with line and column, for what is no number.
StoredArray read_csv_array(std::string_view text, const std::string& origin);

}  // namespace tvr
