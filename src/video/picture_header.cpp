#include "video/picture_header.h"

#include <cstdlib>

#include "tvr/base/error.h"

namespace tvr {
namespace {

/// Numbers at places of a file; a place behind its end is an error.
class Bytes {
 public:
  Bytes(std::string_view bytes, const std::string& origin) : bytes_(bytes), origin_(origin) {}

  size_t size() const { return bytes_.size(); }
  int64_t byte(size_t place) const {
    if (place >= bytes_.size()) throw DataError(origin_ + ": is damaged: its header is cut short.");
    return static_cast<uint8_t>(bytes_[place]);
  }
  int64_t big_endian(size_t place, size_t count) const {
    int64_t value = 0;
    for (size_t i = 0; i < count; ++i) value = value << 8 | byte(place + i);
    return value;
  }
  int64_t little_endian(size_t place, size_t count) const {
    int64_t value = 0;
    for (size_t i = count; i > 0; --i) value = value << 8 | byte(place + i - 1);
    return value;
  }
  bool has(size_t place, std::string_view text) const {
    return place <= bytes_.size() && bytes_.substr(place).starts_with(text);
  }
  /// The next `value` at or behind `place`, or the end.
  size_t find(size_t place, char value) const {
    const auto found = place < bytes_.size() ? bytes_.find(value, place) : std::string_view::npos;
    return found == std::string_view::npos ? bytes_.size() : found;
  }

 private:
  std::string_view bytes_;
  const std::string& origin_;
};

PictureHeader png_header(const Bytes& file) {
  return {file.big_endian(20, 4), file.big_endian(16, 4), static_cast<int>(file.byte(24))};
}

PictureHeader bmp_header(const Bytes& file) {
  if (file.little_endian(14, 4) == 12) return {file.little_endian(20, 2), file.little_endian(18, 2)};
  // Rows from the top down have a negative height.
  const auto height = static_cast<int32_t>(file.little_endian(22, 4));
  return {std::abs(static_cast<int64_t>(height)), file.little_endian(18, 4)};
}

PictureHeader webp_header(const Bytes& file) {
  if (file.has(12, "VP8X")) return {file.little_endian(27, 3) + 1, file.little_endian(24, 3) + 1};
  if (file.has(12, "VP8L")) {
    const int64_t sizes = file.little_endian(21, 4);
    return {(sizes >> 14 & 0x3FFF) + 1, (sizes & 0x3FFF) + 1};
  }
  return {file.little_endian(28, 2) & 0x3FFF, file.little_endian(26, 2) & 0x3FFF};
}

// Markers of JPEG (ITU T.81, table B.1).
constexpr int64_t kStartOfScan = 0xDA, kEnd = 0xD9, kFirstRestart = 0xD0, kLastRestart = 0xD7;
bool starts_frame(int64_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

// The marker behind the compressed data that begins at `place`; zeros are stuffed there, restarts belong to it.
size_t end_of_scan(const Bytes& file, size_t place) {
  for (place = file.find(place, '\xFF'); place + 1 < file.size(); place = file.find(place + 1, '\xFF')) {
    const int64_t marker = file.byte(place + 1);
    if (marker != 0 && marker != 0xFF && (marker < kFirstRestart || marker > kLastRestart)) return place;
  }
  return file.size();
}

PictureHeader jpeg_header(const Bytes& file) {
  PictureHeader header;
  header.is_cut_short = true;
  for (size_t place = 2; place + 1 < file.size();) {
    const int64_t marker = file.byte(place + 1);
    if (file.byte(place) != 0xFF || marker == 0xFF) {  // fill bytes
      ++place;
      continue;
    }
    if (marker == kEnd) {
      header.is_cut_short = false;
      break;
    }
    if (place + 3 >= file.size()) break;
    const auto length = static_cast<size_t>(file.big_endian(place + 2, 2));
    if (starts_frame(marker)) {
      header.bits = static_cast<int>(file.byte(place + 4));
      header.height = file.big_endian(place + 5, 2);
      header.width = file.big_endian(place + 7, 2);
      header.has_cmyk = file.byte(place + 9) == 4;
    }
    place += 2 + length;
    if (marker == kStartOfScan) place = end_of_scan(file, place);
  }
  return header;
}

}  // namespace

PictureHeader read_picture_header(std::string_view bytes, const std::string& origin) {
  const Bytes file(bytes, origin);
  if (file.has(0, "\xFF\xD8\xFF")) return jpeg_header(file);
  if (file.has(0, "\x89PNG\r\n\x1A\n")) return png_header(file);
  if (file.has(0, "RIFF") && file.has(8, "WEBP")) return webp_header(file);
  if (file.has(0, "BM")) return bmp_header(file);
  throw DataError(origin + ": is not a JPEG, PNG, WebP or BMP picture" +
                  (bytes.empty() ? "; the file is empty." : "; convert it to one of them."));
}

}  // namespace tvr
