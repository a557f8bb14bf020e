#pragma once
#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tvr::test {

/// A member as it is to be written; what the directory says of it can be made wrong.
struct ZipEntry {
  std::string name;
  std::string content = "";  ///< unpacked
  bool deflate = false;
  uint16_t flags = 0;
  int method = -1;         ///< instead of 0 or 8
  int64_t size_error = 0;  ///< added to the unpacked size
  uint32_t checksum_error = 0;
  int64_t packed_size_error = 0;
};

inline std::string little(uint64_t number, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(i < 8 ? number >> (8 * i) : 0);
  return bytes;
}

inline std::string deflated(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// A zip file of these members.
inline std::string zip_of(const std::vector<ZipEntry>& entries) {
  std::string file, directory;
  for (const auto& entry : entries) {
    const auto packed = entry.deflate ? deflated(entry.content) : entry.content;
    const auto checksum =
        crc32(0, reinterpret_cast<const Bytef*>(entry.content.data()), static_cast<uInt>(entry.content.size()));
    const auto method = static_cast<uint64_t>(entry.method >= 0 ? entry.method : entry.deflate ? 8 : 0);
    const auto common = little(20, 2) + little(entry.flags, 2) + little(method, 2) + little(0, 4) +
                        little(checksum ^ entry.checksum_error, 4) +
                        little(packed.size() + static_cast<uint64_t>(entry.packed_size_error), 4) +
                        little(entry.content.size() + static_cast<uint64_t>(entry.size_error), 4) +
                        little(entry.name.size(), 2) + little(0, 2);
    directory += "PK\x01\x02" + little(20, 2) + common + little(0, 2 + 2 + 2 + 4) + little(file.size(), 4) + entry.name;
    file += "PK\x03\x04" + common + entry.name + packed;
  }
  return file + directory + "PK\x05\x06" + little(0, 4) + little(entries.size(), 2) + little(entries.size(), 2) +
         little(directory.size(), 4) + little(file.size(), 4) + little(0, 2);
}

}  // namespace tvr::test
