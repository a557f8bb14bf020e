#include "video/container.h"

#include <algorithm>
#include <fstream>
#include <new>
#include <string_view>
#include <vector>

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kMostReads = 200'000;  // blocks: far more than any headers take

// The file presents itself: references to other files are not followed.
int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

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

int Container::interrupt(void* container) {
  return ++static_cast<Container*>(container)->reads_ > kMostReads ? 1 : 0;
}

Container::Container(const fs::path& file) : outcome_(open(file)) {}

Container::Outcome Container::fail(Outcome outcome, int code) {
  reason_ = ffmpeg::error_text(code);
  return outcome;
}

Container::Outcome Container::open(const fs::path& file) {
  ffmpeg::quiet_log();
  const AVIOInterruptCB callback{&Container::interrupt, this};
  AVIOContext* input = nullptr;
  int code = avio_open2(&input, ("file:" + file.string()).c_str(), AVIO_FLAG_READ, &callback, nullptr);
  if (code < 0) return fail(Outcome::kUnreadable, code);
  input_.reset(input);
  format_.reset(avformat_alloc_context());
  if (!format_) throw std::bad_alloc();
  format_->pb = input_.get();
  format_->flags |= AVFMT_FLAG_CUSTOM_IO;
  format_->interrupt_callback = callback;
  format_->io_open = refuse_to_open;
  // By content alone: a name that ends in .mp4 does not make a video.
  const int score = av_probe_input_buffer2(input_.get(), &kind_, "", nullptr, 0, 0);
  if (score < 0) return fail(Outcome::kUnknownFormat, score);
  ffmpeg::Dictionary options;
  options.set("protocol_whitelist", "none");
  AVFormatContext* format = format_.release();  // freed by avformat_open_input() when that fails
  code = avformat_open_input(&format, file.c_str(), kind_, options.address());
  format_.reset(format);
  if (code >= 0) return Outcome::kOpen;
  // Any bytes look a little like sound.
  return fail(score > AVPROBE_SCORE_RETRY ? Outcome::kUnopenable : Outcome::kUnknownFormat, code);
}

bool Container::has_video_stream() {
  if (outcome_ != Outcome::kOpen) return false;
  avformat_find_stream_info(format_.get(), nullptr);  // what it cannot read, it leaves out
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    const AVStream& stream = *format_->streams[i];
    const bool cover = (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
    if (stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !cover) return true;
  }
  return false;
}

double Container::duration() const {
  if (outcome_ != Outcome::kOpen || format_->duration <= 0) return 0;
  return static_cast<double>(format_->duration) / AV_TIME_BASE;
}

AVStream* Container::stream(int index) const {
  if (outcome_ != Outcome::kOpen || index < 0 || static_cast<unsigned>(index) >= format_->nb_streams) return nullptr;
  return format_->streams[index];
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
