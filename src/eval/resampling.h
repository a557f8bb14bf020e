#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "tvr/eval/metrics.h"
#include "tvr/eval/statistics.h"

namespace tvr {

/// How often each cluster counts in a draw.
using Weights = std::vector<int32_t>;
using VisitDraw = std::function<void(int64_t draw, const Weights& weights)>;

/// One more than the largest cluster number; 0 for no queries.
int64_t cluster_count(const std::vector<int64_t>& clusters);
/// The same clusters numbered 0 … C-1: a subset of the queries may leave numbers unused, which must not be drawn.
std::vector<int64_t> renumber(const std::vector<int64_t>& clusters);

// Each draw has a random stream of its own, so threads do not matter. Draws are visited in any order, several at a
// time.

/// Bootstrap: `clusters` clusters drawn with replacement.
void for_each_draw(int64_t clusters, const BootstrapOptions& options, const VisitDraw& visit);
/// Permutation test: 1 for every cluster whose systems are swapped, with chance 1/2, and 0 for the others.
void for_each_swap(int64_t clusters, const BootstrapOptions& options, const VisitDraw& visit);

/// Metrics of a resample of the queries. Means follow from the sums of each cluster; the median from a walk over the
/// queries in order of their position, as far as the middle.
class ResampledMetrics {
 public:
  /// `clusters` [N] as renumber() gives them.
  ResampledMetrics(const QueryValues& values, const std::vector<int64_t>& clusters);
  /// Every query counted as often as its cluster's weight says; at least one must count. Thread-safe.
  MetricValues of(const Weights& weights) const;

 private:
  struct Step {
    double position;
    int64_t cluster, queries;
  };
  void merge_equal_steps();
  double median_position(const Weights& weights, int64_t total) const;

  std::vector<Metric> metrics_, means_;
  std::vector<double> queries_;  // [clusters]
  std::vector<double> sums_;     // [clusters, means]
  std::vector<Step> walk_;
};

/// From the 2.5 to the 97.5 percentile of at least one value.
Interval middle_95(std::vector<double> values);
/// The same of every metric, over at least one draw.
MetricIntervals intervals_of(const std::vector<MetricValues>& draws);
/// Linear between order statistics, of at least one value in order.
double percentile_of_sorted(const std::vector<double>& values, double percent);
MetricValues minus(const MetricValues& a, const MetricValues& b);

}  // namespace tvr
