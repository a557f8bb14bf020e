#include "tvr/eval/statistics.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <unordered_map>

#include "eval/resampling.h"

namespace tvr {
namespace {

void check_sizes(size_t values, const std::vector<int64_t>& clusters) {
  if (values != clusters.size()) throw std::logic_error("one cluster number a query is needed");
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

std::optional<MetricIntervals> bootstrap_metrics(const QueryValues& values, const std::vector<int64_t>& clusters,
                                                 const BootstrapOptions& options) {
  check_sizes(values.positions.size(), clusters);
  const auto numbers = renumber(clusters);
  if (cluster_count(numbers) < 2 || options.draws < 1) return std::nullopt;
  const ResampledMetrics resampled(values, numbers);
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

DirectionMetrics summarize_with_intervals(const RankList& ranks, TiePolicy policy, const std::vector<Metric>& metrics,
                                          const std::vector<int64_t>& clusters, const BootstrapOptions& options) {
  std::vector<int64_t> of_queries;
  for (const int64_t query : ranks.queries) of_queries.push_back(clusters[query]);
  auto result = summarize_ranks(ranks, policy, metrics);
  result.ci95 = bootstrap_metrics(query_values(ranks, policy, metrics), of_queries, options);
  return result;
}

PairedDifference paired_difference(const QueryValues& a, const QueryValues& b, const std::vector<int64_t>& clusters,
                                   const BootstrapOptions& options) {
  check_sizes(a.positions.size(), clusters);
  check_sizes(b.positions.size(), clusters);
  PairedDifference result;
  result.difference = minus(metrics_of(a), metrics_of(b));
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
