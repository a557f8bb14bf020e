#pragma once
#include <cstddef>
#include <memory>
#include <string>

namespace tvr {

/// A file without a name in the folder for temporary files: it takes what is too large for memory and is gone when the
/// last mapping of it is.
class TemporaryFile {
 public:
  /// `origin` begins the messages: whose content is unpacked. Throws DataError if no file can be made.
  explicit TemporaryFile(const std::string& origin);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  /// Throws DataError if the disk is full.
  void append(const void* data, size_t size);
  /// What was appended so far, mapped read-only; null if that is nothing.
  std::shared_ptr<const char> map() const;

 private:
  [[noreturn]] void fail() const;

  std::string origin_, folder_;
  int descriptor_ = -1;
  size_t size_ = 0;
};

}  // namespace tvr
