#pragma once
#include <string>
#include <vector>

#include "eval/table_summary.h"

namespace tvr {

/// Behind page_style.h's: points of the scatter plots and what is published.
inline constexpr char kTableStyle[] = R"css(
.panel .chart { max-width: 40rem; } .dot { fill: var(--t2v); } rect.published { fill: none; stroke: var(--soft); stroke-dasharray: 3 2; }
.swatch.published { border: 1px dashed var(--soft); }
)css";

/// R@1 of every row in both directions with intervals, published ones hollow; "" where no row has any.
std::string recall_bars_svg(const Table& table);
std::string recall_bars_legend_html(const Table& table);

/// One row of a scatter plot.
struct CostPoint {
  std::string name;
  double cost = 0;  ///< above 0
  Measured recall;
};
/// Text-to-video R@1 over a cost (logarithmic), numbered points with intervals; "" for fewer than two points.
std::string cost_scatter_svg(const std::string& cost_name, const std::vector<CostPoint>& points);
/// The numbers with their names.
std::string cost_legend_html(const std::vector<CostPoint>& points);

}  // namespace tvr
