#include "base/csv_array.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return tvr::fuzz::run(data, size, [](std::string_view text) { tvr::test::touch(tvr::read_csv_array(text, "fuzz")); });
}
