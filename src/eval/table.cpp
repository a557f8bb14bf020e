#include "tvr/eval/table.h"

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>

#include "eval/grid.h"
#include "eval/report_json.h"
#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/eval/statistics.h"

namespace tvr {
namespace {

constexpr std::array<Metric, 4> kColumns{Metric::kR1, Metric::kR5, Metric::kR10, Metric::kMdR};

const TableRow* find_row(const Table& table, const std::string& name) {
  const auto found =
      std::find_if(table.rows.begin(), table.rows.end(), [&](const TableRow& row) { return row.name == name; });
  return found == table.rows.end() ? nullptr : &*found;
}

const TableRow* baseline_of(const Table& table) {
  if (table.baseline.empty()) return nullptr;
  if (const auto* row = find_row(table, table.baseline)) return row;
  std::vector<std::string> names;
  for (const auto& row : table.rows) names.push_back(row.name);
  throw ConfigError(unknown_name_message("baseline row", table.baseline, names) + ".");
}

// What the other rows are measured against: the baseline if it has a report, else the first row
// that has one.
const TableRow* reference_of(const Table& table) {
  if (const auto* row = baseline_of(table); row != nullptr && row->report) return row;
  const auto found =
      std::find_if(table.rows.begin(), table.rows.end(), [](const TableRow& row) { return row.report.has_value(); });
  return found == table.rows.end() ? nullptr : &*found;
}

// How a row differs from the reference in rules or data; empty: nowhere.
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

struct RowDifference {
  PairedDifference text_to_video, video_to_text;
};

// Paired with the baseline, or why that is impossible.
struct Comparison {
  std::optional<RowDifference> difference;
  std::string obstacle;
};

Comparison compare_rows(const TableRow& row, const TableRow& baseline) {
  if (!row.report || !baseline.report) return {};
  if (!row.ranks || !baseline.ranks) return {std::nullopt, "no saved ranks, so no paired comparison"};
  const auto &mine = *row.ranks, &theirs = *baseline.ranks;
  if (mine.text_to_video.ids != theirs.text_to_video.ids || mine.video_to_text.ids != theirs.video_to_text.ids)
    return {std::nullopt, "evaluated on other queries than " + baseline.name + ", so no paired comparison"};
  const auto& protocol = baseline.report->protocol;
  if (const auto other = protocol_difference(row.report->protocol, protocol); !other.empty()) return {std::nullopt, ""};
  const BootstrapOptions options{protocol.bootstrap_draws, static_cast<uint64_t>(protocol.bootstrap_seed), 0};
  const auto paired = [&](const QueryRanks& a, const QueryRanks& b) {
    return paired_difference(query_values(a.positions(protocol.ties)), query_values(b.positions(protocol.ties)),
                             number_clusters(b.clusters), options);
  };
  return {
      RowDifference{paired(mine.text_to_video, theirs.text_to_video), paired(mine.video_to_text, theirs.video_to_text)},
      ""};
}

std::optional<Interval> interval_of(const DirectionMetrics& metrics, Metric metric) {
  if (!metrics.ci95) return std::nullopt;
  return metrics.interval(metric);
}

void append_direction(GridRow& row, const DirectionMetrics& metrics) {
  for (const auto metric : kColumns) row.cells.push_back(number_cell(metrics[metric], interval_of(metrics, metric)));
}
void append_direction(GridRow& row, const MetricValues& values) {
  for (const auto metric : kColumns) row.cells.push_back(number_cell(values[metric]));
}
void append_direction(GridRow& row, const std::map<std::string, double>& published) {
  for (const auto metric : kColumns) {
    const auto found = published.find(metric_name(metric));
    row.cells.push_back(found == published.end() ? GridCell{} : number_cell(found->second));
  }
}
void append_direction(GridRow& row, const PairedDifference& paired) {
  for (const auto metric : kColumns) {
    std::optional<Interval> interval;
    if (paired.ci95) interval = (*paired.ci95)[metric];
    row.cells.push_back(difference_cell(paired.difference[metric], interval, paired.beyond(metric)));
  }
}

Grid both_directions_grid(const std::string& title) {
  Grid grid{title, "", {{"text to video", kColumns.size()}, {"video to text", kColumns.size()}}, {}, {}, {}};
  for (int direction = 0; direction < 2; ++direction)
    for (const auto metric : kColumns) grid.columns.push_back(metric_name(metric));
  return grid;
}

GridRow retrieval_row(const TableRow& row) {
  GridRow result{row.name, {}, row.kind != TableRow::Kind::kRun};
  if (row.kind == TableRow::Kind::kRun) {
    append_direction(result, row.report->whole.text_to_video);
    append_direction(result, row.report->whole.video_to_text);
  } else if (row.kind == TableRow::Kind::kPublished) {
    result.name += " (published)";
    append_direction(result, row.published_text_to_video);
    append_direction(result, row.published_video_to_text);
  } else {
    result.name += " (not run)";
    result.cells.resize(2 * kColumns.size());
  }
  return result;
}

std::string rules_note(const Protocol& protocol) {
  std::string note = (protocol.split.empty() ? std::string() : protocol.split + " split, ") +
                     std::to_string(protocol.texts) + " texts, " + std::to_string(protocol.videos) + " videos; ties " +
                     tie_policy_name(protocol.ties) + "; video to text by " +
                     video_to_text_name(protocol.video_to_text) + ".";
  if (protocol.bootstrap_draws > 0)
    note += " 95 % intervals in brackets: " + std::to_string(protocol.bootstrap_draws) + " draws of " +
            std::to_string(protocol.clusters) + " clusters, seed " + std::to_string(protocol.bootstrap_seed) + ".";
  return note;
}

std::string row_note(const TableRow& row, const TableRow* reference) {
  if (row.kind == TableRow::Kind::kPublished)
    return row.name + ": published" + (row.source.empty() ? "." : " in " + row.source + ".");
  if (row.kind == TableRow::Kind::kNotRun)
    return row.name + ": not run" + (row.source.empty() ? "." : "; " + row.source + ".");
  const auto& protocol = row.report->protocol;
  std::vector<std::string> notes;
  if (protocol.missing_videos > 0)
    notes.push_back(std::to_string(protocol.missing_videos) +
                    " videos of the split are missing (policy: " + protocol.missing_policy + ")");
  if (const auto other = protocol_difference(protocol, reference->report->protocol); !other.empty())
    notes.push_back("not comparable with " + reference->name + " (" + other + ")");
  return notes.empty() ? "" : row.name + ": " + join(notes, "; ") + ".";
}

Grid retrieval_grid(const Table& table, const TableRow* reference) {
  auto grid = both_directions_grid(table.title);
  for (const auto& row : table.rows) grid.rows.push_back(retrieval_row(row));
  if (reference != nullptr) {
    GridRow random{"random order", {}, true};
    append_direction(random, reference->report->random.text_to_video);
    append_direction(random, reference->report->random.video_to_text);
    grid.rows.push_back(random);
    grid.notes.push_back(rules_note(reference->report->protocol));
  }
  for (const auto& row : table.rows)
    if (auto note = row_note(row, reference); !note.empty()) grid.notes.push_back(std::move(note));
  return grid;
}

std::vector<Comparison> comparisons_of(const Table& table, const TableRow* baseline) {
  std::vector<Comparison> result(table.rows.size());
  if (baseline == nullptr) return result;
  for (size_t i = 0; i < table.rows.size(); ++i)
    if (&table.rows[i] != baseline) result[i] = compare_rows(table.rows[i], *baseline);
  return result;
}

// No rows: nothing could be compared.
Grid difference_grid(const Table& table, const std::vector<Comparison>& comparisons) {
  auto grid = both_directions_grid("Difference to " + table.baseline);
  for (size_t i = 0; i < comparisons.size(); ++i) {
    if (!comparisons[i].obstacle.empty())
      grid.notes.push_back(table.rows[i].name + ": " + comparisons[i].obstacle + ".");
    if (!comparisons[i].difference) continue;
    GridRow row{table.rows[i].name, {}, false};
    append_direction(row, comparisons[i].difference->text_to_video);
    append_direction(row, comparisons[i].difference->video_to_text);
    grid.rows.push_back(row);
  }
  if (!grid.rows.empty())
    grid.notes.insert(grid.notes.begin(),
                      "* beyond chance: the paired 95 % interval of the difference does not hold 0.");
  return grid;
}

const Breakdown* breakdown_of(const TableRow& row, const std::string& tag) {
  if (!row.report) return nullptr;
  const auto& all = row.report->breakdown;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Breakdown& breakdown) { return breakdown.tag == tag; });
  return found == all.end() ? nullptr : &*found;
}

