#include "tvr/eval/statistics.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "tvr/base/error.h"
#include "tvr/base/parallel.h"
#include "tvr/base/random.h"

namespace tvr {
namespace {

constexpr int64_t kDrawsPerJob = 64;
using Weights = std::vector<int32_t>;  // how often each cluster was drawn

int64_t cluster_count(const std::vector<int64_t>& clusters) {
  return clusters.empty() ? 0 : *std::max_element(clusters.begin(), clusters.end()) + 1;
}

void check_sizes(size_t values, const std::vector<int64_t>& clusters) {
  if (values != clusters.size()) throw std::logic_error("one cluster number a query is needed");
}

// A subset of the queries may leave numbers unused, which must not be drawn.
std::vector<int64_t> renumber(const std::vector<int64_t>& clusters) {
  std::unordered_map<int64_t, int64_t> numbers;
  std::vector<int64_t> result;
  result.reserve(clusters.size());
  for (const int64_t cluster : clusters)
    result.push_back(numbers.emplace(cluster, static_cast<int64_t>(numbers.size())).first->second);
  return result;
}

// Calls visit(draw, weights) for every draw. Each draw has a random stream of its own, so threads
// do not matter.
void for_each_draw(int64_t clusters, const BootstrapOptions& options,
                   const std::function<void(int64_t, const Weights&)>& visit) {
  const int64_t jobs = (options.draws + kDrawsPerJob - 1) / kDrawsPerJob;
  parallel_for(jobs, options.threads, [&](int64_t job) {
    Weights weights(clusters);
    for (int64_t draw = job * kDrawsPerJob; draw < std::min(options.draws, (job + 1) * kDrawsPerJob); ++draw) {
      std::fill(weights.begin(), weights.end(), 0);
      Random random(options.seed, "bootstrap", 0, static_cast<uint64_t>(draw));
      for (int64_t i = 0; i < clusters; ++i) ++weights[random.integer(clusters)];
      visit(draw, weights);
    }
  });
}

// Metrics of a resample. Recalls and the mean follow from the sums of each cluster; the median from
// a walk over the queries in order of their position, as far as the middle.
class ResampledMetrics {
 public:
  ResampledMetrics(const std::vector<double>& positions, const std::vector<int64_t>& clusters)
      : sums_(cluster_count(clusters)) {
    for (size_t i = 0; i < positions.size(); ++i) {
      auto& sums = sums_[clusters[i]];
      sums.queries += 1;
      sums.positions += positions[i];
      for (size_t k = 0; k < kRecallDepths.size(); ++k)
        sums.hits[k] += positions[i] < static_cast<double>(kRecallDepths[k]) ? 1 : 0;
      walk_.push_back({positions[i], clusters[i], 1});
    }
    merge_equal_steps();
  }

  MetricValues of(const Weights& weights) const {
    Sums total;
    for (size_t i = 0; i < weights.size(); ++i) {
      const double weight = weights[i];
      total.queries += weight * sums_[i].queries;
      total.positions += weight * sums_[i].positions;
      for (size_t k = 0; k < kRecallDepths.size(); ++k) total.hits[k] += weight * sums_[i].hits[k];
    }
    MetricValues result;
    for (size_t k = 0; k < kRecallDepths.size(); ++k) result.values[k] = 100 * total.hits[k] / total.queries;
    result[Metric::kMdR] = median_position(weights, static_cast<int64_t>(total.queries)) + 1;
    result[Metric::kMnR] = total.positions / total.queries + 1;
    fill_sums(result);
    return result;
  }

 private:
  struct Sums {
    double queries = 0, positions = 0;
    std::array<double, kRecallDepths.size()> hits{};
  };
  struct Step {
    double position;
    int64_t cluster, queries;
  };

  // Captions of one video often share a rank.
  void merge_equal_steps() {
    std::sort(walk_.begin(), walk_.end(), [](const Step& a, const Step& b) {
      return std::pair(a.position, a.cluster) < std::pair(b.position, b.cluster);
    });
    std::vector<Step> merged;
    for (const auto& step : walk_) {
      const bool same =
          !merged.empty() && merged.back().position == step.position && merged.back().cluster == step.cluster;
      if (same)
        ++merged.back().queries;
      else
        merged.push_back(step);
    }
    walk_ = std::move(merged);
  }

