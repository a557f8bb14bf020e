#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/comparison_grids.h"
#include "tvr/base/names.h"
#include "tvr/eval/comparison.h"

namespace tvr {
namespace {

constexpr size_t kMostNamed = 3;  // gained and lost queries below a table

std::string p_equals(double p) {
  return p_text(p).front() == '<' ? "p " + p_text(p) : "p = " + p_text(p);
}

std::string adjusted_for(int64_t systems) {
  return systems > 1 ? fmt::format(" (Holm, {} systems)", systems) : "";
}

std::string unit_of(const Metric& metric) {
  return smaller_is_better(metric) ? "ranks" : "points";
}

std::string claim(const Metric& metric, double difference, const std::string& baseline, const std::string& system) {
  if (metric.kind == Metric::Kind::kRecall)
    return fmt::format("{} retrieves {} at {} than {}", system, difference > 0 ? "more" : "fewer", metric_name(metric),
                       baseline);
  return fmt::format("{} has a {} {} than {}", system, difference > 0 ? "higher" : "lower", metric_name(metric),
                     baseline);
}

// Why no difference is shown, or how large one could be nevertheless.
std::string limits(const Metric& metric, const MetricComparison& comparison, int64_t queries) {
  if (!comparison.ci95) return " All queries form one cluster, so that no test can tell.";
  const auto& interval = *comparison.ci95;
  if (interval.low == interval.high)
    return fmt::format(" No draw of these {} queries tells the two apart; other queries might.", queries);
  if (!interval.contains(0)) return " The interval alone leaves 0 out; the test does not bear it out.";
  if (comparison.permutation->decisive() < 0.05) return " The test alone would show one, but the interval holds 0.";
  return fmt::format(" Differences from {} to {} {} cannot be excluded on these {} queries.", one_decimal(interval.low),
                     one_decimal(interval.high), unit_of(metric), queries);
}

std::string seeds_sentence(const MetricComparison& comparison, int64_t systems) {
  if (!comparison.welch) return "";
  const bool only_here = comparison.shown() && comparison.welch_p.decisive() >= 0.05;
  return fmt::format(" Welch's test of the seeds ({} and {}): {}{}{}.", comparison.system.count,
                     comparison.baseline.count, p_equals(comparison.welch_p.decisive()), adjusted_for(systems),
                     only_here ? ", so nothing is shown beyond these seeds" : "");
}

// Columns that not every table has.
struct Columns {
  bool holm = false, mcnemar = false;
};

Columns columns_of(const Comparison& comparison, const PairComparison& pair) {
  return {comparison.names.size() > 2, std::any_of(pair.metrics.begin(), pair.metrics.end(),
                                                   [](const auto& entry) { return entry.second.mcnemar.has_value(); })};
}

GridCell mean_cell(const MeanInterval& mean) {
  auto cell = number_cell(mean.mean);
  if (mean.deviation) cell.interval = "± " + one_decimal(*mean.deviation);
  return cell;
}

std::string signed_hundredths(double value) {
  const auto text = fmt::format("{:+.2f}", value);
  return text == "-0.00" || text == "+0.00" ? "0.00" : text;
}

void append_p(GridRow& row, const PValue* p, bool holm) {
  row.cells.push_back({p != nullptr ? p_text(p->raw) : "", "", ""});
  if (holm) row.cells.push_back({p != nullptr && p->holm ? p_text(*p->holm) : "", "", ""});
}

void append_mcnemar(GridRow& row, const std::optional<McNemarTest>& test, bool holm) {
  if (!test) {
    row.cells.resize(row.cells.size() + (holm ? 5 : 4));
    return;
  }
  row.cells.push_back({std::to_string(test->gained), "", ""});
  row.cells.push_back({std::to_string(test->lost), "", ""});
  row.cells.emplace_back();
  if (test->odds)
    row.cells.back() = {fmt::format("{:.2f}", test->odds->ratio),
                        fmt::format("[{:.2f}, {:.2f}]", test->odds->ci95.low, test->odds->ci95.high), ""};
  append_p(row, &test->p, holm);
}

std::vector<std::string> p_columns(bool holm) {
  return holm ? std::vector<std::string>{"p", "p Holm"} : std::vector<std::string>{"p"};
}

void append_columns(Grid& grid, const std::string& group, const std::vector<std::string>& columns,
                    const std::vector<std::string>& more = {}) {
  grid.groups.emplace_back(group, columns.size() + more.size());
  grid.columns.insert(grid.columns.end(), columns.begin(), columns.end());
  grid.columns.insert(grid.columns.end(), more.begin(), more.end());
}

Grid metrics_grid(const Comparison& comparison, const PairComparison& pair, const std::string& system) {
  const auto columns = columns_of(comparison, pair);
  Grid grid{"", "metric", {}, {}, {}, {}};
  append_columns(grid, "", {comparison.names[0], system, "difference"});
  append_columns(grid, "permutation", p_columns(columns.holm));
  if (columns.mcnemar) append_columns(grid, "McNemar", {"gained", "lost", "odds"}, p_columns(columns.holm));
  append_columns(grid, "", {"effect"});
  for (const auto& [metric, entry] : pair.metrics) {
    GridRow row{metric_name(metric), {mean_cell(entry.baseline), mean_cell(entry.system)}, false};
    row.cells.push_back(difference_cell(entry.difference, entry.ci95, false));
    append_p(row, entry.permutation ? &*entry.permutation : nullptr, columns.holm);
    if (columns.mcnemar) append_mcnemar(row, entry.mcnemar, columns.holm);
    row.cells.push_back({entry.effect ? signed_hundredths(*entry.effect) : "", "", ""});
    grid.rows.push_back(row);
  }
  return grid;
}

std::string changes_note(const std::vector<RankChange>& changes, const std::string& what) {
  std::vector<std::string> farthest;
  for (size_t i = 0; i < std::min(kMostNamed, changes.size()); ++i)
    farthest.push_back(
        fmt::format("{} (rank {} to {})", changes[i].id, rank_text(changes[i].baseline), rank_text(changes[i].system)));
  return fmt::format("{} at rank 1: {} queries{}.", what, changes.size(),
                     farthest.empty() ? "" : ", farthest " + join(farthest, ", "));
}

std::vector<std::string> table_notes(const Comparison& comparison, const DirectionComparison& direction,
                                     size_t system) {
  const auto& pair = direction.systems[system];
  std::vector<std::string> notes;
  if (columns_of(comparison, pair).mcnemar && direction.clusters < direction.queries)
    notes.push_back(fmt::format(
        "McNemar's test takes queries as independent, but these {} share {} clusters: its p is too small; the "
        "permutation test by cluster is the one that counts.",
        direction.queries, direction.clusters));
  const double least = std::pow(2.0, 1 - static_cast<double>(direction.clusters));
  if (comparison.options.draws > 0 && least > 0.05)
    notes.push_back(fmt::format("With so few clusters ({}) the permutation test cannot give a p below {}.",
                                direction.clusters, p_text(least)));
  if (comparison.seeds[0] == 1 && comparison.seeds[system + 1] == 1)
    notes.push_back("One seed each: what other seeds would give is not part of any interval or p.");
  notes.push_back(changes_note(pair.gained, "Gained"));
  notes.push_back(changes_note(pair.lost, "Lost"));
  return notes;
}

std::string t_interval(const MeanInterval& mean) {
  return mean.ci95 ? number_cell(0, mean.ci95).interval : "";
}

void append_welch(GridRow& row, const MetricComparison& entry, bool holm) {
  if (!entry.welch) {
    row.cells.resize(row.cells.size() + (holm ? 5 : 4));
    return;
  }
  row.cells.push_back(difference_cell(entry.welch->difference, entry.welch->ci95, false));
  row.cells.push_back({fmt::format("{:.2f}", entry.welch->t), "", ""});
  row.cells.push_back({fmt::format("{:.1f}", entry.welch->degrees), "", ""});
  append_p(row, &entry.welch_p, holm);
}

Grid seeds_grid(const Comparison& comparison, const PairComparison& pair, size_t system) {
  const bool holm = comparison.names.size() > 2, tested = comparison.seeds[0] > 1 && comparison.seeds[system + 1] > 1;
  Grid grid{"Over the seeds", "metric", {}, {}, {}, {}};
  append_columns(grid, "mean", {comparison.names[0], comparison.names[system + 1]});
  if (tested) append_columns(grid, "Welch", {"difference", "t", "degrees"}, p_columns(holm));
  for (const auto& [metric, entry] : pair.metrics) {
    GridRow row{metric_name(metric), {}, false};
    for (const auto* mean : {&entry.baseline, &entry.system})
      row.cells.push_back({one_decimal(mean->mean), t_interval(*mean), ""});
    if (tested) append_welch(row, entry, holm);
    grid.rows.push_back(row);
  }
  grid.notes.push_back(
      fmt::format("{} and {} seeds. In brackets: Student's 95 % intervals, which take the queries as given.",
                  comparison.seeds[0], comparison.seeds[system + 1]));
  return grid;
}

void append_grids(std::vector<Grid>& grids, const Comparison& comparison, const DirectionComparison& direction,
                  const std::string& name) {
  for (size_t system = 0; system < direction.systems.size(); ++system) {
    auto of_pair = pair_grids(comparison, direction, name, system);
    const auto& verdicts = direction.systems[system].verdicts;
    of_pair[0].notes.insert(of_pair[0].notes.begin(), verdicts.begin(), verdicts.end());
    for (auto& grid : of_pair) grids.push_back(std::move(grid));
  }
}

template <class Render>
std::string render(const Comparison& comparison, const Render& render_grid) {
  std::vector<Grid> grids;
  append_grids(grids, comparison, comparison.text_to_video, "Text to video");
  append_grids(grids, comparison, comparison.video_to_text, "Video to text");
  for (const auto& note : reading_notes(comparison)) grids.back().notes.push_back(note);
  std::string text;
  for (const auto& grid : grids) text += (text.empty() ? "" : "\n") + render_grid(grid);
  return text;
}

}  // namespace

std::string p_text(double p) {
  return p < 0.0001 ? "< 0.0001" : fmt::format("{:#.2g}", p);
}

std::string rank_text(double rank) {
  return fmt::format("{:g}", std::round(10 * rank) / 10);
}

std::vector<Grid> pair_grids(const Comparison& comparison, const DirectionComparison& direction,
                             const std::string& name, size_t system) {
  const auto& pair = direction.systems[system];
  const auto title =
      fmt::format("{}, {} against {}: {} queries in {} clusters, {} candidates", name, comparison.names[system + 1],
                  comparison.names[0], direction.queries, direction.clusters, direction.candidates);
  std::vector<Grid> grids{metrics_grid(comparison, pair, comparison.names[system + 1])};
  grids[0].title = title;
  grids[0].notes = table_notes(comparison, direction, system);
  if (comparison.seeds[0] > 1 || comparison.seeds[system + 1] > 1)
    grids.push_back(seeds_grid(comparison, pair, system));
  return grids;
}

std::vector<std::string> reading_notes(const Comparison& comparison) {
  const auto& baseline = comparison.names[0];
  const auto& options = comparison.options;
  std::vector<std::string> notes;
  if (options.draws > 0) {
    notes.push_back(fmt::format(
        "difference: the system minus {}; in brackets its 95 % interval from {} paired bootstrap draws of clusters, "
        "seed {}.",
        baseline, options.draws, options.seed));
    notes.push_back(fmt::format(
        "permutation: {} draws in which each cluster swaps the two systems' results with chance 1/2; p is the share "
        "that differs as much as the systems do.",
        options.draws));
  } else {
    notes.push_back(
        fmt::format("difference: the system minus {}. No draws were asked for, so nothing was tested.", baseline));
  }
  notes.push_back(fmt::format(
      "McNemar: queries that only the system (gained) or only {} (lost) has right within the first K, with the exact "
      "test; odds: gained / lost with its exact 95 % interval. For systems of one seed.",
      baseline));
  if (comparison.names.size() > 2)
    notes.push_back(
        fmt::format("p Holm: adjusted for the {} systems compared with {}.", comparison.names.size() - 1, baseline));
  notes.push_back("effect: mean difference of a query over its standard deviation.");
  notes.push_back("±: standard deviation over the seeds. Smaller is better for MdR and MnR.");
  return notes;
}

std::string verdict(const Metric& metric, const MetricComparison& comparison, const std::string& baseline,
                    const std::string& system, int64_t queries, int64_t systems) {
  const auto cell = difference_cell(comparison.difference, std::nullopt, false);
  auto numbers = fmt::format("{} {}", cell.value, unit_of(metric));
  if (!comparison.permutation)
    return fmt::format("{} against {} at {}: {}, not tested.", system, baseline, metric_name(metric), numbers);
  if (comparison.ci95) numbers += " " + number_cell(0, comparison.ci95).interval;
  numbers += ", permutation " + p_equals(comparison.permutation->decisive()) + adjusted_for(systems) + ".";
  const auto seeds = seeds_sentence(comparison, systems);
  if (comparison.shown()) return claim(metric, comparison.difference, baseline, system) + ": " + numbers + seeds;
  return fmt::format("No difference in {} is shown between {} and {}: {}{}{}", metric_name(metric), system, baseline,
                     numbers, limits(metric, comparison, queries), seeds);
}

std::string comparison_to_text(const Comparison& comparison) {
  return render(comparison, grid_to_text);
}
std::string comparison_to_markdown(const Comparison& comparison) {
  return render(comparison, grid_to_markdown);
}
std::string comparison_to_latex(const Comparison& comparison) {
  return render(comparison, grid_to_latex);
}

}  // namespace tvr
