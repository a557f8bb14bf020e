#include "tvr/eval/comparison.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <stdexcept>

#include "eval/resampling.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

// Below the smallest step of any metric, above what rounding can do to a sum.
constexpr double kRounding = 1e-9;

using Seeds = std::vector<SeedResult>;
using DirectionOf = Seeds ComparedSystem::*;

// One direction of all systems.
struct Direction {
  std::vector<const Seeds*> systems;
  std::vector<int64_t> clusters;  // numbered 0 … C-1
  BootstrapOptions options;
  const std::vector<Metric>& metrics() const { return systems[0]->front().values.metrics; }
};

double count_of(const Seeds& seeds) {
  return static_cast<double>(seeds.size());
}

void add(MetricValues& sum, const MetricValues& values, double factor) {
  for (const auto& [metric, value] : values) sum[metric] += factor * value;
}

// For every draw the metrics of the resampled queries, averaged over the seeds.
std::vector<MetricValues> bootstrap_draws(const Seeds& seeds, const Direction& direction) {
  std::vector<MetricValues> draws(direction.options.draws);
  for (const auto& seed : seeds) {
    const ResampledMetrics resampled(seed.values, direction.clusters);
    for_each_draw(cluster_count(direction.clusters), direction.options, [&](int64_t draw, const Weights& weights) {
      add(draws[draw], resampled.of(weights), 1 / count_of(seeds));
    });
  }
  return draws;
}

// Two systems' queries one behind the other, so that weights choose for each cluster whose results count.
QueryValues behind_each_other(const QueryValues& a, const QueryValues& b) {
  auto both = a;
  both.values.insert(both.values.end(), b.values.begin(), b.values.end());
  both.positions.insert(both.positions.end(), b.positions.begin(), b.positions.end());
  return both;
}

// For every draw the difference after its swaps, averaged over all pairs of a seed of the one and a seed of the other.
std::vector<MetricValues> swapped_differences(const Seeds& baseline, const Seeds& system, const Direction& direction) {
  const int64_t count = cluster_count(direction.clusters);
  auto clusters = direction.clusters;
  for (const int64_t cluster : direction.clusters) clusters.push_back(count + cluster);
  const double share = 1 / (count_of(baseline) * count_of(system));
  std::vector<MetricValues> draws(direction.options.draws);
  for (const auto& a : baseline)
    for (const auto& b : system) {
      const ResampledMetrics both(behind_each_other(a.values, b.values), clusters);
      for_each_swap(count, direction.options, [&](int64_t draw, const Weights& swapped) {
        Weights of_system = swapped, of_baseline(2 * count);
        for (const int32_t swap : swapped) of_system.push_back(1 - swap);
        std::transform(of_system.begin(), of_system.end(), of_baseline.begin(), [](int32_t one) { return 1 - one; });
        add(draws[draw], minus(both.of(of_system), both.of(of_baseline)), share);
      });
    }
  return draws;
}

double permutation_p(const std::vector<MetricValues>& draws, const Metric& metric, double observed) {
  const auto as_far = std::count_if(draws.begin(), draws.end(), [&](const MetricValues& draw) {
    return std::abs(draw[metric]) >= std::abs(observed) - kRounding;
  });
  return static_cast<double>(1 + as_far) / static_cast<double>(draws.size() + 1);
}

MetricMap<std::vector<double>> over_seeds(const Seeds& seeds) {
  MetricMap<std::vector<double>> values;
  for (const auto& seed : seeds)
    for (const auto& [metric, value] : metrics_of(seed.values)) values[metric].push_back(value);
  return values;
}

// What each query adds to a metric, averaged over the seeds; nothing for metrics that are no mean.
std::vector<double> contributions(const Seeds& seeds, const Metric& metric) {
  const auto& means = seeds.front().values.means;
  std::vector<size_t> columns;
  for (size_t k = 0; k < means.size(); ++k) {
    const bool of_sum = means[k] == Metric::kR1 || means[k] == Metric::kR5 || means[k] == Metric::kR10;
    if (means[k] == metric || (metric == Metric::kRSum && of_sum)) columns.push_back(k);
  }
  if (columns.empty()) return {};
  std::vector<double> result(seeds.front().values.positions.size());
  for (const auto& seed : seeds)
    for (size_t i = 0; i < result.size(); ++i)
      for (const size_t column : columns) result[i] += seed.values.values[i * means.size() + column] / count_of(seeds);
  return result;
}

std::optional<double> effect_of(const Seeds& baseline, const Seeds& system, const Metric& metric) {
  auto differences = contributions(system, metric);
  const auto of_baseline = contributions(baseline, metric);
  for (size_t i = 0; i < differences.size(); ++i) differences[i] -= of_baseline[i];
  return standardised_mean(differences);
}

