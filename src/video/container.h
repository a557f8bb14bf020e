#pragma once
#include <filesystem>
#include <string>

#include "video/ffmpeg_raii.h"

namespace tvr {

/// What the headers of a media file state, without any frame. Reads are bounded and no other file is opened, as in
/// Decoder. Private to src/video. Not thread-safe.
class Container {
 public:
  enum class Outcome { kOpen, kUnreadable, kUnknownFormat, kUnopenable };

  explicit Container(const std::filesystem::path& file);
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  Outcome outcome() const { return outcome_; }
  /// Why the file is not open, in FFmpeg's words.
  const std::string& reason() const { return reason_; }
  /// "mov,mp4,m4a,3gp,3g2,mj2"; empty for an unknown format.
  std::string format_name() const { return kind_ != nullptr ? kind_->name : ""; }
  /// Looks into the packets for streams that the headers do not announce.
  bool has_video_stream();
  /// Seconds; 0 if the headers do not state it.
  double duration() const;
  /// A stream of the headers, or nullptr.
  AVStream* stream(int index) const;

 private:
  static int interrupt(void* container);
  Outcome open(const std::filesystem::path& file);
  Outcome fail(Outcome outcome, int code);

  int64_t reads_ = 0;
  ffmpeg::InputFile input_;  // before format_, which reads from it until it is closed
  ffmpeg::InputFormat format_;
  const AVInputFormat* kind_ = nullptr;
  std::string reason_;
  Outcome outcome_;
};

/// How many bytes a file should have by the size in its header (AVI, Matroska, WebM); 0 where none is stated. Throws
/// nothing; an unreadable file states none.
int64_t stated_bytes(const std::filesystem::path& file);

}  // namespace tvr
