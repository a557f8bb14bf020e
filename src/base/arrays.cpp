#include "tvr/base/arrays.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

const char* npy_type(ElementType type) {
  switch (type) {
    case ElementType::kBool:
      return "|b1";
    case ElementType::kU8:
      return "|u1";
    case ElementType::kI8:
      return "|i1";
    case ElementType::kI16:
      return "<i2";
    case ElementType::kU16:
      return "<u2";
    case ElementType::kI32:
      return "<i4";
    case ElementType::kU32:
      return "<u4";
    case ElementType::kI64:
      return "<i8";
    case ElementType::kU64:
      return "<u8";
    case ElementType::kF16:
      return "<f2";
    case ElementType::kF32:
      return "<f4";
    case ElementType::kF64:
      return "<f8";
    case ElementType::kF128:
      return "<f16";
    case ElementType::kBF16:
      break;
  }
  throw std::logic_error("NumPy has no bfloat16");
}

}  // namespace

MappedFile::MappedFile(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not hang here
  if (descriptor < 0) throw DataError(file.string() + ": cannot be read: " + std::strerror(errno) + ".");
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    throw DataError(file.string() + ": is not a regular file.");
  }
  size_ = status.st_size;
  void* address =
      size_ > 0 ? ::mmap(nullptr, static_cast<size_t>(size_), PROT_READ, MAP_PRIVATE, descriptor, 0) : nullptr;
  const int failure = errno;
  ::close(descriptor);
  if (address == MAP_FAILED) throw DataError(file.string() + ": cannot be mapped: " + std::strerror(failure) + ".");
  data_ = static_cast<const char*>(address);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), static_cast<size_t>(size_));
}

void write_npy(const fs::path& file, const ArrayView& array) {
  std::vector<std::string> extents;
  for (const int64_t extent : array.shape) extents.push_back(std::to_string(extent));
  const auto shape = join(extents, ", ") + (extents.size() == 1 ? "," : "");
  std::string header =
      std::string("{'descr': '") + npy_type(array.type) + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  header.resize((10 + header.size() + 64) / 64 * 64 - 10, ' ');  // the data starts at a multiple of 64
  header.back() = '\n';
  const auto size = static_cast<uint16_t>(header.size());
  write_file_with(file, [&](const fs::path& temporary) {
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    stream.write("\x93NUMPY\x01\x00", 8);
    stream.write(reinterpret_cast<const char*>(&size), 2);
    stream.write(header.data(), static_cast<std::streamsize>(header.size()));
    stream.write(static_cast<const char*>(array.data), array.bytes());
    stream.close();
    if (!stream) throw DataError(file.string() + ": cannot be written; is the disk full?");
  });
}

}  // namespace tvr
