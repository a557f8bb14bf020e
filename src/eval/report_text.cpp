#include "eval/report_text.h"

#include <algorithm>

#include "tvr/base/names.h"

namespace tvr {
namespace {

Grid direction_grid() {
  Grid grid;
  grid.columns = {"R@1", "R@5", "R@10", "R@50", "MdR", "MnR"};
  return grid;
}

std::optional<Interval> interval_of(const DirectionMetrics& metrics, Metric metric) {
  if (!metrics.ci95) return std::nullopt;
  return metrics.interval(metric);
}

GridRow direction_row(const std::string& name, const DirectionMetrics& metrics) {
  GridRow row{name, {}, false};
  for (const auto metric : {Metric::kR1, Metric::kR5, Metric::kR10, Metric::kR50, Metric::kMdR, Metric::kMnR})
    row.cells.push_back(number_cell(metrics[metric], interval_of(metrics, metric)));
  return row;
}

GridRow random_row(const MetricValues& values) {
  GridRow row{"  random order", {}, true};
  for (const auto metric : {Metric::kR1, Metric::kR5, Metric::kR10, Metric::kR50, Metric::kMdR, Metric::kMnR})
    row.cells.push_back(number_cell(values[metric]));
  return row;
}

std::string counts_line(const EvaluationReport& report) {
  const auto& protocol = report.protocol;
  std::string line = (protocol.split.empty() ? std::string() : protocol.split + " split, ") +
                     std::to_string(protocol.texts) + " texts, " + std::to_string(protocol.videos) + " videos; ties " +
                     tie_policy_name(protocol.ties) + "; video to text by " +
                     video_to_text_name(protocol.video_to_text);
  if (!report.whole.text_to_video.ci95)
    return line + (protocol.bootstrap_draws > 0 ? "\nno intervals: all queries are linked by common videos\n" : "\n");
  return line + "\n95 % intervals: " + std::to_string(protocol.bootstrap_draws) + " draws of " +
         std::to_string(protocol.clusters) + " clusters, seed " + std::to_string(protocol.bootstrap_seed) + "\n";
}

void append_warning(std::string& text, int64_t count, const std::string& what) {
  if (count > 0) text += "note: " + std::to_string(count) + " " + what + "\n";
}

// " (a, b, c, …)"
std::string examples(const std::vector<std::string>& ids) {
  constexpr size_t kShown = 5;
  std::vector<std::string> shown(ids.begin(), ids.begin() + static_cast<int64_t>(std::min(ids.size(), kShown)));
  if (ids.size() > kShown) shown.push_back("…");
  return shown.empty() ? "" : " (" + join(shown, ", ") + ")";
}

std::string warnings(const EvaluationReport& report) {
  std::string text;
  const auto& whole = report.whole;
  append_warning(text, report.protocol.missing_videos,
                 "videos of the split are missing (policy: " + report.protocol.missing_policy + ")");
  append_warning(text, report.protocol.truncated_texts, "captions were truncated");
  append_warning(text, report.protocol.videos_without_caption,
                 "videos have no text: they are candidates of text to video, and no part of video to text");
  const auto& special = report.special;
  append_warning(text, whole.text_to_video.nan_queries, "text queries met a NaN score" + examples(special.nan_texts));
  append_warning(text, whole.video_to_text.nan_queries, "video queries met a NaN score" + examples(special.nan_videos));
  append_warning(text, whole.text_to_video.infinite_queries,
                 "text queries met an infinite score" + examples(special.infinite_texts));
  append_warning(text, whole.video_to_text.infinite_queries,
                 "video queries met an infinite score" + examples(special.infinite_videos));
  append_warning(text, whole.text_to_video.tied_queries,
                 "text queries tie with a wrong video" + examples(special.tied_texts));
  append_warning(text, whole.video_to_text.tied_queries,
                 "video queries tie with a wrong text" + examples(special.tied_videos));
  return text;
}

}  // namespace

std::string report_notes(const EvaluationReport& report) {
  return counts_line(report) + warnings(report);
}

Grid parts_grid(const EvaluationReport& report) {
  auto grid = direction_grid();
  grid.title = "Parts of the score, each ranked alone";
  for (const auto& [name, numbers] : report.parts) {
    grid.rows.push_back(direction_row(name + ", text to video", numbers.text_to_video));
    grid.rows.push_back(direction_row(name + ", video to text", numbers.video_to_text));
  }
  return grid;
}

bool has_twins(const Breakdown& breakdown) {
  return std::any_of(breakdown.entries.begin(), breakdown.entries.end(),
                     [](const BreakdownEntry& entry) { return entry.twins.has_value(); });
}

Grid breakdown_grid(const Breakdown& breakdown, const RandomNumbers& random) {
  const bool twins = has_twins(breakdown);
  Grid grid{"Text to video by " + breakdown.tag, breakdown.tag, {}, {"R@1", "R@5", "R@10", "MdR", "queries"}, {}, {}};
  if (twins) grid.columns.emplace_back("twin accuracy");
  for (const auto& entry : breakdown.entries) {
    GridRow row{entry.value, {}, false};
    for (const auto& metric : {Metric::kR1, Metric::kR5, Metric::kR10, Metric::kMdR})
      row.cells.push_back(number_cell(entry.metrics[metric], interval_of(entry.metrics, metric)));
    row.cells.push_back({std::to_string(entry.metrics.queries), "", ""});
    if (twins) row.cells.push_back(entry.twins ? number_cell(entry.twins->accuracy, entry.twins->ci95) : GridCell{});
    grid.rows.push_back(row);
  }
  GridRow row{"random order", {}, true};
  for (const auto& metric : {Metric::kR1, Metric::kR5, Metric::kR10, Metric::kMdR})
    row.cells.push_back(number_cell(random.text_to_video[metric]));
  row.cells.emplace_back();
  if (twins) row.cells.push_back(number_cell(kRandomTwinAccuracy));
  grid.rows.push_back(row);
  return grid;
}

std::string report_to_text(const EvaluationReport& report) {
  auto grid = direction_grid();
  grid.rows = {direction_row("text to video", report.whole.text_to_video), random_row(report.random.text_to_video),
               direction_row("video to text", report.whole.video_to_text), random_row(report.random.video_to_text)};
  auto text = report_notes(report) + "\n" + grid_to_text(grid) + "RSum of both directions " +
              one_decimal(report.whole.rsum()) + "\n";
  if (const auto& twins = report.whole.twins) {
    const auto cell = number_cell(twins->accuracy, twins->ci95);
    text += "twin accuracy " + cell.value + (cell.interval.empty() ? "" : " " + cell.interval) + " over " +
            std::to_string(twins->queries) + " queries (random order " + one_decimal(kRandomTwinAccuracy) + ")\n";
  }
  if (!report.parts.empty()) text += "\n" + grid_to_text(parts_grid(report));
  for (const auto& breakdown : report.breakdown) text += "\n" + grid_to_text(breakdown_grid(breakdown, report.random));
  return text;
}

}  // namespace tvr
