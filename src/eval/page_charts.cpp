#include "eval/page_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "eval/grid.h"

namespace tvr {
namespace {

constexpr double kWidth = 440;
constexpr double kLeft = 40, kRight = 12, kTop = 12, kBottom = 40;
constexpr double kPlotHeight = 210;

std::string svg(double height, const std::string& title, const std::string& body) {
  return fmt::format("<svg class=\"chart\" viewBox=\"0 0 {:g} {:g}\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n",
                     kWidth, height, escape_html(title), body);
}
std::string text(double x, double y, const std::string& anchor, const std::string& content) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     escape_html(content));
}
std::string line(double x1, double y1, double x2, double y2, const std::string& style) {
  return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", style, x1, y1,
                     x2, y2);
}
std::string bar(double x, double y, double width, double height, const std::string& style, const std::string& tip) {
  return fmt::format(
      "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
      "rx=\"1.5\"><title>{}</title></rect>\n",
      style, x, y, std::max(0.0, width), std::max(0.0, height), escape_html(tip));
}

double plot_y(double percent, double top_percent) {
  return kTop + kPlotHeight * (1 - percent / top_percent);
}

// Horizontal lines with percentages, and what they are percentages of.
std::string percent_axis(double top_percent, double step) {
  std::string body;
  for (double percent = 0; percent <= top_percent + 1e-9; percent += step) {
    const double y = plot_y(percent, top_percent);
    body += line(kLeft, y, kWidth - kRight, y, percent == 0 ? "axis" : "rule");
    body += text(kLeft - 6, y + 4, "end", fmt::format("{:g}", percent));
  }
  return body;
}

// 0-based positions in order.
std::vector<double> sorted_positions(const QueryRanks& ranks, TiePolicy policy) {
  auto positions = ranks.positions(policy);
  std::sort(positions.begin(), positions.end());
  return positions;
}

double share_within(const std::vector<double>& sorted, double depth) {
  if (sorted.empty()) return 0;
  const auto hits = std::lower_bound(sorted.begin(), sorted.end(), depth) - sorted.begin();
  return 100.0 * static_cast<double>(hits) / static_cast<double>(sorted.size());
}

// Every rank at first, then about forty a decade: more points than pixels would only make the page
// heavy.
std::vector<double> curve_depths(double last) {
  std::vector<double> depths;
  for (double depth = 1; depth < last; depth = std::max(depth + 1, std::floor(depth * 1.06))) depths.push_back(depth);
  depths.push_back(last);
  return depths;
}

std::string curve(const std::vector<double>& depths, double last, const std::string& style,
                  const std::function<double(double)>& share) {
  std::string points;
  const double span = std::log(std::max(last, 2.0));
  for (const double depth : depths)
    points += fmt::format("{:.1f},{:.1f} ", kLeft + (kWidth - kLeft - kRight) * std::log(depth) / span,
                          plot_y(share(depth), 100));
  points.pop_back();
  return fmt::format("<polyline class=\"{}\" points=\"{}\"/>\n", style, points);
}

struct Bin {
  double first, last;  ///< ranks
  std::string name;
};
std::vector<Bin> rank_bins(double candidates) {
  const std::vector<Bin> all{{1, 1, "1"},       {2, 2, "2"},       {3, 5, "3–5"},       {6, 10, "6–10"},
                             {11, 20, "11–20"}, {21, 50, "21–50"}, {51, 100, "51–100"}, {101, 1e18, ">100"}};
  std::vector<Bin> bins;
  std::copy_if(all.begin(), all.end(), std::back_inserter(bins),
               [&](const Bin& bin) { return bin.first <= candidates; });
  return bins;
}

double gallery(const EvaluationReport& report) {
  return static_cast<double>(std::max<int64_t>(report.protocol.videos, 2));
}

std::string swatch(const std::string& style, const std::string& name) {
  return "<span class=\"key\"><span class=\"swatch " + style + "\"></span>" + escape_html(name) + "</span> ";
}

