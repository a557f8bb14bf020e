#include "eval/table_page.h"

#include <fmt/format.h>

#include "eval/page_parts.h"
#include "eval/table_charts.h"
#include "eval/table_grids.h"

namespace tvr {
namespace {

std::string grids_html(const std::vector<Grid>& grids) {
  std::string html;
  for (const auto& grid : grids) html += grid_to_html(grid);
  return "<div class=\"numbers\">\n" + html + "</div>\n";
}

using CostOf = std::optional<double> (*)(const MeanCost&);

std::vector<CostPoint> points_of(const Table& table, CostOf cost_of) {
  std::vector<CostPoint> points;
  for (const auto& row : table.rows) {
    const auto recall = measured(row, &RetrievalNumbers::text_to_video, Metric::kR1);
    const auto cost = cost_of(mean_cost(row));
    if (recall && cost && *cost > 0) points.push_back({row.name, *cost, *recall});
  }
  return points;
}

std::string plots_html(const Table& table) {
  std::string panels;
  if (const auto bars = recall_bars_svg(table); !bars.empty())
    panels += panel_html("R@1 with 95 % intervals", recall_bars_legend_html(table) + bars);
  const auto queries = points_of(table, [](const MeanCost& cost) {
    const auto& all = cost.milliseconds_per_query;
    return all.empty() ? std::nullopt : std::optional<double>(all.rbegin()->second);
  });
  if (const auto plot = cost_scatter_svg("ms per query at the largest gallery", queries); !plot.empty())
    panels += panel_html("Quality over query time", cost_legend_html(queries) + plot);
  const auto training = points_of(table, [](const MeanCost& cost) { return cost.training_seconds; });
  if (const auto plot = cost_scatter_svg("seconds of training", training); !plot.empty())
    panels += panel_html("Quality over training time", cost_legend_html(training) + plot);
  return panels.empty() ? "" : section_html("plots", "Plots", "<div class=\"panels\">\n" + panels + "</div>\n");
}

}  // namespace

std::string table_page_html(const Table& table, const TableComparison& comparison) {
  const auto title = table.title.empty() ? std::string("Table of results") : table.title;
  auto grids = table_grids(table, comparison);
  grids[0].title.clear();
  const std::vector<Grid> first{grids[0]}, others(grids.begin() + 1, grids.end());
  auto html = page_head_html(title, kTableStyle) + "<header><h1>" + escape_html(title) + "</h1></header>\n<main>\n" +
              section_html("numbers", "Retrieval", grids_html(first)) + plots_html(table);
  if (!others.empty()) html += section_html("more", "Differences, costs, breakdowns", grids_html(others));
  return html + "</main>\n</body></html>\n";
}

}  // namespace tvr
