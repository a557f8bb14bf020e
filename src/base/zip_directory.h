#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/zip_archive.h"

namespace tvr {

/// The members of the zip file that lies in `bytes`, as its directory lists them. Throws DataError beginning with
/// `origin` for what is damaged, encrypted or packed by an unknown method; the offsets are not compared with the size.
std::vector<ZipMember> read_zip_directory(std::string_view bytes, const std::string& origin);

}  // namespace tvr
