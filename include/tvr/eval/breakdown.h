#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tvr/eval/metrics.h"
#include "tvr/eval/statistics.h"

namespace tvr {

/// Of the queries whose video has exactly one twin (another video of its cluster), the share that
/// scores its own video above the twin. Ties and NaN count as wrong. A random order gives 50.
struct TwinAccuracy {
  double accuracy = 0;  ///< percent
  int64_t queries = 0;  ///< the denominator: queries that have a twin
  std::optional<Interval> ci95;
};
inline constexpr double kRandomTwinAccuracy = 50;

/// The verdict of every text: 1 above its twin, 0 not above, -1 its video has no twin.
/// `cluster_of_video` [V] holds numbers. Of several right videos the first counts. Throws DataError for sizes that
/// disagree.
std::vector<int8_t> twin_verdicts(const ScoreMatrix& scores, const GroundTruth& truth,
                                  const std::vector<int64_t>& cluster_of_video);

/// Accuracy over the verdicts that are not -1; nothing if there are none. `clusters` [N]: one
/// number a verdict.
std::optional<TwinAccuracy> twin_accuracy(const std::vector<int8_t>& verdicts, const std::vector<int64_t>& clusters,
                                          const BootstrapOptions& options);

/// What a tag (MSR-VTT's category, the demo corpus's need) says of each text; "" = nothing, the
/// text is left out.
struct Tag {
  std::string name;
  std::vector<std::string> value_of_text;  ///< [T]
};

/// Text-to-video numbers of the queries with one value of a tag. The gallery stays whole.
struct BreakdownEntry {
  std::string value;
  DirectionMetrics metrics;
  std::optional<TwinAccuracy> twins;
};
/// One tag; values in order of first appearance.
struct Breakdown {
  std::string tag;
  std::vector<BreakdownEntry> entries;
};

/// What a breakdown is computed from: one entry a text in each vector.
struct BreakdownInput {
  const RankList* ranks = nullptr;  ///< text to video, all texts in order
  std::vector<int8_t> verdicts;     ///< twin_verdicts(); may be empty: no twins
  std::vector<int64_t> clusters;    ///< for the intervals
};

/// Throws DataError if the tag has another number of texts.
Breakdown break_down(const Tag& tag, const BreakdownInput& input, TiePolicy policy, const BootstrapOptions& options);

}  // namespace tvr