using EntryCell = std::function<GridCell(const BreakdownEntry&)>;

Grid tag_grid(const Table& table, const std::string& title, const Breakdown& layout, const EntryCell& cell,
              const GridCell& random) {
  Grid grid{title, "", {}, {}, {}, {}};
  for (const auto& entry : layout.entries) grid.columns.push_back(entry.value);
  for (const auto& row : table.rows) {
    const auto* breakdown = breakdown_of(row, layout.tag);
    if (breakdown == nullptr) continue;
    GridRow line{row.name, {}, false};
    for (const auto& wanted : layout.entries) {
      const auto& entries = breakdown->entries;
      const auto found = std::find_if(entries.begin(), entries.end(),
                                      [&](const BreakdownEntry& entry) { return entry.value == wanted.value; });
      line.cells.push_back(found == entries.end() ? GridCell{} : cell(*found));
    }
    grid.rows.push_back(line);
  }
  grid.rows.push_back({"random order", std::vector<GridCell>(layout.entries.size(), random), true});
  return grid;
}

std::vector<Grid> tag_grids(const Table& table, const EvaluationReport& reference) {
  std::vector<Grid> grids;
  for (const auto& layout : reference.breakdown) {
    grids.push_back(tag_grid(
        table, "Text to video R@1 by " + layout.tag, layout,
        [](const BreakdownEntry& entry) {
          return number_cell(entry.metrics[Metric::kR1], interval_of(entry.metrics, Metric::kR1));
        },
        number_cell(reference.random.text_to_video[Metric::kR1])));
    if (std::none_of(layout.entries.begin(), layout.entries.end(),
                     [](const BreakdownEntry& entry) { return entry.twins.has_value(); }))
      continue;
    grids.push_back(tag_grid(
        table, "Twin accuracy by " + layout.tag, layout,
        [](const BreakdownEntry& entry) {
          return entry.twins ? number_cell(entry.twins->accuracy, entry.twins->ci95) : GridCell{};
        },
        number_cell(kRandomTwinAccuracy)));
  }
  return grids;
}

