#pragma once
#include <filesystem>
#include <string>

#include "video/guarded_input.h"

namespace tvr {

/// What the headers of a media file state, without any frame. Private to src/video. Not thread-safe.
class Container {
 public:
  explicit Container(const std::filesystem::path& file);

  const GuardedInput& input() const { return input_; }
  /// Looks into the packets for streams that the headers do not announce.
  bool has_video_stream();
  /// Seconds; 0 if the headers do not state it.
  double duration() const;
  /// A stream of the headers, or nullptr.
  AVStream* stream(int index) const;

 private:
  GuardedInput input_;
};

/// How many bytes a file should have by the size in its header (AVI, Matroska, WebM); 0 where none is stated. Throws
/// nothing; an unreadable file states none.
int64_t stated_bytes(const std::filesystem::path& file);

}  // namespace tvr
