#pragma once
#include <string>
#include <vector>

#include "tvr/base/image.h"

namespace tvr {

/// The bytes of a JPEG file; `quality` 1 … 100. Throws std::invalid_argument for an empty image.
std::string encode_jpeg(const Image& image, int quality = 90);

/// The bytes of a PNG file. Throws std::invalid_argument for an empty image.
std::string encode_png(const Image& image);

/// Images of one size side by side in rows of `columns`, without gaps; places left over in the last row are black.
/// Throws std::invalid_argument when there is no image, no column, or the sizes differ.
Image contact_sheet(const std::vector<Image>& images, int64_t columns);

}  // namespace tvr
