#include "video/container.h"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <vector>

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kMostReads = 200'000;  // blocks: far more than any headers take

// An element of Matroska: identifier, then a size of 1 to 8 bytes whose first byte tells how many.
struct Element {
  uint64_t size = 0;
  size_t begin = 0;    ///< of its content
  bool sized = false;  ///< live recordings leave the size open
};

bool begins_with(std::string_view bytes, size_t at, std::string_view mark) {
  return at <= bytes.size() && bytes.substr(at, mark.size()) == mark;
}

Element element_at(std::string_view bytes, size_t at) {
  constexpr size_t kIdentifier = 4;
  const auto byte = [&](size_t i) { return i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0U; };
  const unsigned first = byte(at + kIdentifier);
  size_t length = 1;
  while (length < 8 && (first & (0x80U >> (length - 1))) == 0) ++length;
  uint64_t size = first & (0xFFU >> length);
  for (size_t i = 1; i < length; ++i) size = size << 8 | byte(at + kIdentifier + i);
  const uint64_t open = (uint64_t{1} << (7 * length)) - 1;
  return {size, at + kIdentifier + length, size != open};
}

int64_t stated_by_matroska(std::string_view head) {
  const auto header = element_at(head, 0);
  if (!header.sized || header.size > head.size()) return 0;
  const size_t at = header.begin + static_cast<size_t>(header.size);
  if (!begins_with(head, at, "\x18\x53\x80\x67")) return 0;
  const auto segment = element_at(head, at);
  constexpr uint64_t kAbsurd = uint64_t{1} << 50;
  return segment.sized && segment.size < kAbsurd ? static_cast<int64_t>(segment.begin + segment.size) : 0;
}

int64_t stated_by_riff(std::string_view head) {
  constexpr int64_t kOpen = 0xFFFFFFFF;
  int64_t size = 0;
  for (size_t i = 0; i < 4; ++i) size |= int64_t{static_cast<uint8_t>(head[4 + i])} << (8 * i);
  return size == 0 || size == kOpen ? 0 : size + 8;
}

}  // namespace

// By content alone: a name that ends in .mp4 does not make a video.
Container::Container(const fs::path& file) : input_(file, false, kMostReads) {}

bool Container::has_video_stream() {
  if (input_.format() == nullptr) return false;
  avformat_find_stream_info(input_.format(), nullptr);  // what it cannot read, it leaves out
  for (unsigned i = 0; i < input_.format()->nb_streams; ++i) {
    const AVStream& stream = *input_.format()->streams[i];
    const bool cover = (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
    if (stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !cover) return true;
  }
  return false;
}

double Container::duration() const {
  if (input_.format() == nullptr || input_.format()->duration <= 0) return 0;
  return static_cast<double>(input_.format()->duration) / AV_TIME_BASE;
}

AVStream* Container::stream(int index) const {
  if (input_.format() == nullptr || index < 0 || static_cast<unsigned>(index) >= input_.format()->nb_streams)
    return nullptr;
  return input_.format()->streams[index];
}

int64_t stated_bytes(const fs::path& file) {
  constexpr size_t kHead = 4096;
  std::string head(kHead, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(std::max<std::streamsize>(0, stream.gcount())));
  if (begins_with(head, 0, "\x1A\x45\xDF\xA3")) return stated_by_matroska(head);
  if (begins_with(head, 0, "RIFF") && head.size() >= 8) return stated_by_riff(head);
  return 0;
}

}  // namespace tvr
