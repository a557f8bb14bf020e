#pragma once
#include <string>

#include "tvr/eval/report.h"

namespace tvr {

// Inline SVG with the colours of page_style.h. Each is an image with a title for screen readers;
// the tables of the page hold the numbers.

/// Share of queries whose right candidate is among the first k, over k (logarithmic), both
/// directions and a random order.
std::string match_curve_svg(const EvaluationReport& report, const EvaluationRanks& ranks);

/// Share of queries by rank, both directions.
std::string rank_histogram_svg(const EvaluationReport& report, const EvaluationRanks& ranks);

/// R@1 and, where there are twins, twin accuracy of every value of a tag, with intervals.
std::string breakdown_bars_svg(const Breakdown& breakdown, const RandomNumbers& random);

/// "text to video" and "video to text" with their colours.
std::string direction_legend_html(bool with_random);
std::string breakdown_legend_html(const Breakdown& breakdown);

}  // namespace tvr
