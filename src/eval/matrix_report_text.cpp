#include <sstream>
#include <stdexcept>

#include "eval/grid.h"
#include "eval/report_text.h"
#include "tvr/base/names.h"
#include "tvr/eval/matrix_report.h"
#include "tvr/eval/page.h"

namespace tvr {
namespace {

constexpr const char* kTransductive = "†";

// One column of numbers: a name, and what it shows of a metric.
struct Column {
  std::string name;
  const MetricValues* values;
  const MetricIntervals* intervals = nullptr;
};

std::vector<Column> columns_of(const MatrixReport& report, bool texts) {
  const auto& whole = report.evaluation.report.whole;
  const auto& raw = texts ? whole.text_to_video : whole.video_to_text;
  std::vector<Column> columns{{"raw", &raw.values, raw.ci95 ? &*raw.ci95 : nullptr}};
  for (const auto& numbers : report.reranked)
    if (const auto& metrics = texts ? numbers.text_to_video : numbers.video_to_text)
      columns.push_back({numbers.spec.text() + (numbers.transductive ? kTransductive : ""), &metrics->values,
                         metrics->ci95 ? &*metrics->ci95 : nullptr});
  if (report.compat)
    columns.push_back({compat_name(report.compat->compat),
                       texts ? &report.compat->text_to_video.values : &report.compat->video_to_text.values});
  const auto& random = report.evaluation.report.random;
  columns.push_back({"random order", texts ? &random.text_to_video : &random.video_to_text});
  return columns;
}

GridCell cell_of(const Column& column, const Metric& metric) {
  const auto* value = column.values->find(metric);
  if (value == nullptr) return {};
  const auto* interval = column.intervals == nullptr ? nullptr : column.intervals->find(metric);
  return number_cell(*value, interval == nullptr ? std::nullopt : std::optional<Interval>(*interval));
}

std::string bank_text(const RerankSpec& spec, const BankUse& use) {
  const auto text = "a bank of " + std::to_string(use.bank_queries) + " queries";
  if (spec.method == RerankMethod::kQueryBank) return text + " normalised every query";
  return text + " has " + std::to_string(use.activated) + " candidates first; the " + std::to_string(use.normalised) +
         " queries with one of them first were normalised";
}

std::vector<std::string> notes_of(const MatrixReport& report) {
  std::vector<std::string> notes;
  bool transductive = false;
  for (const auto& numbers : report.reranked) {
    transductive = transductive || numbers.transductive;
    for (const auto* use : {&numbers.text_use, &numbers.video_use})
      if (*use)
        notes.push_back(numbers.spec.text() + ", " + (use == &numbers.text_use ? "text to video" : "video to text") +
                        ": " + bank_text(numbers.spec, **use) + ".");
    if (!numbers.text_to_video) notes.push_back(numbers.spec.text() + ": no --bank, so text to video stays raw.");
    if (!numbers.video_to_text) notes.push_back(numbers.spec.text() + ": no --video-bank, so video to text stays raw.");
  }
  if (transductive)
    notes.push_back(std::string(kTransductive) +
                    " transductive: looks at all test queries at once; not to be compared with raw numbers.");
  if (!report.compat) return notes;
  const auto name = compat_name(report.compat->compat);
  notes.push_back(name + ", text to video: " + report.compat->text_to_video.explanation + ".");
  notes.push_back(name + ", video to text (" + video_to_text_name(report.compat->definition) +
                  "): " + report.compat->video_to_text.explanation + ".");
  return notes;
}

Grid columns_grid(const MatrixReport& report, const std::string& title,
                  const std::vector<std::pair<std::string, std::vector<Column>>>& groups) {
  Grid grid{title, "", {}, {}, {}, {}};
  for (const auto& [name, columns] : groups) {
    if (title.empty()) grid.groups.emplace_back(name, columns.size());
    for (const auto& column : columns) grid.columns.push_back(column.name);
  }
  for (const auto& [metric, value] : report.evaluation.report.whole.text_to_video.values) {
    GridRow row{metric_name(metric), {}, false};
    for (const auto& [name, columns] : groups)
      for (const auto& column : columns) row.cells.push_back(cell_of(column, metric));
    grid.rows.push_back(std::move(row));
  }
  return grid;
}

// Both directions side by side, or one below the other where that would be too wide.
std::vector<Grid> metrics_grids(const MatrixReport& report) {
  constexpr size_t kMostColumns = 2;
  const auto texts = columns_of(report, true), videos = columns_of(report, false);
  std::vector<Grid> grids;
  if (texts.size() <= kMostColumns && videos.size() <= kMostColumns)
    grids = {columns_grid(report, "", {{"text to video", texts}, {"video to text", videos}})};
  else
    grids = {columns_grid(report, "Text to video", {{"", texts}}),
             columns_grid(report, "Video to text", {{"", videos}})};
  grids.back().notes = notes_of(report);
  grids.back().notes.push_back("RSum of both directions, raw: " + one_decimal(report.evaluation.report.whole.rsum()) +
                               ". All but MdR and MnR in percent.");
  return grids;
}

std::string html_of(const std::vector<Grid>& grids) {
  std::string html;
  for (const auto& grid : grids) html += grid_to_html(grid);
  return html;
}

std::string hub_names(const Hubness& hubness, const std::vector<std::string>& ids) {
  constexpr size_t kShown = 3;
  std::vector<std::string> names;
  for (size_t i = 0; i < hubness.hubs.size() && i < kShown; ++i)
    names.push_back(ids[hubness.hubs[i].first] + " (" + std::to_string(hubness.hubs[i].second) + ")");
  return join(names, ", ");
}

GridRow hub_row(const std::string& name, const Hubness& hubness, const std::vector<std::string>& ids) {
  const double share = 100 * static_cast<double>(hubness.never_retrieved) / static_cast<double>(hubness.candidates);
  char skewness[32];
  std::snprintf(skewness, sizeof(skewness), "%.2f", hubness.skewness);
  return {name,
          {{std::to_string(hubness.candidates), "", ""},
           {std::to_string(hubness.never_retrieved), "(" + one_decimal(share) + " %)", ""},
           {skewness, "", ""},
           {hub_names(hubness, ids), "", ""}},
          false};
}

Grid hub_grid(const MatrixReport& report) {
  Grid grid{"Hubs", "", {}, {"candidates", "never retrieved", "skewness", "retrieved most often"}, {}, {}};
  grid.rows = {hub_row("videos among the first 1", report.video_hubs.first, report.video_ids),
               hub_row("videos among the first 10", report.video_hubs.ten, report.video_ids),
               hub_row("texts among the first 1", report.text_hubs.first, report.text_ids),
               hub_row("texts among the first 10", report.text_hubs.ten, report.text_ids)};
  return grid;
}

Grid fusion_grid(const MatrixReport& report) {
  Grid grid{"Late fusion", "matrix", {}, {"weight"}, {}, {}};
  for (const auto& [name, weight] : report.fusion) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.4g", weight);
    grid.rows.push_back({name, {{text, "", ""}}, false});
  }
  return grid;
}

std::vector<Grid> grids_of(const MatrixReport& report) {
  const auto& evaluation = report.evaluation.report;
  auto grids = metrics_grids(report);
  if (!report.fusion.empty()) grids.push_back(fusion_grid(report));
  if (!evaluation.parts.empty()) grids.push_back(parts_grid(evaluation));
  for (const auto& breakdown : evaluation.breakdown) grids.push_back(breakdown_grid(breakdown, evaluation.random));
  grids.push_back(hub_grid(report));
  return grids;
}

std::string report_lines(const MatrixReport& report) {
  auto text = report_notes(report.evaluation.report);
  for (const auto& note : report.notes) text += "note: " + note + "\n";
  return text;
}

}  // namespace

