#include "tvr/eval/statistics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <unordered_map>

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
    for (int64_t draw = job * kDrawsPerJob;
         draw < std::min(options.draws, (job + 1) * kDrawsPerJob); ++draw) {
      std::fill(weights.begin(), weights.end(), 0);
      Random random(options.seed, "bootstrap", 0, static_cast<uint64_t>(draw));
      for (int64_t i = 0; i < clusters; ++i) ++weights[random.integer(clusters)];
      visit(draw, weights);
    }
  });
}

// Queries in order of their position, so that one pass gives every metric of a resample.
class ResampledMetrics {
 public:
  ResampledMetrics(const std::vector<double>& positions, const std::vector<int64_t>& clusters)
      : cluster_size_(cluster_count(clusters)) {
    std::vector<size_t> order(positions.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return positions[a] < positions[b]; });
    for (const size_t i : order) queries_.push_back({positions[i], clusters[i]});
    for (const int64_t cluster : clusters) ++cluster_size_[cluster];
  }

  MetricValues of(const Weights& weights) const {
    int64_t total = 0;
    for (size_t i = 0; i < weights.size(); ++i) total += weights[i] * cluster_size_[i];
    std::array<int64_t, kRecallDepths.size()> hits{};
    int64_t before = 0;
    double sum = 0, lower = 0, upper = 0;
    for (const auto& [position, cluster] : queries_) {
      const int64_t weight = weights[cluster];
      if (weight == 0) continue;
      for (size_t k = 0; k < hits.size(); ++k)
        hits[k] += position < static_cast<double>(kRecallDepths[k]) ? weight : 0;
      sum += static_cast<double>(weight) * position;
      if (before <= (total - 1) / 2) lower = position;
      if (before <= total / 2) upper = position;
      before += weight;
    }
    const auto count = static_cast<double>(total);
    MetricValues result;
    for (size_t k = 0; k < hits.size(); ++k)
      result.values[k] = 100.0 * static_cast<double>(hits[k]) / count;
    result[Metric::kMdR] = (lower + upper) / 2 + 1;
    result[Metric::kMnR] = sum / count + 1;
    fill_sums(result);
    return result;
  }

 private:
  struct Query {
    double position;
    int64_t cluster;
  };
  std::vector<Query> queries_;
  std::vector<int64_t> cluster_size_;
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

std::optional<Interval> bootstrap_mean(const std::vector<double>& values,
                                       const std::vector<int64_t>& clusters,
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
                                   const std::vector<int64_t>& clusters,
                                   const BootstrapOptions& options) {
  check_sizes(a.size(), clusters);
  check_sizes(b.size(), clusters);
  PairedDifference result;
  result.difference = minus(metrics_of_positions(a), metrics_of_positions(b));
  const auto numbers = renumber(clusters);
  if (cluster_count(numbers) < 2 || options.draws < 1) return result;
  const ResampledMetrics of_a(a, numbers), of_b(b, numbers);
  std::vector<MetricValues> draws(options.draws);
  for_each_draw(cluster_count(numbers), options, [&](int64_t draw, const Weights& weights) {
    draws[draw] = minus(of_a.of(weights), of_b.of(weights));
  });
  result.ci95 = intervals_of(draws);
  return result;
}

double percentile(std::vector<double> values, double percent) {
  if (values.empty()) throw std::logic_error("a percentile of nothing");
  std::sort(values.begin(), values.end());
  return percentile_of_sorted(values, percent);
}

}  // namespace tvr
