#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>

#include "tvr/base/error.h"

namespace tvr::test {

/// The sentence a reader refuses with; "" if it accepts. Anything but a DataError fails the test.
inline std::string refusal_of(const std::function<void()>& read) {
  try {
    read();
  } catch (const DataError& error) {
    EXPECT_LT(std::strlen(error.what()), 1200u);
    return error.what();
  }
  return "";
}

/// Reads what is left of `whole` when it is cut at any byte: all of it must be refused.
inline void expect_refuses_cuts(const std::string& whole, const std::function<void(const std::string&)>& read) {
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(refusal_of([&] { read(whole.substr(0, size)); }), "") << "cut at byte " << size;
}

/// Reads `whole` with any single byte changed in each of three ways: it may be accepted, or refused with a sentence.
inline void expect_survives_changes(const std::string& whole, const std::function<void(const std::string&)>& read) {
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const int change : {0, 1, 2}) {
      auto damaged = whole;
      damaged[i] = change == 0 ? '\0' : change == 1 ? '\xFF' : static_cast<char>(damaged[i] ^ 0x80);
      SCOPED_TRACE("byte " + std::to_string(i));
      refusal_of([&] { read(damaged); });
    }
  }
}

}  // namespace tvr::test
