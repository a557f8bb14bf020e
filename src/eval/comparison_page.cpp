#include <fmt/format.h>

#include <algorithm>

#include "eval/chart_parts.h"
#include "eval/comparison_charts.h"
#include "eval/comparison_grids.h"
#include "eval/page_parts.h"
#include "tvr/base/names.h"

namespace tvr {
namespace {

constexpr size_t kMostListed = 20;  // gained and lost queries of a system

// One direction of the page.
struct Side {
  std::string id, name;
  const DirectionComparison& comparison;
  const ComparedQueries& queries;
  SystemResults results;
};

Side side_of(const std::string& name, const std::string& id, const DirectionComparison& comparison,
             const ComparedQueries& queries, const ComparisonInput& input,
             std::vector<SeedResult> ComparedSystem::*direction) {
  Side side{id, name, comparison, queries, {}};
  for (const auto& system : input.systems) side.results.push_back(&(system.*direction));
  return side;
}

std::string verdicts_html(const std::vector<Side>& sides) {
  std::string html;
  for (const auto& side : sides) {
    html += "<h3>" + side.name + "</h3>\n";
    for (const auto& pair : side.comparison.systems)
      for (const auto& words : pair.verdicts) html += "<p class=\"said\">" + escape_html(words) + "</p>\n";
  }
  return html;
}

std::string plots_html(const Side& side, const std::vector<std::string>& names) {
  const auto legend = systems_legend_html(names);
  return "<div class=\"panels\">\n" +
         panel_html("Recall at k, percent", legend + match_curves_svg(names, side.results)) +
         panel_html("Queries by rank, percent", legend + rank_bars_svg(names, side.results)) + "</div>\n";
}

std::string changes_table(const std::vector<RankChange>& changes, const std::string& caption, const Side& side,
                          const std::string& baseline, const std::string& system) {
  std::string html =
      "<div class=\"scroll\"><table class=\"changes\">\n<caption>" + escape_html(caption) + "</caption>\n<thead><tr>";
  for (const auto& head : {std::string("query"), std::string("caption"), baseline, system})
    html += "<th scope=\"col\">" + escape_html(head) + "</th>";
  html += "</tr></thead>\n<tbody>\n";
  for (size_t i = 0; i < std::min(kMostListed, changes.size()); ++i) {
    const auto& change = changes[i];
    html += "<tr><th scope=\"row\">" + escape_html(change.id) + "</th><td>" +
            (side.queries.captions.empty() ? "" : escape_html(side.queries.captions[change.query])) + "</td><td>" +
            rank_text(change.baseline) + "</td><td>" + rank_text(change.system) + "</td></tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string listed(const std::string& what, const std::vector<RankChange>& changes) {
  return fmt::format("{} at rank 1: {} queries{}", what, changes.size(),
                     changes.size() > kMostListed ? fmt::format(", the {} that moved farthest", kMostListed) : "");
}

std::string pair_html(const Side& side, const Comparison& comparison, size_t system) {
  const auto& pair = side.comparison.systems[system];
  const auto &baseline = comparison.names[0], &name = comparison.names[system + 1];
  std::string html = "<h3 class=\"pair\">" + escape_html(name + " against " + baseline) + "</h3>\n";
  for (const auto& grid : pair_grids(comparison, side.comparison, side.name, system)) html += grid_to_html(grid);
  const auto legend = "<p class=\"legend\">" + chart::swatch("worse", "worse than " + baseline) +
                      chart::swatch("better", "better than " + baseline) + "</p>\n";
  html += "<div class=\"side\">\n" + panel_html("Queries whose rank moved",
                                                legend + rank_changes_svg(*side.results[0], *side.results[system + 1]));
  if (!pair.gained.empty()) html += changes_table(pair.gained, listed("Gained", pair.gained), side, baseline, name);
  if (!pair.lost.empty()) html += changes_table(pair.lost, listed("Lost", pair.lost), side, baseline, name);
  return html + "</div>\n";
}

std::string side_html(const Side& side, const Comparison& comparison) {
  auto html = plots_html(side, comparison.names);
  for (size_t system = 0; system < side.comparison.systems.size(); ++system)
    html += pair_html(side, comparison, system);
  return section_html(side.id, side.name, html);
}

std::string reading_html(const Comparison& comparison) {
  std::string html;
  for (const auto& note : reading_notes(comparison)) html += "<p class=\"note\">" + escape_html(note) + "</p>\n";
  return section_html("reading", "How to read the tables", html);
}

std::string settings_html(const Comparison& comparison,
                          const std::vector<std::pair<std::string, std::string>>& settings) {
  auto html = "<div class=\"scroll\"><table class=\"facts\"><tbody>\n" +
              fact_html("draws", std::to_string(comparison.options.draws)) +
              fact_html("seed of the draws", std::to_string(comparison.options.seed));
  for (size_t i = 0; i < comparison.names.size(); ++i)
    html += fact_html("results of " + comparison.names[i], fmt::format("{} seed(s)", comparison.seeds[i]));
  for (const auto& [name, value] : settings) html += fact_html(name, value);
  return section_html("settings", "Settings", html + "</tbody></table></div>\n");
}

std::string header_html(const std::string& title, const Comparison& comparison, const std::vector<Side>& sides) {
  std::string links = "<a href=\"#verdicts\">Verdicts</a>";
  for (const auto& side : sides) links += "\n<a href=\"#" + side.id + "\">" + side.name + "</a>";
  const std::vector<std::string> others(comparison.names.begin() + 1, comparison.names.end());
  return "<header><h1>" + escape_html(title) + "</h1>\n<p class=\"soft\">" +
         escape_html(join(others, ", ") + " against " + comparison.names[0]) + "</p>\n<nav aria-label=\"Sections\">" +
         links + "\n<a href=\"#reading\">How to read</a>\n<a href=\"#settings\">Settings</a></nav></header>\n";
}

}  // namespace

std::string comparison_page_html(const std::string& title, const ComparisonInput& input, const Comparison& comparison,
                                 const std::vector<std::pair<std::string, std::string>>& settings) {
  const std::vector<Side> sides{side_of("Text to video", "text-to-video", comparison.text_to_video, input.text_to_video,
                                        input, &ComparedSystem::text_to_video),
                                side_of("Video to text", "video-to-text", comparison.video_to_text, input.video_to_text,
                                        input, &ComparedSystem::video_to_text)};
  auto html = page_head_html(title, kComparisonStyle) + header_html(title, comparison, sides) + "<main>\n" +
              section_html("verdicts", "Verdicts", verdicts_html(sides));
  for (const auto& side : sides) html += side_html(side, comparison);
  return html + reading_html(comparison) + settings_html(comparison, settings) + "</main>\n</body></html>\n";
}

}  // namespace tvr
