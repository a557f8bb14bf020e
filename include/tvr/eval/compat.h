#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tvr/eval/metrics.h"

namespace tvr {

/// Evaluators whose published logs are reproduced.
/// clip4clip: CLIP4Clip and what was copied from it (X-CLIP, DRL, TS2-Net, CenterCLIP, HBI, DiCoSA, Cap4Video,
/// CLIP-ViP). A square matrix: every place of equal score counts as a query of its own; queries whose own score is NaN
/// or infinite are dropped. Several captions a video: text to video by a stable sort in which a NaN is the largest,
/// with the lower median; video to text as for a square matrix of best captions. ce: collaborative-experts, MMT,
/// Frozen-in-Time, QB-Norm. Ties get their mean position, in video to text together with the video's own captions; R@1
/// counts position 0, R@K positions below K.
enum class Compat { kClip4Clip, kCe };

const std::string& compat_name(Compat compat);
/// Throws ConfigError with the valid names.
Compat parse_compat(const std::string& name);

/// What that evaluator prints of one direction.
struct CompatDirection {
  MetricValues values;             ///< R@1, R@5, R@10, R@50, MdR, MnR; empty where it prints nothing
  int64_t denominator = 0;         ///< by what it divides
  std::vector<int64_t> differing;  ///< queries (rows or columns) it treats otherwise than the strict metrics do
  std::string explanation;         ///< one sentence: where and why the numbers differ from the strict ones
};
struct CompatNumbers {
  Compat compat = Compat::kClip4Clip;
  VideoToText definition = VideoToText::kBestCaption;  ///< of video to text
  CompatDirection text_to_video, video_to_text;
};

/// Throws DataError if a text is right for several videos, which neither evaluator knows.
CompatNumbers compat_numbers(const ScoreMatrix& scores, const GroundTruth& truth, Compat compat, int64_t threads = 0);

}  // namespace tvr
