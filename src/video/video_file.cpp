#include "video/video_file.h"

extern "C" {
#include <libavutil/mem.h>
}

#include <mutex>
#include <string_view>

#include "tvr/base/error.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr size_t kLargestAllocation = size_t{640} << 20;  // the largest area at 8 bytes a pixel, and a margin

// A file presents its frames by itself: lists and references must not reach other files or the network.
int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

bool is_list_of_files(const AVInputFormat& format) {
  const std::string_view name = format.name;
  return name == "concat" || name == "dash" || name == "hls" || name == "imf" || name == "sdp";
}

// The score by which the ffmpeg program picks one of several video streams: largest picture, default ones first, covers
// last.
int64_t stream_score(const AVStream& stream) {
  if (stream.codecpar->codec_type != AVMEDIA_TYPE_VIDEO) return 0;
  if ((stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) return 1;
  int64_t score = int64_t{stream.codecpar->width} * stream.codecpar->height;
  if ((stream.event_flags & AVSTREAM_EVENT_FLAG_NEW_PACKETS) != 0) score += 100'000'000;
  if ((stream.disposition & AV_DISPOSITION_DEFAULT) != 0) score += 5'000'000;
  return score;
}

}  // namespace

int VideoFile::ReadLimit::exceeded(void* limit) {
  auto* self = static_cast<ReadLimit*>(limit);
  return ++self->reads > self->most ? 1 : 0;
}

VideoFile::VideoFile(const fs::path& file) : file_(file) {
  ffmpeg::quiet_log();
  static std::once_flag once;
  std::call_once(once, [] { av_max_alloc(kLargestAllocation); });
  open_file();
  choose_stream();
}

void VideoFile::fail(const std::string& sentence) const {
  throw DataError(file_.string() + ": " + sentence);
}

void VideoFile::open_file() {
  std::error_code error;
  const auto status = fs::status(file_, error);
  if (!fs::exists(status)) fail("there is no such file.");
  if (!fs::is_regular_file(status)) fail("is not a regular file; give a video file.");
  bytes_ = static_cast<int64_t>(fs::file_size(file_, error));
  limit_.most = 200'000 + bytes_ / 16;

  const AVIOInterruptCB interrupt{&ReadLimit::exceeded, &limit_};
  AVIOContext* input = nullptr;
  int code = avio_open2(&input, ("file:" + file_.string()).c_str(), AVIO_FLAG_READ, &interrupt, nullptr);
  if (code < 0) fail("cannot be read: " + ffmpeg::error_text(code) + ".");
  input_.reset(input);

  format_.reset(avformat_alloc_context());
  if (!format_) throw std::bad_alloc();
  format_->pb = input_.get();
  format_->flags |= AVFMT_FLAG_CUSTOM_IO;
  format_->interrupt_callback = interrupt;
  format_->io_open = refuse_to_open;
  const AVInputFormat* kind = nullptr;
  code = av_probe_input_buffer2(input_.get(), &kind, file_.c_str(), format_.get(), 0, 0);
  if (code >= 0 && is_list_of_files(*kind))
    fail("is a list of other files (" + std::string(kind->name) + "), not a video; give the video itself.");
  if (code >= 0) code = open_format(kind);
  if (code < 0)
    fail("cannot be opened as a video (" + ffmpeg::error_text(code) + "); check that the file is complete.");
  code = avformat_find_stream_info(format_.get(), nullptr);
  if (code < 0) fail("its streams cannot be read (" + ffmpeg::error_text(code) + "); check that the file is complete.");
}

int VideoFile::open_format(const AVInputFormat* kind) {
  ffmpeg::Dictionary options;
  options.set("scan_all_pmts", "1");            // as the program does, for transport streams
  options.set("protocol_whitelist", "none");    // for what a file refers to; the file itself is open
  AVFormatContext* format = format_.release();  // freed by avformat_open_input() when that fails
  const int code = avformat_open_input(&format, file_.c_str(), kind, options.address());
  format_.reset(format);
  return code;
}

void VideoFile::choose_stream() {
  int64_t best = 0;
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    AVStream* stream = format_->streams[i];
    stream->discard = AVDISCARD_ALL;
    if (stream_score(*stream) <= best) continue;
    best = stream_score(*stream);
    stream_ = stream;
  }
  if (stream_ == nullptr) fail("has no video stream; give a file with one.");
  stream_->discard = AVDISCARD_DEFAULT;
}

double VideoFile::stated_frame_rate() const {
  const AVRational rate = av_guess_frame_rate(format_.get(), stream_, nullptr);
  return rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
}

AVPacket* VideoFile::next_packet() {
  for (;;) {
    av_packet_unref(packet_.get());
    const int code = av_read_frame(format_.get(), packet_.get());
    if (limit_.reads > limit_.most || ++packets_ > bytes_ + 1000)
      fail("is contradictory: reading it would take far more packets than it has room for; repair or remove it.");
    if (code == AVERROR(EAGAIN)) continue;
    if (code < 0) {
      if (code != AVERROR_EOF) read_error_ = code;
      return nullptr;
    }
    // An empty packet would end the stream for the decoder; the program passes over it as well.
    if (packet_->stream_index == stream_->index && packet_->size > 0) return packet_.get();
  }
}

}  // namespace tvr
