#include "tvr/text/assets.h"

#include <cstdlib>

namespace tvr {

std::filesystem::path default_assets() {
  const char* chosen = std::getenv("TVR_ASSETS");
  return chosen != nullptr && *chosen != '\0' ? chosen : TVR_ASSETS_DIR;
}

}  // namespace tvr