std::vector<Grid> table_grids(const Table& table) {
  const auto* reference = reference_of(table);
  std::vector<Grid> grids{retrieval_grid(table, reference)};
  auto differences = difference_grid(table, comparisons_of(table, baseline_of(table)));
  if (differences.rows.empty()) {
    grids[0].notes.insert(grids[0].notes.end(), differences.notes.begin(), differences.notes.end());
  } else {
    grids.push_back(std::move(differences));
  }
  if (reference == nullptr) return grids;
  for (auto& grid : tag_grids(table, *reference->report)) grids.push_back(std::move(grid));
  return grids;
}

Json difference_json(const PairedDifference& paired) {
  Json json = Json::object();
  for (const auto& [metric, difference] : paired.difference) {
    auto& entry = json[metric_name(metric)];
    entry["difference"] = difference;
    if (!paired.ci95) continue;
    const auto& interval = (*paired.ci95)[metric];
    entry["ci95"] = {interval.low, interval.high};
    entry["beyond_interval"] = paired.beyond(metric);
  }
  return json;
}

Json row_json(const TableRow& row, const Comparison& comparison) {
  Json json{{"name", row.name},
            {"kind", row.kind == TableRow::Kind::kRun         ? "run"
                     : row.kind == TableRow::Kind::kPublished ? "published"
                                                              : "not run"},
            {"source", row.source}};
  if (row.report) json["metrics"] = report_json(*row.report);
  if (!row.published_text_to_video.empty()) json["published"]["text_to_video"] = row.published_text_to_video;
  if (!row.published_video_to_text.empty()) json["published"]["video_to_text"] = row.published_video_to_text;
  if (!comparison.obstacle.empty()) json["not_compared"] = comparison.obstacle;
  if (comparison.difference) {
    json["difference"]["text_to_video"] = difference_json(comparison.difference->text_to_video);
    json["difference"]["video_to_text"] = difference_json(comparison.difference->video_to_text);
  }
  return json;
}

std::string table_json(const Table& table) {
  const auto* baseline = baseline_of(table);
  const auto comparisons = comparisons_of(table, baseline);
  Json json{{"title", table.title}, {"baseline", table.baseline}, {"rows", Json::array()}};
  for (size_t i = 0; i < table.rows.size(); ++i) json["rows"].push_back(row_json(table.rows[i], comparisons[i]));
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

TableFormat parse_table_format(const std::string& name) {
  const std::vector<std::string> names{"text", "markdown", "latex", "html", "json"};
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw ConfigError(unknown_name_message("table format", name, names) + ".");
  return static_cast<TableFormat>(found - names.begin());
}

std::string render_table(const Table& table, TableFormat format) {
  if (format == TableFormat::kJson) return table_json(table);
  const auto render = format == TableFormat::kText       ? grid_to_text
                      : format == TableFormat::kMarkdown ? grid_to_markdown
                      : format == TableFormat::kLatex    ? grid_to_latex
                                                         : grid_to_html;
  std::string text;
  for (const auto& grid : table_grids(table)) text += (text.empty() ? "" : "\n") + render(grid);
  return text;
}

}  // namespace tvr
