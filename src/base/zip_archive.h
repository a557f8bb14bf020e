#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tvr/base/arrays.h"

namespace tvr {

/// A file in a zip file.
struct ZipMember {
  std::string name;
  uint64_t offset = 0;  ///< of its packed bytes in the file
  uint64_t packed_size = 0;
  uint64_t size = 0;
  uint32_t checksum = 0;  ///< CRC-32 of the unpacked bytes
  bool deflated = false;  ///< else stored as it is
};

/// Content of a member, valid as long as the second pointer lives.
struct ZipContent {
  std::string_view bytes;
  std::shared_ptr<const void> keeps_alive;
};

/// A zip file (also zip64) that lies in memory. Opening checks the directory: sizes, names given once, members that do
/// not share bytes (so that a small file cannot unpack to a large one again and again). Throws DataError beginning with
/// `origin` for what is damaged, encrypted, or packed by another method than deflate.
class ZipArchive {
 public:
  ZipArchive(std::shared_ptr<const MappedFile> mapping, const std::string& origin);
  const std::vector<ZipMember>& members() const { return members_; }  ///< in the order of the directory
  bool has(const std::string& name) const { return places_.count(name) > 0; }

  /// A stored member is a view into the file, its checksum is not compared: that would read a large file whole before
  /// it is needed. A deflated one is unpacked to an unlinked temporary file and checked. Throws DataError if there is
  /// no such member, if it unpacks to another size than the directory says, or if the disk is full.
  ZipContent read(const std::string& name) const;

 private:
  void add(const ZipMember& member);
  void check_ranges() const;

  std::shared_ptr<const MappedFile> mapping_;
  std::string origin_;
  std::vector<ZipMember> members_;
  std::map<std::string, size_t> places_;
};

}  // namespace tvr
