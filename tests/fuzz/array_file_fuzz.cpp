#include "tvr/base/array_file.h"

#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return tvr::fuzz::run(data, size, [](std::string_view bytes) {
    const tvr::test::MemoryFile file(bytes);
    for (const auto& array : tvr::read_arrays(file.path())) {
      static_cast<void>(array.description());
      tvr::test::touch(array);
    }
  });
}
