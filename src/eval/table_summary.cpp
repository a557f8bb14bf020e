#include "eval/table_summary.h"

#include <algorithm>
#include <limits>

#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/eval/significance.h"

namespace tvr {
namespace {

// What `of` finds in every run.
template <class Of>
std::optional<Measured> over_runs(const TableRow& row, const Of& of) {
  std::vector<std::optional<SeedValue>> seeds;
  for (const auto& run : row.runs) seeds.push_back(of(run));
  return measured(seeds);
}

// Student's interval knows no bounds; percentages and ranks do.
std::optional<Measured> within(const Interval& bounds, std::optional<Measured> measured) {
  if (measured && measured->interval)
    measured->interval =
        Interval{std::max(bounds.low, measured->interval->low), std::min(bounds.high, measured->interval->high)};
  return measured;
}
constexpr Interval kPercent{0, 100};

std::optional<SeedValue> value_of(const DirectionMetrics& metrics, const Metric& metric) {
  const auto* value = metrics.values.find(metric);
  if (value == nullptr) return std::nullopt;
  SeedValue result{*value, std::nullopt};
  if (metrics.ci95)
    if (const auto* interval = metrics.ci95->find(metric)) result.bootstrap = *interval;
  return result;
}

const BreakdownEntry* find_entry(const EvaluationReport& report, const std::string& tag, const std::string& value) {
  for (const auto& breakdown : report.breakdown)
    for (const auto& entry : breakdown.entries)
      if (breakdown.tag == tag && entry.value == value) return &entry;
  return nullptr;
}

template <class Of>
std::optional<double> mean_of(const TableRow& row, const Of& of) {
  double sum = 0;
  for (const auto& run : row.runs) {
    const auto value = of(run.cost);
    if (!value) return std::nullopt;
    sum += static_cast<double>(*value) / static_cast<double>(row.runs.size());
  }
  return row.runs.empty() ? std::nullopt : std::optional<double>(sum);
}

// "" if the row's runs and the baseline's answered the same queries under the same rules.
std::string obstacle_of(const TableRow& row, const TableRow& baseline) {
  const auto& first = baseline.runs.front();
  for (const auto& run : row.runs) {
    if (!run.ranks) return "no saved ranks, so no paired comparison";
    if (run.ranks->text_to_video.ids != first.ranks->text_to_video.ids ||
        run.ranks->video_to_text.ids != first.ranks->video_to_text.ids)
      return "evaluated on other queries than " + baseline.name + ", so no paired comparison";
    if (const auto other = protocol_difference(run.report.protocol, first.report.protocol); !other.empty())
      return "not compared with " + baseline.name + " (" + other + ")";
  }
  return "";
}

// Files of before the number of candidates was kept: every video with a text was one, in either direction.
SeedResult seed_result(const QueryRanks& ranks, const TableRun& run, const std::vector<Metric>& metrics) {
  const auto videos = static_cast<int64_t>(run.ranks->video_to_text.ids.size());
  return {query_values(ranks.positions(run.report.protocol.ties), metrics), ranks.ids,
          ranks.candidates > 0 ? ranks.candidates : videos};
}

ComparedSystem system_of(const TableRow& row, const std::vector<Metric>& metrics) {
  ComparedSystem system{row.name, {}, {}};
  for (const auto& run : row.runs) {
    system.text_to_video.push_back(seed_result(run.ranks->text_to_video, run, metrics));
    system.video_to_text.push_back(seed_result(run.ranks->video_to_text, run, metrics));
  }
  return system;
}

// Those of the table that follow from ranks; R@1, which verdicts speak of, always.
std::vector<Metric> compared_metrics(const Table& table) {
  std::vector<Metric> metrics{Metric::kR1};
  for (const auto& metric : table.columns.metrics)
    if (metric.kind != Metric::Kind::kAveragePrecision && metric.kind != Metric::Kind::kNdcg && metric != Metric::kR1)
      metrics.push_back(metric);
  return metrics;
}

}  // namespace

std::optional<Measured> measured(const std::vector<std::optional<SeedValue>>& seeds) {
  std::vector<double> values;
  for (const auto& seed : seeds) {
    if (!seed) return std::nullopt;
    values.push_back(seed->value);
  }
  if (values.empty()) return std::nullopt;
  if (values.size() == 1) return Measured{values[0], seeds[0]->bootstrap};
  const auto mean = mean_interval(values);
  return Measured{mean.mean, mean.ci95};
}

std::optional<Measured> measured(const TableRow& row, DirectionOfNumbers direction, const Metric& metric,
                                 const std::string& part) {
  const auto result = over_runs(row, [&](const TableRun& run) -> std::optional<SeedValue> {
    if (part.empty()) return value_of(run.report.whole.*direction, metric);
    for (const auto& [name, numbers] : run.report.parts)
      if (name == part) return value_of(numbers.*direction, metric);
    return std::nullopt;
  });
  return within(bounds_of(metric), result);
}

std::optional<Measured> measured_recall(const TableRow& row, const std::string& tag, const std::string& value) {
  return within(kPercent, over_runs(row, [&](const TableRun& run) -> std::optional<SeedValue> {
                  const auto* entry = find_entry(run.report, tag, value);
                  return entry == nullptr ? std::nullopt : value_of(entry->metrics, Metric::kR1);
                }));
}

std::optional<Measured> measured_twins(const TableRow& row, const std::string& tag, const std::string& value) {
  return within(kPercent, over_runs(row, [&](const TableRun& run) -> std::optional<SeedValue> {
                  const auto* entry = find_entry(run.report, tag, value);
                  if (entry == nullptr || !entry->twins) return std::nullopt;
                  return SeedValue{entry->twins->accuracy, entry->twins->ci95};
                }));
}

MeanCost mean_cost(const TableRow& row) {
  MeanCost mean;
  mean.parameters = mean_of(row, [](const RunCost& cost) { return cost.parameters; });
  mean.trainable = mean_of(row, [](const RunCost& cost) { return cost.trainable; });
  mean.training_seconds = mean_of(row, [](const RunCost& cost) { return cost.training_seconds; });
  mean.peak_memory_mb = mean_of(row, [](const RunCost& cost) { return cost.peak_memory_mb; });
  mean.text_bytes = mean_of(row, [](const RunCost& cost) { return cost.text_bytes; });
  mean.video_bytes = mean_of(row, [](const RunCost& cost) { return cost.video_bytes; });
  if (row.runs.empty()) return mean;
  for (const auto& [gallery, value] : row.runs.front().cost.milliseconds_per_query) {
    const auto value_at = [gallery = gallery](const RunCost& cost) {
      const auto found = cost.milliseconds_per_query.find(gallery);
      return found == cost.milliseconds_per_query.end() ? std::nullopt : std::optional<double>(found->second);
    };
    if (const auto all = mean_of(row, value_at)) mean.milliseconds_per_query[gallery] = *all;
  }
  return mean;
}

const TableRow* baseline_of(const Table& table) {
  if (table.baseline.empty()) return nullptr;
  std::vector<std::string> names;
  for (const auto& row : table.rows) {
    if (row.name == table.baseline) return &row;
    names.push_back(row.name);
  }
  throw ConfigError(unknown_name_message("baseline row", table.baseline, names) + ".");
}

const TableRow* reference_of(const Table& table) {
  if (const auto* row = baseline_of(table); row != nullptr && !row->runs.empty()) return row;
  const auto found =
      std::find_if(table.rows.begin(), table.rows.end(), [](const TableRow& row) { return !row.runs.empty(); });
  return found == table.rows.end() ? nullptr : &*found;
}

std::string protocol_difference(const Protocol& a, const Protocol& b) {
  std::vector<std::string> parts;
  const auto compare = [&](const std::string& what, const std::string& mine, const std::string& theirs) {
    if (mine != theirs) parts.push_back(what + " " + mine + " instead of " + theirs);
  };
  compare("split", a.split, b.split);
  compare("captions", a.captions, b.captions);
  compare("texts", std::to_string(a.texts), std::to_string(b.texts));
  compare("videos", std::to_string(a.videos), std::to_string(b.videos));
  compare("ties", tie_policy_name(a.ties), tie_policy_name(b.ties));
  compare("video to text", video_to_text_name(a.video_to_text), video_to_text_name(b.video_to_text));
  return join(parts, ", ");
}

const PairComparison* TableComparison::find(const TableRow& row, DirectionComparison Comparison::*direction) const {
  const auto found = std::find(rows.begin(), rows.end(), &row);
  return found == rows.end() ? nullptr : &((*comparison).*direction).systems[found - rows.begin()];
}

TableComparison compare_with_baseline(const Table& table) {
  TableComparison result;
  const auto* baseline = baseline_of(table);
  if (baseline == nullptr || baseline->runs.empty() || !table.columns.difference) return result;
  if (!baseline->runs.front().ranks || !obstacle_of(*baseline, *baseline).empty()) {
    result.obstacles.push_back(baseline->name +
                               ": no saved ranks of the same queries for all seeds, so nothing is compared with it");
    return result;
  }
  const auto metrics = compared_metrics(table);
  const auto& ranks = *baseline->runs.front().ranks;
  ComparisonInput input{{system_of(*baseline, metrics)},
                        {number_clusters(ranks.text_to_video.clusters), {}},
                        {number_clusters(ranks.video_to_text.clusters), {}}};
  for (const auto& row : table.rows) {
    if (&row == baseline || row.runs.empty()) continue;
    if (const auto obstacle = obstacle_of(row, *baseline); !obstacle.empty()) {
      result.obstacles.push_back(row.name + ": " + obstacle);
      continue;
    }
    result.rows.push_back(&row);
    input.systems.push_back(system_of(row, metrics));
  }
  if (result.rows.empty()) return result;
  const auto& protocol = baseline->runs.front().report.protocol;
  result.comparison =
      compare_systems(input, {protocol.bootstrap_draws, static_cast<uint64_t>(protocol.bootstrap_seed), 0});
  return result;
}

}  // namespace tvr
