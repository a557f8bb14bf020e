#include "tvr/base/temporary_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tvr/base/error.h"

namespace tvr {
namespace fs = std::filesystem;

TemporaryFile::TemporaryFile(const std::string& origin) : origin_(origin) {
  std::error_code error;
  folder_ = fs::temp_directory_path(error).string();
  if (error) throw DataError(origin_ + ": the folder for temporary files (TMPDIR) cannot be used: " + error.message());
  auto pattern = (fs::path(folder_) / "tvr_XXXXXX").string();
  descriptor_ = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail();
  ::unlink(pattern.c_str());
}

TemporaryFile::~TemporaryFile() {
  ::close(descriptor_);
}

void TemporaryFile::fail() const {
  throw DataError(origin_ + ": a temporary file in " + folder_ + " cannot be written: " + std::strerror(errno) +
                  "; set TMPDIR to a folder with more space.");
}

void TemporaryFile::append(const void* data, size_t size) {
  const auto* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(descriptor_, next, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail();
    next += written;
    size -= static_cast<size_t>(written);
    size_ += static_cast<size_t>(written);
  }
}

std::shared_ptr<const char> TemporaryFile::map() const {
  if (size_ == 0) return nullptr;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor_, 0);
  if (address == MAP_FAILED) fail();
  return {static_cast<const char*>(address),
          [size = size_](const char* data) { ::munmap(const_cast<char*>(data), size); }};
}

}  // namespace tvr
