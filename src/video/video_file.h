#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "video/ffmpeg_raii.h"
#include "video/guarded_input.h"

namespace tvr {

/// An opened file and the video stream of it that the ffmpeg program would choose; one forward pass over its packets.
/// Private to src/video and its tests. Not thread-safe.
///
/// Beyond what GuardedInput bounds, packets are bounded by the bytes of the file, and reads by a multiple of them.
class VideoFile {
 public:
  /// Throws DataError naming the file and the reason.
  explicit VideoFile(const std::filesystem::path& file);
  VideoFile(const VideoFile&) = delete;
  VideoFile& operator=(const VideoFile&) = delete;

  /// The next packet of the stream, valid until the next call; nullptr after the last. Throws DataError when the file
  /// exceeds the bounds on reading.
  AVPacket* next_packet();

  /// FFmpeg's code for why reading ended before the end of the file; 0 where it did not.
  int read_error() const { return read_error_; }

  const std::filesystem::path& path() const { return file_; }
  const AVStream& stream() const { return *stream_; }
  const char* codec_name() const { return avcodec_get_name(stream_->codecpar->codec_id); }
  double stated_frame_rate() const;  ///< as the container and the codec state it, 0 where they do not

  /// Throws DataError: the file's name, then the sentence.
  [[noreturn]] void fail(const std::string& sentence) const;

 private:
  void open_file();
  void choose_stream();

  std::filesystem::path file_;
  int64_t bytes_ = 0, packets_ = 0;
  int read_error_ = 0;
  std::optional<GuardedInput> input_;
  AVStream* stream_ = nullptr;
  ffmpeg::Packet packet_ = ffmpeg::new_packet();
};

}  // namespace tvr
