#include "base/zip_archive.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return tvr::fuzz::run(data, size, [](std::string_view bytes) {
    const tvr::test::MemoryFile file(bytes);
    const tvr::ZipArchive archive(std::make_shared<tvr::MappedFile>(file.path()), "fuzz");
    for (const auto& member : archive.members()) {
      const auto content = archive.read(member.name).bytes;
      if (content.size() != member.size) __builtin_trap();
    }
  });
}
