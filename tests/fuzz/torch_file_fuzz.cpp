#include "base/torch_file.h"

#include "base/torch_tensors.h"
#include "fuzz.h"
#include "tvr/base/pickle.h"

namespace {

constexpr int64_t kMaxStorage = 1 << 20;

// The pickle alone, with storages as large as it says.
void read_tensors(std::string_view bytes) {
  const auto pickle = tvr::read_pickle(bytes, "fuzz");
  tvr::check_torch_globals(pickle, "fuzz");
  tvr::torch_storages(pickle, "fuzz");
  for (const auto& tensor : tvr::torch_tensors(pickle, "fuzz")) {
    const int64_t size = tensor.storage.count * tensor.storage.element_size;
    if (size > kMaxStorage) continue;
    const std::string storage(static_cast<size_t>(size), '\1');
    tvr::test::touch(tvr::stored_array(tensor, storage, false, nullptr));
  }
}

void read_file(std::string_view bytes) {
  const tvr::test::MemoryFile file(bytes);
  for (const auto& array : tvr::read_torch_legacy(std::make_shared<tvr::MappedFile>(file.path()), "fuzz"))
    tvr::test::touch(array);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tvr::fuzz::run(data, size, read_tensors);
  return tvr::fuzz::run(data, size, read_file);
}
