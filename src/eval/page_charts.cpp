#include "eval/page_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "eval/chart_parts.h"
#include "eval/grid.h"
#include "eval/report_text.h"

namespace tvr {
namespace {

using namespace chart;

// 0-based positions in order.
std::vector<double> sorted_positions(const QueryRanks& ranks, TiePolicy policy) {
  auto positions = ranks.positions(policy);
  std::sort(positions.begin(), positions.end());
  return positions;
}

double gallery(const EvaluationReport& report) {
  return static_cast<double>(std::max<int64_t>(report.protocol.videos, 2));
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
  const double last = gallery(report);
  const auto texts = sorted_positions(ranks.text_to_video, report.protocol.ties),
             videos = sorted_positions(ranks.video_to_text, report.protocol.ties);
  auto body = percent_axis(100, 25) + depth_axis(last) + axis_name("k (logarithmic)");
  const auto depths = curve_depths(last);
  body += curve(depths, last, "line random", "random order", [&](double depth) { return 100 * depth / last; });
  body += curve(depths, last, "line v2t", "video to text", [&](double depth) { return share_within(videos, depth); });
  body += curve(depths, last, "line t2v", "text to video", [&](double depth) { return share_within(texts, depth); });
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
  body += axis_name("rank of the right candidate");
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