std::string interval_tip(const std::string& name, double value, const std::optional<Interval>& interval) {
  const auto cell = number_cell(value, interval);
  return name + " " + cell.value + (cell.interval.empty() ? "" : " " + cell.interval);
}

// One horizontal bar with a whisker. x spans 0 to 100 percent.
std::string measured_bar(double y, double height, const std::string& style, const std::string& name, double value,
                         const std::optional<Interval>& interval, double left) {
  const auto x = [&](double percent) { return left + (kWidth - kRight - left) * percent / 100; };
  auto body = bar(left, y, x(value) - left, height, style, interval_tip(name, value, interval));
  if (!interval) return body;
  const double middle = y + height / 2;
  return body + line(x(interval->low), middle, x(interval->high), middle, "whisker") +
         line(x(interval->low), middle - 3, x(interval->low), middle + 3, "whisker") +
         line(x(interval->high), middle - 3, x(interval->high), middle + 3, "whisker");
}

bool has_twins(const Breakdown& breakdown) {
  return std::any_of(breakdown.entries.begin(), breakdown.entries.end(),
                     [](const BreakdownEntry& entry) { return entry.twins.has_value(); });
}

// Long tag values would leave no room for their bars.
std::string shortened(const std::string& name) {
  constexpr size_t kMost = 16;
  if (name.size() <= kMost) return name;
  size_t end = kMost - 1;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;  // not inside a UTF-8 character
  return name.substr(0, end) + "…";
}

}  // namespace

std::string match_curve_svg(const EvaluationReport& report, const EvaluationRanks& ranks) {
  const double last = gallery(report), span = std::log(last);
  const auto texts = sorted_positions(ranks.text_to_video, report.protocol.ties),
             videos = sorted_positions(ranks.video_to_text, report.protocol.ties);
  auto body = percent_axis(100, 25);
  for (double decade = 1; decade <= last; decade *= 10) {
    for (const double depth : {decade, 2 * decade, 5 * decade}) {
      if (depth > last) continue;
      const double x = kLeft + (kWidth - kLeft - kRight) * std::log(depth) / span;
      body += line(x, kTop + kPlotHeight, x, kTop + kPlotHeight + 4, "axis") +
              text(x, kTop + kPlotHeight + 17, "middle", fmt::format("{:g}", depth));
    }
  }
  body += text((kLeft + kWidth - kRight) / 2, kTop + kPlotHeight + 34, "middle", "k (logarithmic)");
  const auto depths = curve_depths(last);
  body += curve(depths, last, "line random", [&](double depth) { return 100 * depth / last; });
  body += curve(depths, last, "line v2t", [&](double depth) { return share_within(videos, depth); });
  body += curve(depths, last, "line t2v", [&](double depth) { return share_within(texts, depth); });
  const auto title = fmt::format(
      "Recall at k over k. Text to video {} at 1 and {} at 10, video to text {} at 1 and {} at 10 "
      "percent.",
      one_decimal(share_within(texts, 1)), one_decimal(share_within(texts, 10)), one_decimal(share_within(videos, 1)),
      one_decimal(share_within(videos, 10)));
  return svg(kTop + kPlotHeight + kBottom, title, body);
}

