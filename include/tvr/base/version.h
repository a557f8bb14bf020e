#pragma once
#include <string>

namespace tvr {

/// The version of the project: "0.1.0".
std::string version();

/// The git commit this program was built from: twelve hexadecimal digits, with "+changes" behind when sources
/// differed from it; "unknown" when it was built outside a git checkout (from a tarball).
std::string commit();

/// What it was built with: "g++ 12.2.0, RelWithDebInfo".
std::string compiler();

}  // namespace tvr
