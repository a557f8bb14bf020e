#pragma once
#include <filesystem>
#include <string>

#include "video/ffmpeg_raii.h"

namespace tvr {

/// A media file opened on its own: what it refers to is not opened, the number of reads and each allocation of FFmpeg
/// are bounded, so that a hostile file cannot hold it up. Private to src/video. Not thread-safe.
class GuardedInput {
 public:
  /// How far opening came: an open file has its headers read.
  enum class Outcome { kOpen, kUnreadable, kUnknownFormat, kListOfFiles, kUnopenable };

  /// Opens `file`. `by_name`: a name's extension helps to guess the format, as the ffmpeg program does; without, the
  /// content decides alone. `most_reads` bounds the blocks that are ever read.
  GuardedInput(const std::filesystem::path& file, bool by_name, int64_t most_reads);
  GuardedInput(const GuardedInput&) = delete;
  GuardedInput& operator=(const GuardedInput&) = delete;

  Outcome outcome() const { return outcome_; }
  /// Why the file is not open, in FFmpeg's words.
  const std::string& reason() const { return reason_; }
  /// "mov,mp4,m4a,3gp,3g2,mj2"; empty for an unknown format.
  std::string format_name() const { return kind_ != nullptr ? kind_->name : ""; }
  AVFormatContext* format() const { return format_.get(); }  ///< nullptr unless kOpen
  bool exceeded() const { return reads_ > most_reads_; }     ///< more reads were asked for than are allowed

 private:
  static int interrupt(void* input);  // each call of it stands for one read of a block
  Outcome open(const std::filesystem::path& file, bool by_name);
  Outcome fail(Outcome outcome, int code);

  int64_t reads_ = 0, most_reads_;
  ffmpeg::InputFile input_;  // before format_, which reads from it until it is closed
  ffmpeg::InputFormat format_;
  const AVInputFormat* kind_ = nullptr;
  std::string reason_;
  Outcome outcome_;
};

}  // namespace tvr
