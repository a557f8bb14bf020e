#include "base/zip_directory.h"

#include <unzip.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "tvr/base/error.h"
#include "tvr/base/foreign_text.h"

namespace tvr {
namespace {

constexpr size_t kEndRecord = 22, kMaxComment = 0xFFFF;
constexpr uLong kStored = 0, kDeflated = 8, kEncrypted = 1;

/// The bytes as minizip's idea of a file, so that directory and content come from one mapping.
struct MemoryFile {
  std::string_view bytes;
  uint64_t position = 0;
  bool ran_out = false;  // minizip takes the end of the file for an error only if it is told so
};
MemoryFile& file_of(voidpf opaque) {
  return *static_cast<MemoryFile*>(opaque);
}
uLong read_memory(voidpf opaque, voidpf, void* out, uLong size) {
  auto& file = file_of(opaque);
  const auto count = std::min<uint64_t>(size, file.bytes.size() - file.position);
  std::memcpy(out, file.bytes.data() + file.position, count);
  file.position += count;
  file.ran_out = file.ran_out || count < size;
  return static_cast<uLong>(count);
}
long seek_memory(voidpf opaque, voidpf, ZPOS64_T offset, int origin) {
  auto& file = file_of(opaque);
  const uint64_t from = origin == SEEK_SET ? 0 : origin == SEEK_CUR ? file.position : file.bytes.size();
  uint64_t target = 0;
  if (__builtin_add_overflow(from, offset, &target) || target > file.bytes.size()) return -1;
  file.position = target;
  return 0;
}
zlib_filefunc64_def memory_functions(MemoryFile& file) {
  zlib_filefunc64_def functions{};
  functions.zopen64_file = [](voidpf opaque, const void*, int) { return opaque; };
  functions.zread_file = read_memory;
  functions.ztell64_file = [](voidpf opaque, voidpf) -> ZPOS64_T { return file_of(opaque).position; };
  functions.zseek64_file = seek_memory;
  functions.zclose_file = [](voidpf, voidpf) { return 0; };
  functions.zerror_file = [](voidpf opaque, voidpf) { return file_of(opaque).ran_out ? 1 : 0; };
  functions.opaque = &file;
  return functions;
}

// The last record and the comment it announces must end where the file ends; minizip does not compare that.
bool ends_with_its_record(std::string_view bytes) {
  const auto first = bytes.size() - std::min(bytes.size(), kEndRecord + kMaxComment);
  for (size_t i = bytes.size(); i-- > first;) {
    const auto record = bytes.substr(i);
    if (record.size() < kEndRecord || !record.starts_with("PK\x05\x06")) continue;
    const auto byte = [&](size_t place) { return static_cast<size_t>(static_cast<unsigned char>(record[place])); };
    if (record.size() == kEndRecord + byte(20) + (byte(21) << 8)) return true;
  }
  return false;
}

/// minizip's place in the directory.
class Directory {
 public:
  Directory(MemoryFile& file, const std::string& origin) : origin_(origin) {
    auto functions = memory_functions(file);
    if (ends_with_its_record(file.bytes)) handle_ = unzOpen2_64("", &functions);
    if (handle_ == nullptr)
      throw DataError(origin_ + ": the directory at the end of the zip file is damaged or cut off.");
  }
  ~Directory() { unzClose(handle_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  /// Goes to the first member, or to the next one; false behind the last.
  bool next() {
    const int result = started_ ? unzGoToNextFile(handle_) : unzGoToFirstFile(handle_);
    started_ = true;
    if (result == UNZ_END_OF_LIST_OF_FILE) return false;
    if (result != UNZ_OK) fail("");
    return true;
  }

  ZipMember member() {
    unz_file_info64 info{};
    if (unzGetCurrentFileInfo64(handle_, &info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK) fail("");
    std::string name(info.size_filename + 1, '\0');  // minizip ends it with a NUL
    if (unzGetCurrentFileInfo64(handle_, nullptr, name.data(), name.size(), nullptr, 0, nullptr, 0) != UNZ_OK) fail("");
    name.pop_back();
    check_method(info, name);
    return {name,
            offset_of(name),
            info.compressed_size,
            info.uncompressed_size,
            static_cast<uint32_t>(info.crc),
            info.compression_method == kDeflated};
  }

 private:
  [[noreturn]] void fail(const std::string& name) const {
    throw DataError(origin_ + ": the zip file is damaged" +
                    (name.empty() ? "." : " at its member '" + escaped(name) + "'."));
  }
  void check_method(const unz_file_info64& info, const std::string& name) const {
    const auto where = origin_ + ": member '" + escaped(name) + "'";
    if ((info.flag & kEncrypted) != 0)
      throw DataError(where + " is encrypted; unpack it and save it without a password.");
    if (info.compression_method != kStored && info.compression_method != kDeflated)
      throw DataError(where + " is packed by method " + std::to_string(info.compression_method) +
                      "; members stored or deflated can be read.");
  }
  // Where the packed bytes begin stands only in front of them; minizip compares what else stands there.
  uint64_t offset_of(const std::string& name) {
    int method = 0, level = 0;
    if (unzOpenCurrentFile2(handle_, &method, &level, 1) != UNZ_OK) fail(name);
    const uint64_t offset = unzGetCurrentFileZStreamPos64(handle_);
    unzCloseCurrentFile(handle_);
    return offset;
  }

  const std::string& origin_;
  unzFile handle_ = nullptr;
  bool started_ = false;
};

}  // namespace

std::vector<ZipMember> read_zip_directory(std::string_view bytes, const std::string& origin) {
  MemoryFile file{bytes};
  Directory directory(file, origin);
  std::vector<ZipMember> members;
  while (directory.next()) members.push_back(directory.member());
  return members;
}

}  // namespace tvr
