#include "tvr/base/pickle.h"

#include "base/pickle_text.h"
#include "fuzz.h"

// Whatever is read must be safe to walk along, recursively too.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return tvr::fuzz::run(data, size, [](std::string_view bytes) {
    const auto pickle = tvr::read_pickle(bytes, "fuzz");
    tvr::test::text_of(&pickle.root());
  });
}
