#include "base/pickle_input.h"

#include <bit>

#include "tvr/base/error.h"

namespace tvr {

void PickleInput::fail(const std::string& problem) const {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string place = "byte " + std::to_string(opcode_position_);
  if (opcode_position_ < bytes_.size()) {
    const auto code = static_cast<unsigned char>(bytes_[opcode_position_]);
    place += std::string(", opcode 0x") + kDigits[code >> 4] + kDigits[code & 15];
  }
  throw DataError(origin_ + ": the pickle in it cannot be read (" + place + "): " + problem);
}

uint8_t PickleInput::opcode() {
  opcode_position_ = position_;
  return static_cast<uint8_t>(take(1).front());
}

uint64_t PickleInput::unsigned_number(size_t size) {
  uint64_t number = 0;
  const auto bytes = take(size);
  for (size_t i = 0; i < size; ++i) number |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return number;
}

int32_t PickleInput::int32() {
  return static_cast<int32_t>(static_cast<uint32_t>(unsigned_number(4)));
}

double PickleInput::big_endian_double() {
  return std::bit_cast<double>(__builtin_bswap64(unsigned_number(8)));
}

void PickleInput::check_left(uint64_t size) const {
  if (size > bytes_.size() - position_) fail("it is cut short.");
}

std::string_view PickleInput::take(uint64_t size) {
  check_left(size);
  const auto taken = bytes_.substr(position_, size);
  position_ += size;
  return taken;
}

std::string_view PickleInput::counted(size_t size_of_count) {
  return take(unsigned_number(size_of_count));
}

std::string_view PickleInput::line() {
  const auto end = bytes_.find('\n', position_);
  if (end == std::string_view::npos) fail("it is cut short.");
  const auto taken = take(end - position_);
  ++position_;
  return taken;
}

}  // namespace tvr
