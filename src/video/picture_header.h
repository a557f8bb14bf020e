#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tvr {

/// What the headers of a picture file say, without decoding it. Private to src/video.
struct PictureHeader {
  int64_t height = 0, width = 0;  ///< pixels
  int bits = 8;                   ///< of a channel
  bool has_cmyk = false;          ///< a JPEG for printing
  bool is_cut_short = false;      ///< a JPEG without its end mark
};

/// Of a JPEG, PNG, WebP or BMP file, recognised by its content. Throws DataError beginning with `origin` for anything
/// else, and for a header that is damaged.
PictureHeader read_picture_header(std::string_view bytes, const std::string& origin);

}  // namespace tvr
