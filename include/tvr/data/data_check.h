#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tvr/data/corpus.h"
#include "tvr/data/frame_sampling.h"
#include "tvr/video/video_probe.h"

namespace tvr {

/// An error stops training, a warning changes its numbers, a note is good to know.
enum class Severity { kError, kWarning, kNote };

/// One kind of oddity in a split, with everything it concerns.
struct Finding {
  struct Item {
    std::string id, detail;
  };
  Severity severity = Severity::kNote;
  std::string kind;         ///< for programs: "missing", "cut-off", "tying-captions"
  std::string sentence;     ///< "3 of 1000 videos have no file"
  std::string advice = "";  ///< what to do; "" where nothing need be done
  std::vector<Item> items = {};
};

struct SplitSize {
  int64_t videos = 0, captions = 0;
};

/// Seconds over the usable videos whose length is known.
struct DurationFacts {
  int64_t videos = 0;
  double total = 0, shortest = 0, median = 0, longest = 0;
};

/// What the sampling rule would give for the usable videos whose number of frames is known.
struct SamplingFacts {
  int64_t videos = 0;
  int64_t wanted = 0;      ///< frames a video
  int64_t fewer = 0;       ///< videos that have fewer different ones: they repeat or are padded
  int64_t single = 0;      ///< of those, videos of which one frame is seen
  bool estimated = false;  ///< some containers state no number of frames: duration times rate
};

/// Tokens of captions, start and end included as the limit includes them.
struct TokenFacts {
  int64_t limit = 0, longer = 0, median = 0, longest = 0;
};

struct SplitCheck {
  std::string name;
  std::string failure;  ///< why the split cannot be read; the rest is empty then
  std::optional<PublishedCounts> published;
  SplitSize listed, usable;
  std::optional<SplitSize> used;  ///< by the policy; none where it forbids work
  std::string order_sha256;       ///< of what is used, else of what is listed
  std::vector<Finding> findings;  ///< the worst first
  std::optional<DurationFacts> durations;
  std::optional<SamplingFacts> sampling;
  std::optional<TokenFacts> tokens;
};

/// How long an epoch's decoding takes, measured on a few videos: an estimate.
struct SpeedEstimate {
  std::string split;
  int64_t measured_videos = 0, epoch_videos = 0, threads = 0;
  double seconds_a_video = 0;  ///< opening it and reading its sampled frames, one thread
  double epoch_seconds() const {
    return seconds_a_video * static_cast<double>(epoch_videos) / static_cast<double>(threads);
  }
};

struct DataCheckOptions {
  std::vector<std::string> splits{"train", "val", "test"};
  std::string policy;  ///< about videos that cannot be used, as CorpusOptions::missing; "": as the corpus says
  std::string verify;  ///< none, headers or decode; "": as the corpus says
  int64_t threads = 0;
  FrameSampling sampling;                                  ///< of evaluation
  std::function<int64_t(const std::string&)> token_count;  ///< empty: tokens are not counted
  int64_t token_limit = 0;
  bool by_captions = false;      ///< an epoch decodes a video for each caption, not once
  int64_t loader_threads = 2;    ///< for the estimate of an epoch
  int64_t measured_videos = 16;  ///< for the same; 0: none
};

struct DataCheck {
  std::string origin;  ///< "configs/x.yaml" or the folder, set by the caller
  std::string root, videos, policy, verify;
  std::vector<SplitCheck> splits;
  std::vector<Finding> between;  ///< videos that splits share
  std::optional<SpeedEstimate> speed;
  std::vector<std::string> notes;  ///< about the check itself

  /// Why work must not begin, and what to do, in one line; "" if it may.
  std::string failure() const;
};

/// Looks at everything a training or evaluation on `corpus` would meet. Open the corpus with missing: substitute-black,
/// whatever the policy, so that a video without a file does not hide the others. A split that cannot be read is told
/// beside the others. Uses and fills the cache of VideoSurvey; progress on standard error.
DataCheck check_data(const Corpus& corpus, const DataCheckOptions& options);

/// For people: a table, then errors, warnings and notes with the first of what they concern.
std::string data_check_text(const DataCheck& check);

/// For programs: everything, as JSON.
std::string data_check_json(const DataCheck& check);

}  // namespace tvr
