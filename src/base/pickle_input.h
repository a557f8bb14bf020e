#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tvr {

/// The bytes of a pickle, read from front to back; every length is compared with what is left before it is believed.
class PickleInput {
 public:
  PickleInput(std::string_view bytes, const std::string& origin) : bytes_(bytes), origin_(origin) {}

  /// The next opcode; fail() names it from then on.
  uint8_t opcode();
  uint64_t unsigned_number(size_t size);  ///< little-endian, of 1 to 8 bytes
  int32_t int32();                        ///< little-endian
  double big_endian_double();
  void check_left(uint64_t size) const;            ///< fails if fewer bytes follow
  std::string_view take(uint64_t size);            ///< that many bytes
  std::string_view counted(size_t size_of_count);  ///< a count of that many bytes, then as many bytes as it says
  std::string_view line();                         ///< up to a newline, without it

  size_t size() const { return bytes_.size(); }
  size_t position() const { return position_; }
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  std::string_view bytes_;
  const std::string& origin_;
  size_t position_ = 0, opcode_position_ = 0;
};

}  // namespace tvr