std::string rank_histogram_svg(const EvaluationReport& report, const EvaluationRanks& ranks) {
  const auto bins = rank_bins(gallery(report));
  const std::array<std::vector<double>, 2> sorted{sorted_positions(ranks.text_to_video, report.protocol.ties),
                                                  sorted_positions(ranks.video_to_text, report.protocol.ties)};
  const auto share = [&](size_t direction, const Bin& bin) {
    return share_within(sorted[direction], bin.last) - share_within(sorted[direction], bin.first - 1);
  };
  double highest = 10;
  for (const auto& bin : bins) highest = std::max({highest, share(0, bin), share(1, bin)});
  const double step = highest > 50 ? 25 : 10, top = std::ceil(highest / step) * step;
  auto body = percent_axis(top, step);
  std::string title = "Share of queries by rank of the right candidate, in percent.";
  const double slot = (kWidth - kLeft - kRight) / static_cast<double>(bins.size()), width = 0.38 * slot;
  for (size_t i = 0; i < bins.size(); ++i) {
    const double middle = kLeft + slot * (static_cast<double>(i) + 0.5), floor = plot_y(0, top);
    const std::array<double, 2> shares{share(0, bins[i]), share(1, bins[i])};
    const auto tip = [&](const std::string& name, double value) {
      return name + ", rank " + bins[i].name + ": " + one_decimal(value) + " %";
    };
    body += bar(middle - width - 0.5, plot_y(shares[0], top), width, floor - plot_y(shares[0], top), "t2v",
                tip("text to video", shares[0]));
    body += bar(middle + 0.5, plot_y(shares[1], top), width, floor - plot_y(shares[1], top), "v2t",
                tip("video to text", shares[1]));
    body += text(middle, floor + 17, "middle", bins[i].name);
    title += fmt::format(" Rank {}: {} and {}.", bins[i].name, one_decimal(shares[0]), one_decimal(shares[1]));
  }
  body += text((kLeft + kWidth - kRight) / 2, kTop + kPlotHeight + 34, "middle", "rank of the right candidate");
  return svg(kTop + kPlotHeight + kBottom, title, body);
}

std::string breakdown_bars_svg(const Breakdown& breakdown, const RandomNumbers& random) {
  const bool twins = has_twins(breakdown);
  constexpr double kLabel = 100, kBar = 11, kGap = 14;
  const double slot = (twins ? 2 * kBar + 2 : kBar) + kGap,
               bottom = kTop + slot * static_cast<double>(breakdown.entries.size());
  const auto x = [&](double percent) { return kLabel + (kWidth - kRight - kLabel) * percent / 100; };
  std::string body,
      title = "R@1" + std::string(twins ? " and twin accuracy" : "") + " by " + breakdown.tag + ", in percent.";
  for (int percent = 0; percent <= 100; percent += 25)
    body += line(x(percent), kTop, x(percent), bottom, percent == 0 ? "axis" : "rule") +
            text(x(percent), bottom + 17, "middle", std::to_string(percent));
  for (size_t i = 0; i < breakdown.entries.size(); ++i) {
    const auto& entry = breakdown.entries[i];
    const double y = kTop + slot * static_cast<double>(i) + kGap / 2, recall = entry.metrics[Metric::kR1];
    std::optional<Interval> interval;
    if (entry.metrics.ci95) interval = entry.metrics.interval(Metric::kR1);
    body += text(kLabel - 8, y + (twins ? kBar + 5 : kBar - 2), "end", shortened(entry.value));
    body += measured_bar(y, kBar, "t2v", entry.value + ", R@1", recall, interval, kLabel);
    title += " " + interval_tip(entry.value + ": R@1", recall, interval);
    if (entry.twins) {
      body += measured_bar(y + kBar + 2, kBar, "twin", entry.value + ", twin accuracy", entry.twins->accuracy,
                           entry.twins->ci95, kLabel);
      title += ", " + interval_tip("twin accuracy", entry.twins->accuracy, entry.twins->ci95);
    }
    title += ".";
  }
  if (twins) body += line(x(kRandomTwinAccuracy), kTop, x(kRandomTwinAccuracy), bottom, "chance");
  body += line(x(random.text_to_video[Metric::kR1]), kTop, x(random.text_to_video[Metric::kR1]), bottom, "chance");
  return svg(bottom + 26, title, body);
}

std::string direction_legend_html(bool with_random) {
  return "<p class=\"legend\">" + swatch("t2v", "text to video") + swatch("v2t", "video to text") +
         (with_random ? swatch("random", "random order") : "") + "</p>\n";
}

std::string breakdown_legend_html(const Breakdown& breakdown) {
  return "<p class=\"legend\">" + swatch("t2v", "R@1") + (has_twins(breakdown) ? swatch("twin", "twin accuracy") : "") +
         swatch("random", "random order") + "</p>\n";
}

}  // namespace tvr
