#include "video/video_file.h"

#include "tvr/base/error.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

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

VideoFile::VideoFile(const fs::path& file) : file_(file) {
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
  input_.emplace(file_, true, 200'000 + bytes_ / 16);
  switch (input_->outcome()) {
    case GuardedInput::Outcome::kUnreadable:
      fail("cannot be read: " + input_->reason() + ".");
    case GuardedInput::Outcome::kListOfFiles:
      fail("is a list of other files (" + input_->format_name() + "), not a video; give the video itself.");
    case GuardedInput::Outcome::kUnknownFormat:
    case GuardedInput::Outcome::kUnopenable:
      fail("cannot be opened as a video (" + input_->reason() + "); check that the file is complete.");
    case GuardedInput::Outcome::kOpen:
      break;
  }
  const int code = avformat_find_stream_info(input_->format(), nullptr);
  if (code < 0) fail("its streams cannot be read (" + ffmpeg::error_text(code) + "); check that the file is complete.");
}

void VideoFile::choose_stream() {
  int64_t best = 0;
  for (unsigned i = 0; i < input_->format()->nb_streams; ++i) {
    AVStream* stream = input_->format()->streams[i];
    stream->discard = AVDISCARD_ALL;
    if (stream_score(*stream) <= best) continue;
    best = stream_score(*stream);
    stream_ = stream;
  }
  if (stream_ == nullptr) fail("has no video stream; give a file with one.");
  stream_->discard = AVDISCARD_DEFAULT;
}

double VideoFile::stated_frame_rate() const {
  const AVRational rate = av_guess_frame_rate(input_->format(), stream_, nullptr);
  return rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
}

AVPacket* VideoFile::next_packet() {
  for (;;) {
    av_packet_unref(packet_.get());
    const int code = av_read_frame(input_->format(), packet_.get());
    if (input_->exceeded() || ++packets_ > bytes_ + 1000)
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
