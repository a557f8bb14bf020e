#include "tvr/base/checksum.h"

#include <gtest/gtest.h>

#include <string>

namespace tvr {
namespace {

std::string of(const std::string& bytes) {
  Checksum sum;
  sum.add(bytes.data(), bytes.size());
  return sum.text();
}

// The value xxHash's own documentation and Python's xxhash.xxh3_64_hexdigest("") give.
TEST(Checksum, IsXxh3) {
  EXPECT_EQ(of(""), "2d06800538d394c2");
}

TEST(Checksum, DoesNotDependOnHowBytesArrive) {
  std::string bytes;
  for (int i = 0; i < 10'000; ++i) bytes += static_cast<char>(i * 7);
  Checksum sum;
  for (size_t begin = 0; begin < bytes.size(); begin += 37)
    sum.add(bytes.data() + begin, std::min<size_t>(37, bytes.size() - begin));
  EXPECT_EQ(sum.text(), of(bytes));
}

TEST(Checksum, SeesEveryBit) {
  std::string bytes(100, 'a');
  const auto whole = of(bytes);
  for (size_t i = 0; i < bytes.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      EXPECT_NE(of(bytes), whole);
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
    }
}

}  // namespace
}  // namespace tvr
