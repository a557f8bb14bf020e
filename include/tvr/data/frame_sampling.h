#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace tvr {

/// What a sampling rule needs to know of a video.
struct VideoTimeline {
  int64_t frames = 0;                   ///< N >= 1
  std::vector<double> times;            ///< [N] seconds, the first 0, never falling
  double frames_per_second = 0;         ///< average of the presented frames; 0 for a single one
  double stated_frames_per_second = 0;  ///< what the container says
};

/// Which frames of a video a model sees. N is the number of frames inside the window, n = count, indices count from the
/// window's first frame. The rules and where they come from:
///
///   middle     middle frame of n equal segments, floor((2i+1) N / 2n) (TSN; CenterCLIP's evaluation)
///   xpool      segment bounds trunc(i N / n), of each the frame (a + b - 1) div 2; a video of fewer than n frames
///   gives
///              all and repeats its last one (X-Pool, T-MASS, Frozen in Time, UMT in evaluation)
///   random     one frame of each of xpool's segments, uniformly (their training)
///   uniform    trunc(linspace(0, N - 1, n)): first and last frame included (CLIP-ViP)
///   clip4clip  `fps` frames of every second of int(stated fps) frames, the last second included if it exists; of more
///              than n, `selection` (CLIP4Clip, X-CLIP, TS2-Net: their RawVideoExtractorCV2)
///   drl        every round(average fps / `fps`)-th frame; of more than n, `selection` (DRL, HBI, DiCoSA with decord)
///   fps        the frames on screen at `fps` equal moments a second, by presentation time; of more than n, `selection`
///
/// The last three give fewer than n frames of short videos: those are padded and masked. The window takes frames whose
/// time lies in [start, end], at least one; clip4clip and drl turn its borders into frames by their rates, as their
/// authors do. All linspaces are computed in double, as NumPy's: exact integers would give other frames for n = 64.
struct FrameSampling {
  std::string rule = "middle";
  int64_t count = 12;  ///< n >= 1; 0: as many as the rule finds (clip4clip, drl, fps)
  double fps = 1;
  std::string selection = "uniform";  ///< uniform (trunc(linspace)), head or tail
  bool operator==(const FrameSampling&) const = default;
};

inline const std::vector<std::string> kFrameRules{"middle", "xpool", "random", "uniform", "clip4clip", "drl", "fps"};
inline const std::vector<std::string> kFrameSelections{"uniform", "head", "tail"};

/// Part of a video, in seconds from its first frame.
struct TimeWindow {
  double start = 0, end = std::numeric_limits<double>::infinity();
};

/// What a random draw depends on, and nothing else. View 0 and view 1 of the same video draw independently.
struct DrawKey {
  uint64_t seed = 0;
  int64_t epoch = 0, index = 0, view = 0;
};

/// True for rules that draw: the others ignore the key.
bool is_random(const FrameSampling& sampling);

/// True for rules that can give fewer than `count` frames.
bool may_be_short(const FrameSampling& sampling);

/// Indices of frames in [0, N), never falling, at least one, at most `count`. Throws std::invalid_argument for an
/// unknown rule or selection, a count below 1 where the rule needs one, an fps that is not above 0, a video without
/// frames.
std::vector<int64_t> sample_frames(const FrameSampling& sampling, const VideoTimeline& video,
                                   const TimeWindow& window = {}, const DrawKey& key = {});

/// NumPy's linspace(0, last, count) truncated to integers: `count` numbers from 0 to `last`.
std::vector<int64_t> truncated_linspace(int64_t last, int64_t count);

/// The frame on screen at `time`: the last one that starts at or before it; the first one for times before it.
int64_t frame_at(const std::vector<double>& times, double time);

}  // namespace tvr
