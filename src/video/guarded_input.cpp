#include "video/guarded_input.h"

extern "C" {
#include <libavutil/mem.h>
}

#include <mutex>
#include <new>
#include <string_view>

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr size_t kLargestAllocation = size_t{640} << 20;  // the largest area at 8 bytes a pixel, and a margin

// A file presents itself: lists and references must not reach other files or the network.
int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

bool is_list_of_files(const AVInputFormat& format) {
  const std::string_view name = format.name;
  return name == "concat" || name == "dash" || name == "hls" || name == "imf" || name == "sdp";
}

}  // namespace

int GuardedInput::interrupt(void* input) {
  auto* self = static_cast<GuardedInput*>(input);
  return ++self->reads_ > self->most_reads_ ? 1 : 0;
}

GuardedInput::GuardedInput(const fs::path& file, bool by_name, int64_t most_reads)
    : most_reads_(most_reads), outcome_(open(file, by_name)) {}

GuardedInput::Outcome GuardedInput::fail(Outcome outcome, int code) {
  reason_ = ffmpeg::error_text(code);
  format_.reset();
  return outcome;
}

GuardedInput::Outcome GuardedInput::open(const fs::path& file, bool by_name) {
  ffmpeg::quiet_log();
  static std::once_flag once;
  std::call_once(once, [] { av_max_alloc(kLargestAllocation); });
  const AVIOInterruptCB callback{&GuardedInput::interrupt, this};
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
  const int score = av_probe_input_buffer2(input_.get(), &kind_, by_name ? file.c_str() : "", format_.get(), 0, 0);
  if (score < 0) return fail(Outcome::kUnknownFormat, score);
  if (is_list_of_files(*kind_)) return fail(Outcome::kListOfFiles, AVERROR(EPERM));
  ffmpeg::Dictionary options;
  options.set("scan_all_pmts", "1");            // as the program does, for transport streams
  options.set("protocol_whitelist", "none");    // for what the file refers to; the file itself is open
  AVFormatContext* format = format_.release();  // freed by avformat_open_input() when that fails
  code = avformat_open_input(&format, file.c_str(), kind_, options.address());
  format_.reset(format);
  if (code >= 0) return Outcome::kOpen;
  // Any bytes look a little like sound.
  return fail(score > AVPROBE_SCORE_RETRY ? Outcome::kUnopenable : Outcome::kUnknownFormat, code);
}

}  // namespace tvr
