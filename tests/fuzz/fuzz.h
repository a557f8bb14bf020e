#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/array_values.h"
#include "memory_file.h"
#include "tvr/base/error.h"

namespace tvr::fuzz {

/// Runs one input. A DataError is an answer; anything else that is thrown ends the fuzzer, as does what the sanitizers
/// see.
template <class Read>
int run(const uint8_t* data, size_t size, Read read) {
  try {
    read(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const DataError&) {
  }
  return 0;
}

}  // namespace tvr::fuzz
