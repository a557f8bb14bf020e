#pragma once
#include <filesystem>

namespace tvr {

/// The folder of the files that are not part of the repository (CLIP's merges): the environment variable TVR_ASSETS
/// if it is set and not empty, else the folder given to CMake as TVR_ASSETS_DIR. Whether it exists is for its users
/// to check.
std::filesystem::path default_assets();

}  // namespace tvr
