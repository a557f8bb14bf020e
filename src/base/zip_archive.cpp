#include "base/zip_archive.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/zip_directory.h"
#include "tvr/base/error.h"
#include "tvr/base/foreign_text.h"
#include "tvr/base/temporary_file.h"

namespace tvr {
namespace {

constexpr size_t kBlock = 1 << 16;
constexpr uint64_t kMaxInput = 1 << 30;  // zlib counts in 32 bits
constexpr uint64_t kMaxRatio = 1032;     // deflate packs 258 bytes into two bits at best

/// Unpacks one member; minizip could too, but ends in silence where the directory says a member ends.
class Inflater {
 public:
  Inflater(const ZipMember& member, std::string_view packed, const std::string& where)
      : member_(member), packed_(packed), where_(where) {
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  void run(TemporaryFile& out) {
    uint64_t size = 0;
    uLong checksum = crc32(0, nullptr, 0);
    for (int result = Z_OK; result != Z_STREAM_END;) {
      result = inflate_block();
      const size_t count = block_.size() - stream_.avail_out;
      size += count;
      if ((result != Z_OK && result != Z_STREAM_END) || size > member_.size) fail();
      checksum = crc32(checksum, block_.data(), static_cast<uInt>(count));
      out.append(block_.data(), count);
    }
    if (size != member_.size || stream_.avail_in > 0 || !packed_.empty() || checksum != member_.checksum) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw DataError(where_ + " is damaged: its bytes do not unpack to the " + std::to_string(member_.size) +
                    " bytes and the checksum that the zip file's directory gives.");
  }
  int inflate_block() {
    if (stream_.avail_in == 0) {
      const auto count = std::min<uint64_t>(packed_.size(), kMaxInput);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed_.data()));
      stream_.avail_in = static_cast<uInt>(count);
      packed_.remove_prefix(count);
    }
    stream_.next_out = block_.data();
    stream_.avail_out = static_cast<uInt>(block_.size());
    return inflate(&stream_, Z_NO_FLUSH);
  }

  const ZipMember& member_;
  std::string_view packed_;
  const std::string& where_;
  z_stream stream_{};
  std::array<Bytef, kBlock> block_;
};

}  // namespace

ZipArchive::ZipArchive(std::shared_ptr<const MappedFile> mapping, const std::string& origin)
    : mapping_(std::move(mapping)), origin_(origin) {
  for (const auto& member : read_zip_directory({mapping_->data(), static_cast<size_t>(mapping_->size())}, origin_))
    add(member);
  check_ranges();
}

void ZipArchive::add(const ZipMember& member) {
  const auto where = origin_ + ": member '" + escaped(member.name) + "'";
  const auto size = static_cast<uint64_t>(mapping_->size());
  if (member.offset > size || member.packed_size > size - member.offset)
    throw DataError(where + " reaches beyond the end of the file, which is cut short or damaged.");
  if (member.deflated ? member.size / kMaxRatio > member.packed_size : member.size != member.packed_size)
    throw DataError(where + " claims to unpack to " + std::to_string(member.size) + " bytes from " +
                    std::to_string(member.packed_size) + ", which is impossible.");
  if (!places_.emplace(member.name, members_.size()).second) throw DataError(where + " is there twice.");
  members_.push_back(member);
}

void ZipArchive::check_ranges() const {
  auto sorted = members_;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.offset < b.offset; });
  for (size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i - 1].offset + sorted[i - 1].packed_size > sorted[i].offset)
      throw DataError(origin_ + ": the members '" + escaped(sorted[i - 1].name) + "' and '" + escaped(sorted[i].name) +
                      "' of the zip file share bytes; the file is damaged or malicious.");
}

ZipContent ZipArchive::read(const std::string& name) const {
  const auto place = places_.find(name);
  if (place == places_.end()) throw DataError(origin_ + ": holds no member '" + escaped(name) + "'.");
  const auto& member = members_[place->second];
  const std::string_view packed(mapping_->data() + member.offset, member.packed_size);
  if (!member.deflated) return {packed, mapping_};
  const auto where = origin_ + ": member '" + escaped(name) + "'";
  TemporaryFile out(where);
  Inflater(member, packed, where).run(out);
  const auto unpacked = out.map();
  return {{unpacked.get(), member.size}, unpacked};
}

}  // namespace tvr
