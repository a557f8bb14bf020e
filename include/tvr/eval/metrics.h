#pragma once
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tvr/eval/ranks.h"

namespace tvr {

/// One number of a direction. Shares (R@K, RSum, GM, MRR, mAP, nDCG@K) are percentages, MdR and MnR 1-based ranks.
struct Metric {
  enum class Kind {
    kRecall,            ///< R@K: share of the queries with a right candidate among the first K
    kMedianRank,        ///< MdR: the mean of the middle two for an even count
    kMeanRank,          ///< MnR
    kRecallSum,         ///< RSum: R@1 + R@5 + R@10
    kGeometricMean,     ///< GM: of R@1, R@5 and R@10
    kReciprocalRank,    ///< MRR: mean of 1 / rank
    kAveragePrecision,  ///< mAP: mean over queries of the mean precision at each right candidate
    kNdcg,              ///< nDCG@K: binary relevance, discount log2(1 + rank)
  };
  Kind kind = Kind::kRecall;
  int64_t depth = 0;  ///< K of R@K and nDCG@K, 0 for the others

  static const Metric kR1, kR5, kR10, kR50, kR100, kMdR, kMnR, kRSum, kGM, kMRR, kMAP, kNDCG10;
  friend bool operator==(const Metric&, const Metric&) = default;
};
inline constexpr Metric Metric::kR1{Kind::kRecall, 1}, Metric::kR5{Kind::kRecall, 5}, Metric::kR10{Kind::kRecall, 10},
    Metric::kR50{Kind::kRecall, 50}, Metric::kR100{Kind::kRecall, 100}, Metric::kMdR{Kind::kMedianRank, 0},
    Metric::kMnR{Kind::kMeanRank, 0}, Metric::kRSum{Kind::kRecallSum, 0}, Metric::kGM{Kind::kGeometricMean, 0},
    Metric::kMRR{Kind::kReciprocalRank, 0}, Metric::kMAP{Kind::kAveragePrecision, 0}, Metric::kNDCG10{Kind::kNdcg, 10};

/// A closed interval.
struct Interval {
  double low = 0, high = 0;
  bool contains(double value) const { return low <= value && value <= high; }
};

std::string metric_name(const Metric& metric);  ///< "R@1", "MdR", "nDCG@10", …
/// The inverse; nothing for other texts.
std::optional<Metric> parse_metric(const std::string& name);
/// True where a smaller value is better: MdR and MnR.
bool smaller_is_better(const Metric& metric);
/// The least and the largest value it can have: percentages, ranks from 1, sums of three recalls.
Interval bounds_of(const Metric& metric);
/// R@1, R@5, R@10, R@50, R@100, MdR, MnR, RSum, GM, MRR, mAP, nDCG@10: the order of tables and files.
const std::vector<Metric>& standard_metrics();
/// Those of them that follow from the position of each query's best right candidate: all but mAP and nDCG.
const std::vector<Metric>& position_metrics();

/// One entry a metric, in order.
template <class T>
class MetricMap {
 public:
  /// Throws std::logic_error if the metric is absent.
  const T& operator[](const Metric& metric) const {
    if (const auto* entry = find(metric)) return *entry;
    throw std::logic_error("the metric " + metric_name(metric) + " was not computed");
  }
  /// Adds the metric if it is absent.
  T& operator[](const Metric& metric) {
    for (auto& [name, value] : entries_)
      if (name == metric) return value;
    return entries_.emplace_back(metric, T{}).second;
  }
  const T* find(const Metric& metric) const {
    for (const auto& [name, value] : entries_)
      if (name == metric) return &value;
    return nullptr;
  }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  size_t size() const { return entries_.size(); }

 private:
  std::vector<std::pair<Metric, T>> entries_;
};

using MetricValues = MetricMap<double>;
using MetricIntervals = MetricMap<Interval>;

/// What each of N queries contributes to each metric. A metric is the mean of its column, or the median of the
/// positions (MdR), or follows from recalls (RSum, GM).
struct QueryValues {
  std::vector<Metric> metrics;    ///< asked for, in order
  std::vector<Metric> means;      ///< the columns: every metric that is a mean, and what RSum and GM follow from
  std::vector<double> values;     ///< [N, means]
  std::vector<double> positions;  ///< [N] 0-based, multiples of 1/2
  int64_t size() const { return static_cast<int64_t>(positions.size()); }
};

QueryValues query_values(const RankList& ranks, TiePolicy policy,
                         const std::vector<Metric>& metrics = standard_metrics());
/// From 0-based positions alone. Throws std::logic_error for mAP or nDCG.
QueryValues query_values(const std::vector<double>& positions, const std::vector<Metric>& metrics = position_metrics());
/// The metrics of all queries. Throws DataError if there are none.
MetricValues metrics_of(const QueryValues& values);
/// The metrics from the means of the columns and the median position.
MetricValues metrics_from_means(const std::vector<Metric>& metrics, const std::vector<Metric>& means,
                                const double* mean_values, double median_position);

/// What a report says of one direction.
struct DirectionMetrics {
  MetricValues values;
  int64_t queries = 0;                  ///< the denominator
  int64_t candidates = 0;               ///< how many a query chooses from
  int64_t tied_queries = 0;             ///< with at least one wrong candidate of the right one's score
  int64_t nan_queries = 0;              ///< with at least one NaN score
  int64_t infinite_queries = 0;         ///< with at least one infinite score
  std::optional<MetricIntervals> ci95;  ///< 95 % bootstrap intervals, where drawn

  double operator[](const Metric& metric) const { return values[metric]; }
  Interval interval(const Metric& metric) const { return (*ci95)[metric]; }  ///< needs ci95
};

/// Metrics with the counts. Throws DataError if there are no queries.
DirectionMetrics summarize_ranks(const RankList& ranks, TiePolicy policy,
                                 const std::vector<Metric>& metrics = standard_metrics());

/// What a random order of `candidates` gives on average, one of them right. RSum and GM follow from the mean recalls.
MetricValues random_ranking(int64_t candidates, const std::vector<Metric>& metrics = standard_metrics());
/// The same for queries of which query i has right_candidates[i] right ones, the best of which counts and which do not
/// compete with each other (every-caption).
MetricValues random_ranking(int64_t candidates, const std::vector<int64_t>& right_candidates,
                            const std::vector<Metric>& metrics = standard_metrics());

}  // namespace tvr
