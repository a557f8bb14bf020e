#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tvr {

// Shape letters: T texts, V videos. Texts are rows, videos are columns, everywhere.

/// Scores of every text against every video, float32 [T,V], row-major, owned by somebody else (a
/// mapped file will do: both directions read it row by row). Higher is better. Scores are compared
/// exactly as they are.
struct SimilarityView {
  const float* data = nullptr;
  int64_t texts = 0;
  int64_t videos = 0;
  const float* row(int64_t text) const { return data + text * videos; }
};

/// What equal scores of wrong candidates do to a query. Pessimistic: they rank before the right one
/// (a collapsed model scores 0). Optimistic: behind. Average: half of them before; a hit when the
/// 0-based mean position is below K.
enum class TiePolicy { kPessimistic, kAverage, kOptimistic };

/// Video-to-text with several captions a video. Best caption: one candidate a video, by its best
/// caption. Every caption: all captions are candidates; the best of the video's own counts, its
/// other ones do not compete.
enum class VideoToText { kBestCaption, kEveryCaption };

const std::string& tie_policy_name(TiePolicy policy);        ///< "pessimistic", "average", "optimistic"
const std::string& video_to_text_name(VideoToText variant);  ///< "best-caption", "every-caption"
/// The inverse. Throws ConfigError with the valid names.
TiePolicy parse_tie_policy(const std::string& name);
VideoToText parse_video_to_text(const std::string& name);

/// Where the right candidate of each query stands. All vectors have one entry a query; a query
/// never disappears.
struct RankList {
  std::vector<int64_t> queries;  ///< the query's row (text to video) or column (video to text)
  std::vector<int64_t> better;   ///< wrong candidates with a higher score
  std::vector<int64_t> tied;     ///< wrong candidates with the same score
  std::vector<uint8_t> has_nan;  ///< 1 if any score of the query is NaN
  int64_t candidates = 0;        ///< how many a query chooses from, right ones included

  int64_t size() const { return static_cast<int64_t>(queries.size()); }
  /// 0-based position of query `index` (not of row or column); a multiple of 1/2. The rank is 1
  /// more.
  double position(int64_t index, TiePolicy policy) const;
  std::vector<double> positions(TiePolicy policy) const;
  /// The queries at these indices, in this order.
  RankList subset(const std::vector<int64_t>& indices) const;
};

/// Throws DataError unless there is at least one text and one video, and `video_of_text` [T] holds
/// one column number a text, each within 0 … V-1.
void check_ranking_input(const SimilarityView& scores, const std::vector<int64_t>& video_of_text);

/// Ranks of the right video for every text. `video_of_text` [T] holds column numbers. A NaN ranks
/// below every number; a query whose right video scores NaN ranks last; infinities are ordinary
/// values. Reads the matrix once, keeps O(T). Throws as check_ranking_input() does.
RankList text_to_video_ranks(const SimilarityView& scores, const std::vector<int64_t>& video_of_text);

/// Ranks of the right caption for every video that has at least one; videos without one are neither
/// queries nor candidates. Reads the matrix once, row by row, grouped by video, keeps O(T + V);
/// otherwise as above.
RankList video_to_text_ranks(const SimilarityView& scores, const std::vector<int64_t>& video_of_text,
                             VideoToText variant);

/// The numbers of one direction, in the order of tables and files. Recalls, RSum (R@1 + R@5 + R@10)
/// and GM (their geometric mean) are percentages; MdR (the mean of the middle two for an even
/// count) and MnR are 1-based ranks.
enum class Metric { kR1, kR5, kR10, kR50, kMdR, kMnR, kRSum, kGM };
inline constexpr int kMetricCount = 8;
inline constexpr std::array<Metric, kMetricCount> kMetrics{Metric::kR1,  Metric::kR5,  Metric::kR10,  Metric::kR50,
                                                           Metric::kMdR, Metric::kMnR, Metric::kRSum, Metric::kGM};
inline constexpr std::array<int64_t, 4> kRecallDepths{1, 5, 10, 50};  ///< K of the first four
const std::string& metric_name(Metric metric);                        ///< "R@1", …, "MdR", "MnR", "RSum", "GM"

/// One value a metric.
struct MetricValues {
  std::array<double, kMetricCount> values{};
  double& operator[](Metric metric) { return values[static_cast<size_t>(metric)]; }
  double operator[](Metric metric) const { return values[static_cast<size_t>(metric)]; }
};

/// A closed interval.
struct Interval {
  double low = 0, high = 0;
  bool contains(double value) const { return low <= value && value <= high; }
};
using MetricIntervals = std::array<Interval, kMetricCount>;  ///< in the order of kMetrics

/// What a report says of one direction.
struct DirectionMetrics {
  MetricValues values;
  int64_t queries = 0;                  ///< the denominator
  int64_t tied_queries = 0;             ///< with at least one wrong candidate of the right one's score
  int64_t nan_queries = 0;              ///< with at least one NaN score
  std::optional<MetricIntervals> ci95;  ///< 95 % bootstrap intervals, where drawn

  double operator[](Metric metric) const { return values[metric]; }
  Interval interval(Metric metric) const { return (*ci95)[static_cast<size_t>(metric)]; }  ///< needs ci95
};

/// Metrics of 0-based positions. Throws DataError if there are none.
MetricValues metrics_of_positions(std::vector<double> positions);
/// The same with the counts. Throws DataError if there are no queries.
DirectionMetrics summarize_ranks(const RankList& ranks, TiePolicy policy);

/// RSum and GM from the three recalls already in `values`.
void fill_sums(MetricValues& values);

/// What a random order of `candidates` gives on average, one of them right: R@K = K/candidates, MdR
/// = MnR = (candidates+1)/2.
MetricValues random_ranking(int64_t candidates);
/// The same for queries of which query i has right_candidates[i] right ones, the best of which
/// counts and which do not compete with each other (every-caption).
MetricValues random_ranking(int64_t candidates, const std::vector<int64_t>& right_candidates);

}  // namespace tvr
