#include "eval/resampling.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "tvr/base/parallel.h"
#include "tvr/base/random.h"

namespace tvr {
namespace {

constexpr int64_t kDrawsPerJob = 64;

// fill(random, weights) makes a draw out of weights that are all 0.
template <class Fill>
void for_each_weights(int64_t clusters, const BootstrapOptions& options, std::string_view purpose, const Fill& fill,
                      const VisitDraw& visit) {
  const int64_t jobs = (options.draws + kDrawsPerJob - 1) / kDrawsPerJob;
  parallel_for(jobs, options.threads, [&](int64_t job) {
    Weights weights(clusters);
    for (int64_t draw = job * kDrawsPerJob; draw < std::min(options.draws, (job + 1) * kDrawsPerJob); ++draw) {
      std::fill(weights.begin(), weights.end(), 0);
      Random random(options.seed, purpose, 0, static_cast<uint64_t>(draw));
      fill(random, weights);
      visit(draw, weights);
    }
  });
}

}  // namespace

int64_t cluster_count(const std::vector<int64_t>& clusters) {
  return clusters.empty() ? 0 : *std::max_element(clusters.begin(), clusters.end()) + 1;
}

std::vector<int64_t> renumber(const std::vector<int64_t>& clusters) {
  std::unordered_map<int64_t, int64_t> numbers;
  std::vector<int64_t> result;
  result.reserve(clusters.size());
  for (const int64_t cluster : clusters)
    result.push_back(numbers.emplace(cluster, static_cast<int64_t>(numbers.size())).first->second);
  return result;
}

void for_each_draw(int64_t clusters, const BootstrapOptions& options, const VisitDraw& visit) {
  const auto fill = [&](Random& random, Weights& weights) {
    for (int64_t i = 0; i < clusters; ++i) ++weights[random.integer(clusters)];
  };
  for_each_weights(clusters, options, "bootstrap", fill, visit);
}

void for_each_swap(int64_t clusters, const BootstrapOptions& options, const VisitDraw& visit) {
  const auto fill = [](Random& random, Weights& weights) {
    for (auto& weight : weights) weight = random.chance(0.5) ? 1 : 0;
  };
  for_each_weights(clusters, options, "permutation", fill, visit);
}

ResampledMetrics::ResampledMetrics(const QueryValues& values, const std::vector<int64_t>& clusters)
    : metrics_(values.metrics),
      means_(values.means),
      queries_(cluster_count(clusters)),
      sums_(queries_.size() * values.means.size()) {
  for (size_t i = 0; i < clusters.size(); ++i) {
    queries_[clusters[i]] += 1;
    for (size_t k = 0; k < means_.size(); ++k)
      sums_[clusters[i] * means_.size() + k] += values.values[i * means_.size() + k];
    walk_.push_back({values.positions[i], clusters[i], 1});
  }
  merge_equal_steps();
}

MetricValues ResampledMetrics::of(const Weights& weights) const {
  double queries = 0;
  std::vector<double> means(means_.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    const double weight = weights[i];
    queries += weight * queries_[i];
    for (size_t k = 0; k < means.size(); ++k) means[k] += weight * sums_[i * means.size() + k];
  }
  for (auto& mean : means) mean /= queries;
  return metrics_from_means(metrics_, means_, means.data(), median_position(weights, static_cast<int64_t>(queries)));
}

// Captions of one video often share a rank.
void ResampledMetrics::merge_equal_steps() {
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

double ResampledMetrics::median_position(const Weights& weights, int64_t total) const {
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
  for (const auto& [metric, first] : draws[0]) {
    std::vector<double> values(draws.size());
    std::transform(draws.begin(), draws.end(), values.begin(), [&m = metric](const auto& draw) { return draw[m]; });
    intervals[metric] = middle_95(std::move(values));
  }
  return intervals;
}

MetricValues minus(const MetricValues& a, const MetricValues& b) {
  MetricValues result;
  constexpr double kRounding = 1e-9;  // sums over equal resamples may differ in their last bits
  for (const auto& [metric, value] : a) {
    const double difference = value - b[metric];
    result[metric] = std::abs(difference) < kRounding ? 0 : difference;
  }
  return result;
}

}  // namespace tvr
