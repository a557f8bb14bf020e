#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tvr/base/image.h"

namespace tvr {

/// The bytes of a JPEG file; `quality` 1 … 100. Throws std::invalid_argument for an empty image.
std::string encode_jpeg(const Image& image, int quality = 90);

/// The bytes of a PNG file. Throws std::invalid_argument for an empty image.
std::string encode_png(const Image& image);

/// The picture in the bytes of a JPEG, PNG, WebP or BMP file, of 8 bits a channel, as Pillow's convert("RGB") gives it:
/// gray is three equal channels, alpha and palettes are resolved by leaving transparency out, the orientation that
/// cameras note (EXIF) is not applied. Throws DataError beginning with `origin`: another kind, damaged, cut short, more
/// than 200 megapixels, 16 bits a channel, CMYK.
Image decode_image(std::string_view bytes, const std::string& origin);

/// The same of a file of at most 1 GiB, which the messages name.
Image read_image(const std::filesystem::path& file);

/// Images of one size side by side in rows of `columns`, without gaps; places left over in the last row are black.
/// Throws std::invalid_argument when there is no image, no column, or the sizes differ.
Image contact_sheet(const std::vector<Image>& images, int64_t columns);

}  // namespace tvr