std::string render_matrix_report(const MatrixReport& report, TableFormat format) {
  if (format != TableFormat::kText && format != TableFormat::kMarkdown && format != TableFormat::kLatex)
    throw std::logic_error("a matrix report is rendered as text, Markdown or LaTeX");
  const auto grids = grids_of(report);
  if (format == TableFormat::kText) {
    auto text = report_lines(report);
    for (const auto& grid : grids) text += "\n" + grid_to_text(grid);
    return text;
  }
  auto first = grids[0];
  std::istringstream lines(report_lines(report));
  std::vector<std::string> notes;
  for (std::string line; std::getline(lines, line);) notes.push_back(line);
  first.notes.insert(first.notes.begin(), notes.begin(), notes.end());
  const auto render = format == TableFormat::kMarkdown ? grid_to_markdown : grid_to_latex;
  auto text = render(first);
  for (size_t i = 1; i < grids.size(); ++i) text += "\n" + render(grids[i]);
  return text;
}

std::string matrix_page_html(const std::string& title, const MatrixReport& report) {
  EvaluationPage page{title, report.evaluation.report, report.evaluation.ranks, "", {}, {}, {}};
  for (const auto& note : report.notes) page.settings.emplace_back("note", note);
  page.sections.emplace_back("All metrics", html_of(metrics_grids(report)));
  if (!report.fusion.empty()) page.sections.emplace_back("Fusion", grid_to_html(fusion_grid(report)));
  auto hubs = hub_grid(report);
  hubs.title.clear();  // the section has it
  page.sections.emplace_back("Hubs", grid_to_html(hubs));
  return evaluation_page_html(page);
}

}  // namespace tvr