std::optional<McNemarTest> mcnemar(const Seeds& baseline, const Seeds& system, const Metric& metric) {
  if (metric.kind != Metric::Kind::kRecall || baseline.size() > 1 || system.size() > 1) return std::nullopt;
  const auto &before = baseline[0].values.positions, &after = system[0].values.positions;
  const auto depth = static_cast<double>(metric.depth);
  McNemarTest test;
  for (size_t i = 0; i < before.size(); ++i) {
    test.gained += before[i] >= depth && after[i] < depth ? 1 : 0;
    test.lost += before[i] < depth && after[i] >= depth ? 1 : 0;
  }
  test.odds = discordant_odds(test.gained, test.lost);
  test.p.raw = mcnemar_exact(test.gained, test.lost);
  return test;
}

double mean_over(const Seeds& seeds, double (*of_position)(double), size_t query) {
  double sum = 0;
  for (const auto& seed : seeds) sum += of_position(seed.values.positions[query]);
  return sum / count_of(seeds);
}

void fill_rank_changes(PairComparison& pair, const Seeds& baseline, const Seeds& system) {
  const auto first = [](double position) { return position < 1 ? 1.0 : 0.0; };
  const auto rank = [](double position) { return position + 1; };
  const auto& ids = baseline.front().ids;
  for (size_t i = 0; i < ids.size(); ++i) {
    const double gain = mean_over(system, first, i) - mean_over(baseline, first, i);
    if (std::abs(gain) < kRounding) continue;
    (gain > 0 ? pair.gained : pair.lost)
        .push_back({static_cast<int64_t>(i), ids[i], mean_over(baseline, rank, i), mean_over(system, rank, i)});
  }
  const auto sort = [](std::vector<RankChange>& changes, double sign) {
    std::stable_sort(changes.begin(), changes.end(), [&](const RankChange& a, const RankChange& b) {
      return sign * (a.baseline - a.system) > sign * (b.baseline - b.system);
    });
  };
  sort(pair.gained, 1);
  sort(pair.lost, -1);
}

// All of a metric but what is drawn.
MetricComparison compare_metric(const Seeds& baseline, const Seeds& system, const Metric& metric,
                                const std::vector<double>& before, const std::vector<double>& after) {
  MetricComparison result;
  result.baseline = mean_interval(before);
  result.system = mean_interval(after);
  result.difference = result.system.mean - result.baseline.mean;
  result.mcnemar = mcnemar(baseline, system, metric);
  result.welch = welch(after, before);
  if (result.welch) result.welch_p.raw = result.welch->p;
  result.effect = effect_of(baseline, system, metric);
  return result;
}

PairComparison compare_pair(const Seeds& baseline, const Seeds& system, const Direction& direction,
                            const std::vector<MetricValues>& baseline_draws) {
  PairComparison pair;
  const auto before = over_seeds(baseline), after = over_seeds(system);
  for (const auto& metric : direction.metrics())
    pair.metrics[metric] = compare_metric(baseline, system, metric, before[metric], after[metric]);
  fill_rank_changes(pair, baseline, system);
  if (baseline_draws.empty()) return pair;

  const auto swapped = swapped_differences(baseline, system, direction);
  for (const auto& metric : direction.metrics())
    pair.metrics[metric].permutation = PValue{permutation_p(swapped, metric, pair.metrics[metric].difference), {}};
  if (cluster_count(direction.clusters) < 2) return pair;
  auto draws = bootstrap_draws(system, direction);
  for (size_t draw = 0; draw < draws.size(); ++draw) add(draws[draw], baseline_draws[draw], -1);
  for (const auto& [metric, interval] : intervals_of(draws)) pair.metrics[metric].ci95 = interval;
  return pair;
}

void adjust(const std::vector<PValue*>& tests) {
  std::vector<double> raw;
  for (const auto* test : tests) raw.push_back(test->raw);
  const auto adjusted = holm(raw);
  for (size_t i = 0; i < tests.size(); ++i) tests[i]->holm = adjusted[i];
}

// Each test of each metric over the systems that have it.
void adjust_for_systems(std::vector<PairComparison>& pairs, const std::vector<Metric>& metrics) {
  if (pairs.size() < 2) return;
  for (const auto& metric : metrics) {
    std::vector<PValue*> permutation, mcnemar_tests, welch_tests;
    for (auto& pair : pairs) {
      auto& entry = pair.metrics[metric];
      if (entry.permutation) permutation.push_back(&*entry.permutation);
      if (entry.mcnemar) mcnemar_tests.push_back(&entry.mcnemar->p);
      if (entry.welch) welch_tests.push_back(&entry.welch_p);
    }
    for (const auto& tests : {permutation, mcnemar_tests, welch_tests}) adjust(tests);
  }
}

