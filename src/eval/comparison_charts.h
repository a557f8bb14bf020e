#pragma once
#include <string>
#include <vector>

#include "tvr/eval/comparison.h"

namespace tvr {

// Inline SVG with the colours of kComparisonStyle. Each is an image with a title for screen readers. Systems with
// several seeds show the mean over these.

/// Behind page_style.h's: colours of the systems, the baseline's first, and of ranks that got better and worse. Lines
/// differ in their dashes too, for readers who see no hues.
inline constexpr char kComparisonStyle[] = R"css(
.s0 { --series: #5a626e; } .s1 { --series: #1f5fc4; } .s2 { --series: #d9822b; } .s3 { --series: #2f9e8f; } .s4 { --series: #a0307f; } .s5 { --series: #7a5c1e; }
@media (prefers-color-scheme: dark) { .s0 { --series: #a3abb8; } .s1 { --series: #6ea3f7; } .s2 { --series: #f0ab62; } .s3 { --series: #58c4b5; } .s4 { --series: #e08ac9; } .s5 { --series: #cdb37a; } }
.line.series { stroke: var(--series); } rect.series { fill: var(--series); } .swatch.series { background: var(--series); }
.line.s1 { stroke-dasharray: 9 2; } .line.s2 { stroke-dasharray: 5 3; } .line.s3 { stroke-dasharray: 2 3; } .line.s4 { stroke-dasharray: 9 3 2 3; } .line.s5 { stroke-dasharray: 1 5; }
rect.better { fill: var(--t2v); } rect.worse { fill: var(--v2t); } .swatch.better { background: var(--t2v); } .swatch.worse { background: var(--v2t); }
.changes th:nth-child(2), .changes td:nth-child(2) { text-align: left; white-space: normal; min-width: 12rem; max-width: 26rem; overflow-wrap: anywhere; }
.pair { margin-top: 2rem; } .side { margin: .8rem 0; } .side > .scroll { flex: 1 1 24rem; } .said { margin: .3rem 0; max-width: 62rem; }
)css";

/// The class of a system's colour and dashes; those of the sixth after the baseline are the first one's again.
std::string series_style(size_t system);
std::string systems_legend_html(const std::vector<std::string>& names);

/// One direction of all systems: seeds of each.
using SystemResults = std::vector<const std::vector<SeedResult>*>;

/// Share of queries whose right candidate is among the first k, over k (logarithmic).
std::string match_curves_svg(const std::vector<std::string>& names, const SystemResults& systems);
/// Share of queries by rank.
std::string rank_bars_svg(const std::vector<std::string>& names, const SystemResults& systems);
/// How many queries' ranks got better and worse than the baseline's, by how much.
std::string rank_changes_svg(const std::vector<SeedResult>& baseline, const std::vector<SeedResult>& system);

}  // namespace tvr
