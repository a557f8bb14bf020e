#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tvr/data/corpus.h"
#include "tvr/video/video_probe.h"

namespace tvr {

/// "missing", "empty", "no-video-stream" …: the name of a state in reports for programs.
std::string state_name(VideoState state);

/// Why a probed video cannot be used, without its id: "is empty (0 bytes)"; "" for a usable one.
std::string sentence_of(const VideoProbe& probe);

struct SurveyOptions {
  ProbeDepth depth = ProbeDepth::kHeaders;
  int64_t threads = 0;           ///< videos at once, 0: all processors
  std::filesystem::path folder;  ///< of the videos: the results of each folder are kept in a file of their own
};

class ProbeCache;

/// Looks at videos, many at once, and keeps what it finds: in memory, and in a file below $TVR_CACHE, else
/// $XDG_CACHE_HOME/tvr, else ~/.cache/tvr, never in the corpus. A result is used again while path, size and time of
/// change (in nanoseconds) are the same, for the same FFmpeg; that of kDecode serves kHeaders too. Each result is
/// written as soon as it is known, so an interrupted survey goes on where it was; several programs may share the file.
/// Builds without video support count every file that has bytes as usable, and note it.
class VideoSurvey {
 public:
  /// A cache that cannot be read or written is a note, never an error.
  explicit VideoSurvey(SurveyOptions options);
  ~VideoSurvey();
  VideoSurvey(const VideoSurvey&) = delete;
  VideoSurvey& operator=(const VideoSurvey&) = delete;

  /// One probe a video, in order; black ones and those without a path are kMissing. `title` stands before the progress
  /// bar.
  std::vector<VideoProbe> look(const std::vector<VideoItem>& videos, const std::string& title);
  int64_t opened() const { return opened_; }  ///< files looked into by this object, the others were known
  std::vector<std::string> notes() const;     ///< about how it looked, a sentence each

 private:
  SurveyOptions options_;
  std::unique_ptr<ProbeCache> cache_;
  int64_t opened_ = 0;
};

/// "none" is no depth: throws std::invalid_argument. "headers" or "decode", as CorpusOptions::verify.
ProbeDepth depth_of(const std::string& verify);

/// Before any work with a split: looks at its videos as files.verify says ("none", or no folder of videos: not at all)
/// and applies files.missing to those that cannot be used, with the reason of each. What is wrong with usable ones
/// (cut off, frames lost) is added to split.notes, with counts. `threads` as SurveyOptions. Throws DataError by the
/// policy `fail`, or if no video is left.
void verify_videos(RetrievalSplit& split, const CorpusOptions& files, int64_t threads = 0);

}  // namespace tvr