std::string seed_name(const ComparedSystem& system, size_t seed, size_t seeds) {
  return "'" + system.name + "'" + (seeds > 1 ? " (seed " + std::to_string(seed + 1) + ")" : "");
}

void check_result(const SeedResult& result, const SeedResult& first, const std::string& name,
                  const std::string& baseline, const std::string& direction) {
  const auto fail = [&](const std::string& what) {
    throw DataError(name + " cannot be compared with '" + baseline + "', " + direction + ": " + what +
                    "; evaluate both on the same queries and candidates, in the same order.");
  };
  if (result.ids.size() != result.values.positions.size() || result.values.metrics != first.values.metrics)
    throw std::logic_error("compared results need an id for each query and the same metrics");
  if (result.ids.size() != first.ids.size())
    fail(std::to_string(result.ids.size()) + " queries instead of " + std::to_string(first.ids.size()));
  const auto other = std::mismatch(result.ids.begin(), result.ids.end(), first.ids.begin());
  if (other.first != result.ids.end())
    fail("query " + std::to_string(other.first - result.ids.begin() + 1) + " is '" + *other.first + "' instead of '" +
         *other.second + "'");
  if (result.candidates != first.candidates)
    fail(std::to_string(result.candidates) + " candidates instead of " + std::to_string(first.candidates));
}

Direction direction_of(const ComparisonInput& input, DirectionOf seeds_of, const ComparedQueries& queries,
                       const std::string& name, const BootstrapOptions& options) {
  const auto& baseline = input.systems[0];
  Direction direction{{}, renumber(queries.clusters), options};
  for (const auto& system : input.systems) {
    const auto& seeds = system.*seeds_of;
    if (seeds.empty()) throw DataError("System '" + system.name + "' has no results " + name + "; give at least one.");
    direction.systems.push_back(&seeds);
    for (size_t seed = 0; seed < seeds.size(); ++seed)
      check_result(seeds[seed], direction.systems[0]->front(), seed_name(system, seed, seeds.size()), baseline.name,
                   name);
  }
  const size_t count = direction.systems[0]->front().ids.size();
  if (count == 0) throw DataError("There are no queries " + name + " to compare systems on.");
  if (queries.clusters.size() != count || (!queries.captions.empty() && queries.captions.size() != count))
    throw std::logic_error("compared queries need one cluster number each, and captions for all or none");
  return direction;
}

DirectionComparison compare_direction(const Direction& direction) {
  const auto& baseline = *direction.systems[0];
  DirectionComparison result{static_cast<int64_t>(direction.clusters.size()),
                             cluster_count(direction.clusters),
                             baseline.front().candidates,
                             {}};
  const auto baseline_draws = bootstrap_draws(baseline, direction);
  for (size_t i = 1; i < direction.systems.size(); ++i)
    result.systems.push_back(compare_pair(baseline, *direction.systems[i], direction, baseline_draws));
  adjust_for_systems(result.systems, direction.metrics());
  return result;
}

void add_verdicts(DirectionComparison& direction, const std::vector<std::string>& names) {
  const auto systems = static_cast<int64_t>(direction.systems.size());
  for (size_t i = 0; i < direction.systems.size(); ++i) {
    auto& pair = direction.systems[i];
    for (const auto& metric : {Metric::kR1, Metric::kRSum})
      if (const auto* entry = pair.metrics.find(metric))
        pair.verdicts.push_back(verdict(metric, *entry, names[0], names[i + 1], direction.queries, systems));
  }
}

void check_names(const ComparisonInput& input) {
  if (input.systems.size() < 2)
    throw DataError("A comparison needs at least two systems, the baseline first; " +
                    std::to_string(input.systems.size()) + " given.");
  std::set<std::string> names;
  for (const auto& system : input.systems)
    if (!names.insert(system.name).second)
      throw DataError("Two of the systems compared are called '" + system.name + "'; give each a name of its own.");
}

}  // namespace

Comparison compare_systems(const ComparisonInput& input, const BootstrapOptions& options) {
  check_names(input);
  const auto texts = direction_of(input, &ComparedSystem::text_to_video, input.text_to_video, "text to video", options);
  const auto videos =
      direction_of(input, &ComparedSystem::video_to_text, input.video_to_text, "video to text", options);
  Comparison result{{}, {}, options, compare_direction(texts), compare_direction(videos)};
  for (const auto& system : input.systems) {
    result.names.push_back(system.name);
    result.seeds.push_back(static_cast<int64_t>(system.text_to_video.size()));
  }
  add_verdicts(result.text_to_video, result.names);
  add_verdicts(result.video_to_text, result.names);
  return result;
}

}  // namespace tvr
