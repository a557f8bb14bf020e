#include "base/npy.h"

#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return tvr::fuzz::run(data, size, [](std::string_view bytes) { tvr::test::touch(tvr::read_npy(bytes, "fuzz")); });
}
