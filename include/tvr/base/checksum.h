#pragma once
#include <cstddef>
#include <memory>
#include <string>

namespace tvr {

/// A checksum against accidents (XXH3, 64 bits): as fast as memory is read. Not against forgery; sha256() is.
class Checksum {
 public:
  Checksum();
  ~Checksum();
  Checksum(const Checksum&) = delete;
  Checksum& operator=(const Checksum&) = delete;
  void add(const void* data, size_t bytes);
  /// Of everything added so far: 16 hexadecimal digits.
  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tvr
