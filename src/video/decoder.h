#pragma once
#include <filesystem>
#include <string>

#include "video/ffmpeg_raii.h"

namespace tvr {

/// One forward pass over the video stream of a file that the ffmpeg program would choose. It gives the frames that the
/// program presents, in its order and with its native planes: frames that edit lists or the stream mark as discarded
/// are not among them. Private to src/video and its tests. Not thread-safe.
///
/// A hostile file cannot hold it up: packets are bounded by the bytes of the file, reads by a multiple of them,
/// pictures by 16384 a side and 8192 x 8192 pixels, one allocation of FFmpeg by 640 MiB; no other file is opened.
class Decoder {
 public:
  /// `threads`: of the codec, 0 for one a processor. Throws DataError naming the file and the reason.
  Decoder(const std::filesystem::path& file, int64_t threads);
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// The next frame, valid until the next call; nullptr after the last. Damaged packets are counted and passed over.
  /// Throws DataError when a frame is too large or the file exceeds the bounds on reading.
  const AVFrame* next();

  const AVStream& stream() const { return *stream_; }
  const char* codec_name() const { return avcodec_get_name(stream_->codecpar->codec_id); }
  double frame_rate() const;  ///< as the container and the codec state it, 25 where they do not
  int64_t damaged_packets() const { return damaged_; }
  /// FFmpeg's reason for the last refused packet; empty if there was none.
  const std::string& last_refusal() const { return refusal_; }

 private:
  // Each call of FFmpeg's interrupt callback stands for one read of a block.
  struct ReadLimit {
    int64_t reads = 0, most = 0;
    static int exceeded(void* limit);
  };

  void open_file();
  int open_format(const AVInputFormat* kind);  // FFmpeg's return code
  void choose_stream();
  void open_codec(int64_t threads);
  bool read_packet();  // the next one of our stream; false at the end
  void send_packet();
  bool receive_frame();
  void refuse(int code);
  [[noreturn]] void fail(const std::string& sentence) const;

  std::filesystem::path file_;
  int64_t bytes_ = 0, packets_ = 0, damaged_ = 0, refused_at_end_ = 0;
  std::string refusal_;
  ReadLimit limit_;
  ffmpeg::InputFile input_;  // before format_, which reads from it until it is closed
  ffmpeg::InputFormat format_;
  AVStream* stream_ = nullptr;
  ffmpeg::CodecContext codec_;
  ffmpeg::Packet packet_ = ffmpeg::new_packet();
  ffmpeg::Frame frame_ = ffmpeg::new_frame();
  bool receiving_ = false, draining_ = false, ended_ = false;
};

}  // namespace tvr
