#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tvr/eval/metrics.h"

namespace tvr {

/// How many resamples, from which seed. The result is a pure function of data, draws and seed,
/// whatever the threads.
struct BootstrapOptions {
  int64_t draws = 10000;  ///< 0: no intervals; at least 10,000 for published numbers
  uint64_t seed = 0;
  int64_t threads = 0;  ///< 0: all processors
};

/// Numbers 0 … C-1 for cluster names, in order of first appearance.
std::vector<int64_t> number_clusters(const std::vector<std::string>& names);

// All functions below resample whole clusters with replacement (queries that share a video or
// belong to a twin pair are not independent), recompute, and take the 2.5 and 97.5 percentiles. The
// gallery stays as it is. `clusters` [N] has one number a query. Fewer than two clusters or zero
// draws give no interval. Sizes that disagree are a std::logic_error.

/// Intervals of every metric of `values` [N queries].
std::optional<MetricIntervals> bootstrap_metrics(const QueryValues& values, const std::vector<int64_t>& clusters,
                                                 const BootstrapOptions& options);

/// Interval of the mean of `values` [N]; of a share when they are 0 and 1.
std::optional<Interval> bootstrap_mean(const std::vector<double>& values, const std::vector<int64_t>& clusters,
                                       const BootstrapOptions& options);

/// summarize_ranks() with intervals. `clusters` has a number for each row (text to video) or column.
DirectionMetrics summarize_with_intervals(const RankList& ranks, TiePolicy policy, const std::vector<Metric>& metrics,
                                          const std::vector<int64_t>& clusters, const BootstrapOptions& options);

/// System A minus system B on the same queries.
struct PairedDifference {
  MetricValues difference;
  std::optional<MetricIntervals> ci95;
  /// True if the interval exists and does not hold 0: the systems differ beyond chance at the 5 % level.
  bool beyond(const Metric& metric) const { return ci95 && !(*ci95)[metric].contains(0); }
};

/// Both systems are resampled with the same draws. `a` and `b` hold the same queries in the same order, and the same
/// metrics. Throws DataError if there are none.
PairedDifference paired_difference(const QueryValues& a, const QueryValues& b, const std::vector<int64_t>& clusters,
                                   const BootstrapOptions& options);

/// The `percent` percentile, interpolated linearly between order statistics (NumPy's default). `values` must not be
/// empty.
double percentile(std::vector<double> values, double percent);

}  // namespace tvr
