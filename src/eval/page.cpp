#include "tvr/eval/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "eval/grid.h"
#include "eval/page_charts.h"
#include "eval/page_parts.h"
#include "eval/report_text.h"

namespace tvr {
namespace {

constexpr std::array<Metric, 6> kColumns{Metric::kR1,  Metric::kR5,  Metric::kR10,
                                         Metric::kR50, Metric::kMdR, Metric::kMnR};

std::optional<Interval> interval_of(const DirectionMetrics& metrics, Metric metric) {
  if (!metrics.ci95) return std::nullopt;
  return metrics.interval(metric);
}

std::string tile(const std::string& name, const GridCell& cell, const std::string& beside) {
  const auto interval =
      cell.interval.empty() ? std::string() : "<span>95 % interval " + escape_html(cell.interval) + "</span>";
  return "<div class=\"tile\"><span>" + escape_html(name) + "</span><b>" + escape_html(cell.value) + "</b>" + interval +
         "<span>" + escape_html(beside) + "</span></div>\n";
}

std::string recall_tile(const std::string& name, const DirectionMetrics& metrics, const MetricValues& random) {
  return tile(name, number_cell(metrics[Metric::kR1], interval_of(metrics, Metric::kR1)),
              "random order " + one_decimal(random[Metric::kR1]));
}

std::string tiles_html(const EvaluationReport& report) {
  const auto& whole = report.whole;
  auto html = "<div class=\"tiles\">\n" +
              recall_tile("Text to video R@1", whole.text_to_video, report.random.text_to_video) +
              recall_tile("Video to text R@1", whole.video_to_text, report.random.video_to_text);
  if (whole.twins)
    html += tile("Twin accuracy", number_cell(whole.twins->accuracy, whole.twins->ci95),
                 "random order " + one_decimal(kRandomTwinAccuracy));
  html += tile("RSum of both directions", number_cell(whole.rsum()),
               "random order " + one_decimal(report.random.text_to_video[Metric::kRSum] +
                                             report.random.video_to_text[Metric::kRSum]));
  return html + "</div>\n";
}

using DirectionOf = DirectionMetrics RetrievalNumbers::*;

std::string direction_table(const EvaluationReport& report, const std::string& title, DirectionOf direction,
                            const MetricValues& random) {
  Grid grid{title, "", {}, {}, {}, {}};
  for (const auto metric : kColumns) grid.columns.push_back(metric_name(metric));
  const auto add = [&](const std::string& name, const DirectionMetrics& metrics) {
    GridRow row{name, {}, false};
    for (const auto metric : kColumns) row.cells.push_back(number_cell(metrics[metric], interval_of(metrics, metric)));
    grid.rows.push_back(row);
  };
  add(report.parts.empty() ? "score" : "whole score", report.whole.*direction);
  for (const auto& [name, numbers] : report.parts) add("part: " + name, numbers.*direction);
  GridRow chance{"random order", {}, true};
  for (const auto metric : kColumns) chance.cells.push_back(number_cell(random[metric]));
  grid.rows.push_back(chance);
  return grid_to_html(grid);
}

std::string numbers_html(const EvaluationReport& report) {
  auto html = direction_table(report, "Text to video", &RetrievalNumbers::text_to_video, report.random.text_to_video) +
              direction_table(report, "Video to text", &RetrievalNumbers::video_to_text, report.random.video_to_text);
  if (report.whole.text_to_video.ci95)
    html += fmt::format(
        "<p class=\"note\">In brackets: 95 % intervals from {} bootstrap draws of {} clusters, "
        "seed {}.</p>\n",
        report.protocol.bootstrap_draws, report.protocol.clusters, report.protocol.bootstrap_seed);
  if (!report.parts.empty())
    html += "<p class=\"note\">Parts are the named terms of the score, each ranked alone.</p>\n";
  return html;
}

std::string breakdown_table(const Breakdown& breakdown, const RandomNumbers& random) {
  auto grid = breakdown_grid(breakdown, random);
  grid.title.clear();  // the section has it
  return grid_to_html(grid);
}

std::string plots_html(const EvaluationPage& page) {
  return "<div class=\"panels\">\n" +
         panel_html("Recall at k, percent", direction_legend_html(true) + match_curve_svg(page.report, page.ranks)) +
         panel_html("Queries by rank, percent",
                    direction_legend_html(false) + rank_histogram_svg(page.report, page.ranks)) +
         "</div>\n";
}

std::string breakdowns_html(const EvaluationReport& report) {
  std::string html;
  for (const auto& breakdown : report.breakdown)
    html += section_html(
        "by-" + std::to_string(html.size()), "Text to video by " + breakdown.tag,
        "<div class=\"side\">\n" +
            panel_html("Percent", breakdown_legend_html(breakdown) + breakdown_bars_svg(breakdown, report.random)) +
            breakdown_table(breakdown, report.random) + "</div>\n" +
            (has_twins(breakdown) ? "<p class=\"note\">Twin accuracy: of the queries whose video has a twin, the share "
                                    "that scores its own video above the twin.</p>\n"
                                  : ""));
  return html;
}

std::string spoken(std::string key) {
  std::replace(key.begin(), key.end(), '_', ' ');
  return key;
}

std::string fact_value(const std::string& value) {
  return value;
}
std::string fact_value(int64_t value) {
  return std::to_string(value);
}
std::string fact_value(TiePolicy value) {
  return tie_policy_name(value);
}
std::string fact_value(VideoToText value) {
  return video_to_text_name(value);
}
std::string fact_value(const std::map<std::string, std::string>& values) {
  std::string text;
  for (const auto& [file, hash] : values) text += (text.empty() ? "" : ", ") + file + " " + hash;
  return text;
}

std::string settings_html(const EvaluationPage& page) {
  std::string html = "<div class=\"scroll\"><table class=\"facts\"><tbody>\n";
  Protocol::fields(page.report.protocol,
                   [&](const char* key, const auto& value) { html += fact_html(spoken(key), fact_value(value)); });
  for (const auto& [name, value] : page.settings) html += fact_html(name, value);
  const auto& whole = page.report.whole;
  html += fact_html("tied queries", fmt::format("{} of texts, {} of videos", whole.text_to_video.tied_queries,
                                                whole.video_to_text.tied_queries));
  html += fact_html("queries with NaN", fmt::format("{} of texts, {} of videos", whole.text_to_video.nan_queries,
                                                    whole.video_to_text.nan_queries));
  html += "</tbody></table></div>\n";
  if (page.config.empty()) return html;
  return html + "<details><summary>Configuration, every default written out</summary><pre>" + escape_html(page.config) +
         "</pre></details>\n";
}

std::string warnings_html(const EvaluationReport& report) {
  std::string html;
  const auto add = [&](int64_t count, const std::string& what) {
    if (count > 0) html += "<p class=\"warn\">" + std::to_string(count) + " " + escape_html(what) + "</p>\n";
  };
  const auto& protocol = report.protocol;
  add(protocol.missing_videos, "videos of the split are missing (policy: " + protocol.missing_policy + ").");
  add(report.whole.text_to_video.nan_queries, "text queries met a score that is not a number; such scores rank last.");
  add(report.whole.video_to_text.nan_queries, "video queries met a score that is not a number; such scores rank last.");
  return html;
}

std::string base64(const std::string& bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) text += i + j <= bytes.size() ? kDigits[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

// "" for what browsers would not show.
std::string media_type(const std::string& image) {
  if (image.starts_with("\xFF\xD8\xFF")) return "image/jpeg";
  return image.starts_with("\x89PNG\r\n\x1A\n") ? "image/png" : "";
}

std::string seconds(double time) {
  return fmt::format("{:.1f} s", time);
}

// A rectangle drawn over a frame, with the number its word has in the list below.
struct Pin {
  size_t number;
  PageRegion region;
};

PageRegion clipped(PageRegion region) {
  const auto unit = [](double value) { return std::isfinite(value) ? std::clamp(value, 0.0, 1.0) : 0.0; };
  region = {unit(region.left), unit(region.top), unit(region.right), unit(region.bottom)};
  return {std::min(region.left, region.right), std::min(region.top, region.bottom), std::max(region.left, region.right),
          std::max(region.top, region.bottom)};
}

std::string overlay_html(const std::vector<Pin>& pins) {
  if (pins.empty()) return "";
  std::string boxes = "<svg viewBox=\"0 0 100 100\" preserveAspectRatio=\"none\" aria-hidden=\"true\">", numbers;
  for (const auto& pin : pins) {
    const auto region = clipped(pin.region);
    for (const char* style : {"under", "over"})
      boxes += fmt::format("<rect class=\"{}\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\"/>", style,
                           100 * region.left, 100 * region.top, 100 * (region.right - region.left),
                           100 * (region.bottom - region.top));
    numbers += fmt::format("<span class=\"pin\" aria-hidden=\"true\" style=\"left:{:.2f}%;top:{:.2f}%\">{}</span>",
                           100 * region.left, 100 * region.top, pin.number);
  }
  return boxes + "</svg>" + numbers;
}

std::string frame_html(const PageFrame& frame, const std::string& video_id, const std::vector<Pin>& pins) {
  const auto type = media_type(frame.image);
  const auto caption = fmt::format("frame {}, {}", frame.index, seconds(frame.time));
  if (type.empty())
    return "<figure><div class=\"shot empty\">no picture</div><figcaption>" + caption + "</figcaption></figure>";
  return "<figure><div class=\"shot\"><img alt=\"" + escape_html(video_id) + ", " + caption + "\" src=\"data:" + type +
         ";base64," + base64(frame.image) + "\">" + overlay_html(pins) + "</div><figcaption>" + caption +
         "</figcaption></figure>";
}

std::vector<Pin> pins_of_frame(const PageCandidate& candidate, int64_t frame) {
  std::vector<Pin> pins;
  for (size_t i = 0; i < candidate.matches.size(); ++i) {
    const auto& match = candidate.matches[i];
    if (match.region && match.frame == frame) pins.push_back({i + 1, *match.region});
  }
  return pins;
}

std::string frames_html(const PageCandidate& candidate) {
  if (candidate.frames.empty()) return "<div class=\"shot empty\">no picture</div>\n";
  std::string html;
  for (size_t i = 0; i < candidate.frames.size(); ++i) {
    if (i == 1) html += "<div class=\"more\">";
    const auto& frame = candidate.frames[i];
    html += frame_html(frame, candidate.video_id, pins_of_frame(candidate, frame.index));
  }
  return html + (candidate.frames.size() > 1 ? "</div>\n" : "\n");
}

std::string match_html(const PageMatch& match, size_t number, double largest) {
  std::string where = match.part;
  const auto add = [&](const std::string& text) { where += (where.empty() ? "" : ", ") + text; };
  if (match.frame) add("frame " + std::to_string(*match.frame));
  if (match.time) add(seconds(*match.time));
  if (match.region) add("region");
  const double share = largest > 0 && std::isfinite(match.weight) ? std::clamp(match.weight / largest, 0.0, 1.0) : 0;
  return fmt::format(
      "<li>{}<b>{}</b> <span class=\"score\">{:.2f}</span><span class=\"weight\"><i "
      "style=\"width:{:.0f}%\"></i></span>"
      "<span class=\"soft\">{}</span></li>\n",
      match.region ? fmt::format("<span class=\"pin\">{}</span> ", number) : "", escape_html(match.word), match.weight,
      100 * share, escape_html(where));
}

std::string candidate_html(const PageCandidate& candidate) {
  auto html = std::string("<li class=\"cand") + (candidate.right ? " right" : "") +
              "\"><div class=\"verdict\"><span>#" + std::to_string(candidate.rank) + "</span>" +
              (candidate.right ? "<span class=\"yes\">✓ right</span>" : "<span class=\"no\">✗ wrong</span>") +
              "</div>\n";
  html += frames_html(candidate) + "<div class=\"id\">" + escape_html(candidate.video_id) +
          "</div><div class=\"score\">score " + fmt::format("{:.4f}", candidate.score) + "</div>\n";
  double largest = 0;
  for (const auto& match : candidate.matches)
    largest = std::isfinite(match.weight) ? std::max(largest, match.weight) : largest;
  std::string words;
  for (size_t i = 0; i < candidate.matches.size(); ++i) words += match_html(candidate.matches[i], i + 1, largest);
  if (!words.empty()) html += "<ol class=\"words\" aria-label=\"Words and what they met\">\n" + words + "</ol>\n";
  return html + "</li>\n";
}

std::string query_html(const PageQuery& query, int64_t videos) {
  const bool hit = query.rank == 1;
  std::string html = "<article class=\"query\"><h3>“" + escape_html(query.caption) + "”</h3>\n<p>";
  html += fmt::format("<span class=\"chip {}\">{} rank {} of {}</span>", hit ? "hit" : "miss", hit ? "✓" : "✗",
                      query.rank, videos);
  if (!query.need.empty()) html += "<span class=\"chip\">need: " + escape_html(query.need) + "</span>";
  html += "<span class=\"chip\">right video: " + escape_html(query.right_video) +
          "</span><span class=\"chip\">text: " + escape_html(query.text_id) + "</span></p>\n<ol class=\"cards\">\n";
  for (const auto& candidate : query.candidates) html += candidate_html(candidate);
  return html + "</ol></article>\n";
}

std::string queries_html(const EvaluationPage& page) {
  std::string html =
      "<p class=\"note\">Each card is a video of the list, best first. Below it: which words met "
      "what, with their weight; numbered words "
      "have a rectangle on a frame.</p>\n";
  for (const auto& query : page.queries) html += query_html(query, page.report.protocol.videos);
  return section_html("queries", "Queries", html);
}

std::string sections_html(const EvaluationPage& page) {
  std::string html;
  for (size_t i = 0; i < page.sections.size(); ++i)
    html += section_html("section-" + std::to_string(i + 1), page.sections[i].first, page.sections[i].second);
  return html;
}

std::string header_html(const EvaluationPage& page) {
  const auto& protocol = page.report.protocol;
  return "<header><h1>" + escape_html(page.title) + "</h1>\n<p class=\"soft\">" +
         escape_html((protocol.split.empty() ? std::string() : protocol.split + " split, ") +
                     fmt::format("{} texts, {} videos; ties {}; video to text by {}", protocol.texts, protocol.videos,
                                 tie_policy_name(protocol.ties), video_to_text_name(protocol.video_to_text))) +
         "</p>\n<nav aria-label=\"Sections\"><a href=\"#numbers\">Numbers</a><a "
         "href=\"#plots\">Plots</a>" +
         (page.queries.empty() ? "" : "<a href=\"#queries\">Queries</a>") +
         "<a href=\"#settings\">Settings</a></nav></header>\n";
}

}  // namespace

std::string evaluation_page_html(const EvaluationPage& page) {
  const auto& report = page.report;
  return page_head_html(page.title) + header_html(page) + "<main>\n" + warnings_html(report) + tiles_html(report) +
         section_html("numbers", "Numbers", numbers_html(report)) + sections_html(page) +
         section_html("plots", "Plots", plots_html(page)) + breakdowns_html(report) +
         (page.queries.empty() ? "" : queries_html(page)) + section_html("settings", "Settings", settings_html(page)) +
         "</main>\n</body></html>\n";
}

}  // namespace tvr