  double median_position(const Weights& weights, int64_t total) const {
    double lower = 0;
    bool have_lower = false;
    int64_t reached = 0;
    for (const auto& step : walk_) {
      reached += weights[step.cluster] * step.queries;
      if (!have_lower && reached > (total - 1) / 2) {
        lower = step.position;
        have_lower = true;
      }
      if (reached > total / 2) return (lower + step.position) / 2;
    }
    throw std::logic_error("a resample without queries");
  }

  std::vector<Sums> sums_;
  std::vector<Step> walk_;
};

double percentile_of_sorted(const std::vector<double>& values, double percent) {
  const double place = percent / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

Interval middle_95(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {percentile_of_sorted(values, 2.5), percentile_of_sorted(values, 97.5)};
}

MetricIntervals intervals_of(const std::vector<MetricValues>& draws) {
  MetricIntervals intervals;
  for (size_t metric = 0; metric < intervals.size(); ++metric) {
    std::vector<double> values(draws.size());
    for (size_t draw = 0; draw < draws.size(); ++draw) values[draw] = draws[draw].values[metric];
    intervals[metric] = middle_95(std::move(values));
  }
  return intervals;
}

MetricValues minus(const MetricValues& a, const MetricValues& b) {
  MetricValues result;
  for (size_t i = 0; i < result.values.size(); ++i) result.values[i] = a.values[i] - b.values[i];
  return result;
}

}  // namespace

std::vector<int64_t> number_clusters(const std::vector<std::string>& names) {
  std::unordered_map<std::string, int64_t> numbers;
  std::vector<int64_t> result;
  result.reserve(names.size());
  for (const auto& name : names)
    result.push_back(numbers.emplace(name, static_cast<int64_t>(numbers.size())).first->second);
  return result;
}

std::optional<MetricIntervals> bootstrap_metrics(const std::vector<double>& positions,
                                                 const std::vector<int64_t>& clusters,
                                                 const BootstrapOptions& options) {
  check_sizes(positions.size(), clusters);
  const auto numbers = renumber(clusters);
  if (cluster_count(numbers) < 2 || options.draws < 1) return std::nullopt;
  const ResampledMetrics resampled(positions, numbers);
  std::vector<MetricValues> draws(options.draws);
  for_each_draw(cluster_count(numbers), options,
                [&](int64_t draw, const Weights& weights) { draws[draw] = resampled.of(weights); });
  return intervals_of(draws);
}

std::optional<Interval> bootstrap_mean(const std::vector<double>& values, const std::vector<int64_t>& clusters,
                                       const BootstrapOptions& options) {
  check_sizes(values.size(), clusters);
  const auto numbers = renumber(clusters);
  const int64_t count = cluster_count(numbers);
  if (count < 2 || options.draws < 1) return std::nullopt;
  std::vector<double> sums(count), sizes(count), draws(options.draws);
  for (size_t i = 0; i < values.size(); ++i) {
    sums[numbers[i]] += values[i];
    sizes[numbers[i]] += 1;
  }
  for_each_draw(count, options, [&](int64_t draw, const Weights& weights) {
    draws[draw] = std::inner_product(weights.begin(), weights.end(), sums.begin(), 0.0) /
                  std::inner_product(weights.begin(), weights.end(), sizes.begin(), 0.0);
  });
  return middle_95(std::move(draws));
}

PairedDifference paired_difference(const std::vector<double>& a, const std::vector<double>& b,
                                   const std::vector<int64_t>& clusters, const BootstrapOptions& options) {
  check_sizes(a.size(), clusters);
  check_sizes(b.size(), clusters);
  PairedDifference result;
  result.difference = minus(metrics_of_positions(a), metrics_of_positions(b));
  const auto numbers = renumber(clusters);
  if (cluster_count(numbers) < 2 || options.draws < 1) return result;
  const ResampledMetrics of_a(a, numbers), of_b(b, numbers);
  std::vector<MetricValues> draws(options.draws);
  for_each_draw(cluster_count(numbers), options,
                [&](int64_t draw, const Weights& weights) { draws[draw] = minus(of_a.of(weights), of_b.of(weights)); });
  result.ci95 = intervals_of(draws);
  return result;
}

double percentile(std::vector<double> values, double percent) {
  if (values.empty()) throw std::logic_error("a percentile of nothing");
  std::sort(values.begin(), values.end());
  return percentile_of_sorted(values, percent);
}

}  // namespace tvr
