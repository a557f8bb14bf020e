#include "eval/table_grids.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "eval/comparison_grids.h"
#include "tvr/base/names.h"

namespace tvr {
namespace {

GridCell cell_of(const std::optional<Measured>& measured) {
  return measured ? number_cell(measured->value, measured->interval) : GridCell{};
}

GridCell absent_cell(const TableRow& row) {
  return {row.failed ? "failed" : "not run", "", ""};
}

bool any_row(const Table& table, bool (*holds)(const TableRow&)) {
  return std::any_of(table.rows.begin(), table.rows.end(), holds);
}

void append_published(GridRow& line, const Table& table, const std::map<std::string, double>& numbers) {
  for (const auto& metric : table.columns.metrics) {
    const auto found = numbers.find(metric_name(metric));
    line.cells.push_back(found == numbers.end() ? GridCell{"–", "", ""} : number_cell(found->second));
  }
}

GridRow published_line(const Table& table, const TableRow& row, bool seeds) {
  GridRow line{published_name(table, row), {}, true};
  if (seeds) line.cells.push_back({});
  append_published(line, table, row.published->text_to_video);
  append_published(line, table, row.published->video_to_text);
  return line;
}

GridRow ours_line(const Table& table, const TableRow& row, bool seeds) {
  GridRow line{ours_name(row), {}, row.runs.empty()};
  if (seeds)
    line.cells.push_back(
        {row.runs.empty() ? "" : std::to_string(row.runs.size()), "", row.runs.size() == 1 ? kOneSeedMark : ""});
  for (const auto direction : {&RetrievalNumbers::text_to_video, &RetrievalNumbers::video_to_text})
    for (const auto& metric : table.columns.metrics)
      line.cells.push_back(row.runs.empty() ? absent_cell(row) : cell_of(measured(row, direction, metric)));
  return line;
}

GridRow random_line(const Table& table, const RandomNumbers& random, bool seeds) {
  GridRow line{"random order", {}, true};
  if (seeds) line.cells.push_back({});
  for (const auto* values : {&random.text_to_video, &random.video_to_text})
    for (const auto& metric : table.columns.metrics) {
      const auto* value = values->find(metric);
      line.cells.push_back(value == nullptr ? GridCell{} : number_cell(*value));
    }
  return line;
}

std::vector<std::string> interval_notes(const Table& table, const Protocol& protocol) {
  std::vector<std::string> notes;
  if (any_row(table, [](const TableRow& row) { return row.runs.size() > 1; }))
    notes.emplace_back(
        "Rows of several seeds: mean over the seeds, in brackets the 95 % interval of Student's t over the seeds (what "
        "another training would give, on these queries).");
  if (protocol.bootstrap_draws > 0 && any_row(table, [](const TableRow& row) { return row.runs.size() == 1; }))
    notes.push_back(
        fmt::format("{} One seed: in brackets the 95 % bootstrap interval over the queries (what other queries would "
                    "give, for this "
                    "training): {} draws of {} clusters, seed {}.",
                    kOneSeedMark, protocol.bootstrap_draws, protocol.clusters, protocol.bootstrap_seed));
  return notes;
}

std::string rules_note(const Protocol& protocol) {
  return (protocol.split.empty() ? std::string() : protocol.split + " split, ") + std::to_string(protocol.texts) +
         " texts, " + std::to_string(protocol.videos) + " videos; ties " + tie_policy_name(protocol.ties) +
         "; video to text by " + video_to_text_name(protocol.video_to_text) + ".";
}

void append_row_notes(std::vector<std::string>& notes, const TableRow& row, const TableRow* reference) {
  const auto add = [&](const std::string& note) {
    notes.push_back(row.name + ": " + note + (note.ends_with('.') ? "" : "."));
  };
  for (const auto& missing : row.missing) add(missing);
  std::set<std::string> said;  // seeds share what is to be said
  for (const auto& run : row.runs) {
    const auto& protocol = run.report.protocol;
    if (protocol.missing_videos > 0)
      said.insert(fmt::format("{} videos of the split are missing (policy: {})", protocol.missing_videos,
                              protocol.missing_policy));
    const auto& first = reference->runs.front();
    if (!run.inputs.empty() && !first.inputs.empty() && run.inputs != first.inputs)
      said.insert("trained on other annotations or from other initial weights than " + reference->name);
    const auto other = protocol_difference(protocol, first.report.protocol);
    if (!other.empty()) said.insert("not comparable with " + reference->name + " (" + other + ")");
  }
  for (const auto& note : said) add(note);
}

std::string builds_note(const Table& table) {
  std::map<std::string, int64_t> builds;
  for (const auto& row : table.rows)
    for (const auto& run : row.runs)
      if (!run.build.empty()) ++builds[run.build];
  if (builds.size() < 2) return "";
  std::vector<std::string> names;
  for (const auto& [build, runs] : builds)
    names.push_back(fmt::format("{} ({} run{})", build, runs, runs == 1 ? "" : "s"));
  return "Trained by several builds of tvr, whose numbers need not be each other's: " + join(names, ", ") + ".";
}

std::string not_run_note(const Table& table) {
  std::vector<std::string> names;
  for (const auto& row : table.rows) {
    if (row.not_run.empty()) continue;
    std::vector<std::string> seeds;
    for (const auto seed : row.not_run) seeds.push_back(std::to_string(seed));
    names.push_back(row.runs.empty() ? row.name : fmt::format("{} (seed {})", row.name, join(seeds, ", ")));
  }
  if (names.empty()) return "";
  return "Not run, or not to the end: " + join(names, "; ") +
         (table.make.empty() ? "." : ". Make it with: " + table.make);
}

// Each once, in the order of the rows: the places of published_name() in the notes.
std::vector<std::string> published_sources(const Table& table) {
  std::vector<std::string> sources;
  for (const auto& row : table.rows)
    if (row.published && std::find(sources.begin(), sources.end(), row.published->source) == sources.end())
      sources.push_back(row.published->source);
  return sources;
}

std::vector<std::string> source_notes(const Table& table) {
  std::vector<std::string> notes;
  const auto sources = published_sources(table);
  if (!sources.empty())
    notes.push_back(fmt::format("{} Published by others, not measured here. Sources:", kPublishedMark));
  for (size_t i = 0; i < sources.size(); ++i)
    notes.push_back(fmt::format("{}{} {}{}", kPublishedMark, i + 1, sources[i], sources[i].ends_with('.') ? "" : "."));
  return notes;
}

using ValueCell = std::optional<Measured> (*)(const TableRow&, const std::string& tag, const std::string& value);

Grid tag_grid(const Table& table, const std::string& title, const Breakdown& layout, ValueCell value, double random) {
  Grid grid{title, "", {}, {}, {}, {}};
  for (const auto& entry : layout.entries) grid.columns.push_back(entry.value);
  for (const auto& row : table.rows) {
    GridRow line{row.name, {}, false};
    for (const auto& entry : layout.entries) line.cells.push_back(cell_of(value(row, layout.tag, entry.value)));
    if (std::any_of(line.cells.begin(), line.cells.end(), [](const GridCell& cell) { return !cell.value.empty(); }))
      grid.rows.push_back(line);
  }
  grid.rows.push_back({"random order", std::vector<GridCell>(layout.entries.size(), number_cell(random)), true});
  return grid;
}

void append_differences(GridRow& line, const Table& table, const PairComparison& pair) {
  for (const auto& metric : table.columns.metrics) {
    const auto* entry = pair.metrics.find(metric);
    line.cells.push_back(entry == nullptr ? GridCell{}
                                          : difference_cell(entry->difference, entry->ci95, entry->shown()));
  }
}

void append_p_values(GridRow& line, const PairComparison& pair, bool seeds) {
  const auto& recall = pair.metrics[Metric::kR1];
  line.cells.push_back({recall.permutation ? p_text(recall.permutation->decisive()) : "", "", ""});
  if (seeds) line.cells.push_back({recall.welch ? p_text(recall.welch_p.decisive()) : "", "", ""});
}

std::vector<std::string> difference_notes(const Comparison& comparison, bool seeds) {
  const auto adjusted = comparison.names.size() > 2
                            ? fmt::format(", adjusted by Holm for {} rows", comparison.names.size() - 1)
                            : std::string();
  std::vector<std::string> notes{fmt::format(
      "* beyond chance: p < 0.05 in the paired permutation test{}, and the paired 95 % bootstrap interval in brackets "
      "does not hold 0; {} draws over clusters of queries. p: of R@1.{}",
      adjusted, comparison.options.draws,
      seeds ? " Several seeds: metrics are means over them, every seed of the one is swapped with every seed of the "
              "other."
            : "")};
  if (seeds)
    notes.push_back("p (seeds): Welch's test of the seeds' R@1" + adjusted +
                    "; the paired tests speak of these trainings, this one of further ones.");
  return notes;
}

}  // namespace

std::string published_name(const Table& table, const TableRow& row) {
  const auto sources = published_sources(table);
  const auto place = std::find(sources.begin(), sources.end(), row.published->source) - sources.begin();
  return fmt::format("{} {}{}", row.name, kPublishedMark, place + 1);
}

std::string ours_name(const TableRow& row) {
  return row.published ? row.name + " (ours)" : row.name;
}

Grid retrieval_grid(const Table& table) {
  const auto* reference = reference_of(table);
  const size_t count = table.columns.metrics.size();
  const bool seeds = reference != nullptr;
  Grid grid{table.title, "", {}, {}, {}, {}};
  if (seeds) grid.groups.emplace_back("", 1);
  if (seeds) grid.columns.emplace_back("seeds");
  for (const auto* direction : {"text to video", "video to text"}) {
    grid.groups.emplace_back(direction, count);
    for (const auto& metric : table.columns.metrics) grid.columns.push_back(metric_name(metric));
  }
  for (const auto& row : table.rows) {
    if (row.published) grid.rows.push_back(published_line(table, row, seeds));
    if (row.ours) grid.rows.push_back(ours_line(table, row, seeds));
  }
  if (reference != nullptr) {
    const auto& report = reference->runs.front().report;
    grid.rows.push_back(random_line(table, report.random, seeds));
    grid.notes.push_back(rules_note(report.protocol));
    for (auto& note : interval_notes(table, report.protocol)) grid.notes.push_back(std::move(note));
  }
  for (const auto& row : table.rows) append_row_notes(grid.notes, row, reference);
  if (auto note = builds_note(table); !note.empty()) grid.notes.push_back(std::move(note));
  if (auto note = not_run_note(table); !note.empty()) grid.notes.push_back(std::move(note));
  for (auto& note : source_notes(table)) grid.notes.push_back(std::move(note));
  return grid;
}

Grid difference_grid(const Table& table, const TableComparison& comparison) {
  Grid grid{"Difference to " + table.baseline, "", {}, {}, {}, {}};
  for (const auto& obstacle : comparison.obstacles) grid.notes.push_back(obstacle + ".");
  if (!comparison.comparison) return grid;
  const bool seeds = std::any_of(comparison.rows.begin(), comparison.rows.end(), [&](const TableRow* row) {
    const auto* pair = comparison.find(*row, &Comparison::text_to_video);
    return pair->metrics[Metric::kR1].welch.has_value();
  });
  const size_t count = table.columns.metrics.size() + 1 + (seeds ? 1 : 0);
  for (const auto* direction : {"text to video", "video to text"}) {
    grid.groups.emplace_back(direction, count);
    for (const auto& metric : table.columns.metrics) grid.columns.push_back(metric_name(metric));
    grid.columns.emplace_back("p");
    if (seeds) grid.columns.emplace_back("p (seeds)");
  }
  for (const auto* row : comparison.rows) {
    GridRow line{row->name, {}, false};
    for (const auto direction : {&Comparison::text_to_video, &Comparison::video_to_text}) {
      append_differences(line, table, *comparison.find(*row, direction));
      append_p_values(line, *comparison.find(*row, direction), seeds);
    }
    grid.rows.push_back(line);
  }
  auto notes = difference_notes(*comparison.comparison, seeds);
  grid.notes.insert(grid.notes.begin(), notes.begin(), notes.end());
  return grid;
}

std::vector<Grid> part_grids(const Table& table) {
  if (!table.columns.parts) return {};
  std::vector<std::string> names;
  for (const auto& row : table.rows)
    for (const auto& run : row.runs)
      for (const auto& [name, numbers] : run.report.parts)
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  if (names.empty()) return {};
  std::vector<Grid> grids;
  for (const auto& [title, direction] :
       {std::pair{"Text to video R@1 of each part alone", &RetrievalNumbers::text_to_video},
        std::pair{"Video to text R@1 of each part alone", &RetrievalNumbers::video_to_text}}) {
    Grid grid{title, "", {}, names, {}, {}};
    for (const auto& row : table.rows) {
      GridRow line{row.name, {}, false};
      for (const auto& name : names) line.cells.push_back(cell_of(measured(row, direction, Metric::kR1, name)));
      if (std::any_of(line.cells.begin(), line.cells.end(), [](const GridCell& cell) { return !cell.value.empty(); }))
        grid.rows.push_back(line);
    }
    grids.push_back(grid);
  }
  return grids;
}

std::vector<Grid> tag_grids(const Table& table) {
  const auto* reference = reference_of(table);
  std::vector<Grid> grids;
  if (reference == nullptr) return grids;
  const auto& report = reference->runs.front().report;
  for (const auto& layout : report.breakdown) {
    grids.push_back(tag_grid(table, "Text to video R@1 by " + layout.tag, layout, measured_recall,
                             report.random.text_to_video[Metric::kR1]));
    if (std::any_of(layout.entries.begin(), layout.entries.end(),
                    [](const BreakdownEntry& entry) { return entry.twins.has_value(); }))
      grids.push_back(tag_grid(table, "Twin accuracy by " + layout.tag, layout, measured_twins, kRandomTwinAccuracy));
  }
  return grids;
}

std::vector<Grid> table_grids(const Table& table, const TableComparison& comparison) {
  std::vector<Grid> grids{retrieval_grid(table)};
  auto differences = difference_grid(table, comparison);
  if (differences.rows.empty())
    grids[0].notes.insert(grids[0].notes.end(), differences.notes.begin(), differences.notes.end());
  else
    grids.push_back(std::move(differences));
  if (auto cost = cost_grid(table); !cost.rows.empty()) grids.push_back(std::move(cost));
  for (auto& grid : part_grids(table)) grids.push_back(std::move(grid));
  for (auto& grid : tag_grids(table)) grids.push_back(std::move(grid));
  return grids;
}

}  // namespace tvr
