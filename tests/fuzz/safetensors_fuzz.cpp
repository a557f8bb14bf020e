#include "fuzz.h"
#include "tvr/base/arrays.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return tvr::fuzz::run(data, size, [](std::string_view bytes) {
    const tvr::test::MemoryFile file(bytes);
    const tvr::SafetensorsFile source(file.path());
    for (const auto& [name, view] : source.arrays()) {
      const volatile char* first = static_cast<const char*>(view.data);
      if (view.bytes() > 0) static_cast<void>(first[0] + first[view.bytes() - 1]);
    }
  });
}
