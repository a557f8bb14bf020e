#pragma once
#include "video/video_file.h"

namespace tvr {

/// FFmpeg's decoder for the stream of a file, opened. Pictures are bounded by 16384 a side and 8192 x 8192 pixels.
/// Private to src/video. Not thread-safe.
class Codec {
 public:
  /// `threads`: 0 for one a processor. `strict`: what is wrong in a packet is refused, not concealed. `file` must
  /// outlive it. Throws DataError naming the file and the reason.
  Codec(const VideoFile& file, int64_t threads, bool strict);
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;

  /// Takes a packet; nullptr: there are no more, hand out what is left. FFmpeg's return code.
  int send(const AVPacket* packet) { return avcodec_send_packet(codec_.get(), packet); }
  /// Fills frame(). FFmpeg's return code: AVERROR(EAGAIN) asks for packets, AVERROR_EOF tells the end. Throws DataError
  /// when the frame is too large.
  int receive();
  const AVFrame& frame() const { return *frame_; }
  /// How often the decoder complained until now, whether it refused something or not.
  int64_t complaints() const { return complaints_; }
  /// Forgets everything, after which the next packet must be one that decoding can start from.
  void restart() { avcodec_flush_buffers(codec_.get()); }

 private:
  const VideoFile& file_;
  ffmpeg::ErrorCount complaints_ = 0;  // before codec_, which points to it
  ffmpeg::CodecContext codec_;
  ffmpeg::Frame frame_ = ffmpeg::new_frame();
};

}  // namespace tvr
