#include "eval/table_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/chart_parts.h"
#include "eval/grid.h"
#include "eval/table_grids.h"

namespace tvr {
namespace {

using chart::kBottom;
using chart::kLeft;
using chart::kPlotHeight;
using chart::kRight;
using chart::kTop;
using chart::kWidth;

std::string described(const std::string& what, const Measured& measured) {
  const auto cell = number_cell(measured.value, measured.interval);
  return what + " " + cell.value + (cell.interval.empty() ? "" : " " + cell.interval);
}

// A line of the bar chart: R@1 in each direction, where it is known.
struct Bars {
  std::string name;
  std::optional<Measured> text_to_video, video_to_text;
  bool published = false;
};

std::optional<Measured> published_recall(const std::map<std::string, double>& numbers) {
  const auto found = numbers.find("R@1");
  return found == numbers.end() ? std::nullopt : std::optional<Measured>(Measured{found->second, std::nullopt});
}

std::vector<Bars> bars_of(const Table& table) {
  std::vector<Bars> bars;
  for (const auto& row : table.rows) {
    if (row.published)
      bars.push_back({published_name(table, row), published_recall(row.published->text_to_video),
                      published_recall(row.published->video_to_text), true});
    if (!row.runs.empty())
      bars.push_back({ours_name(row), measured(row, &RetrievalNumbers::text_to_video, Metric::kR1),
                      measured(row, &RetrievalNumbers::video_to_text, Metric::kR1), false});
  }
  std::erase_if(bars, [](const Bars& one) { return !one.text_to_video && !one.video_to_text; });
  return bars;
}

// A row's name stands above its bars.
constexpr double kFloor = 8, kName = 17, kBar = 10, kGap = 9;

double bar_x(double percent) {
  return kFloor + (kWidth - kRight - kFloor) * percent / 100;
}

std::string whiskers(const Interval& interval, double y) {
  const double low = bar_x(std::clamp(interval.low, 0.0, 100.0)), high = bar_x(std::clamp(interval.high, 0.0, 100.0));
  return chart::line(low, y, high, y, "whisker") + chart::line(low, y - 3, low, y + 3, "whisker") +
         chart::line(high, y - 3, high, y + 3, "whisker");
}

std::string recall_bar(const Measured& recall, double y, const std::string& style, const std::string& tip) {
  auto body = chart::bar(kFloor, y, bar_x(recall.value) - kFloor, kBar, style, tip);
  if (recall.interval) body += whiskers(*recall.interval, y + kBar / 2);
  return body;
}

// The axis of the scatter plots: from a power of ten below the smallest cost to one above the largest.
struct LogAxis {
  double low, high;
  double x(double cost) const {
    return kLeft + (kWidth - kLeft - kRight) * (std::log10(cost) - low) / std::max(1.0, high - low);
  }
};

std::string log_axis_svg(const LogAxis& axis, const std::string& name) {
  std::string body;
  for (double decade = axis.low; decade <= axis.high; ++decade) {
    const double x = axis.x(std::pow(10, decade)), floor = kTop + kPlotHeight;
    body += chart::line(x, floor, x, floor + 4, "axis") +
            chart::text(x, floor + 17, "middle", fmt::format("{:g}", std::pow(10, decade)));
  }
  return body + chart::axis_name(name + " (logarithmic)");
}

// Numbered, as names would cover each other.
std::string point_svg(const CostPoint& point, size_t number, const LogAxis& axis, double top) {
  const double x = axis.x(point.cost), y = chart::plot_y(point.recall.value, top);
  std::string body;
  if (point.recall.interval) {
    const auto height = [&](double percent) { return chart::plot_y(std::clamp(percent, 0.0, top), top); };
    body += chart::line(x, height(point.recall.interval->low), x, height(point.recall.interval->high), "whisker");
  }
  const auto tip = described(point.name + fmt::format(", {:.3g}: R@1", point.cost), point.recall);
  return body +
         fmt::format("<circle class=\"dot\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"><title>{}</title></circle>\n", x, y,
                     escape_html(tip)) +
         chart::text(x + 7, y - 4, "start", std::to_string(number));
}

}  // namespace

std::string recall_bars_svg(const Table& table) {
  const auto bars = bars_of(table);
  if (bars.empty()) return "";
  const double slot = kName + 2 * kBar + 2 + kGap, bottom = kTop + slot * static_cast<double>(bars.size());
  std::string body, title = "R@1 in percent.";
  for (int percent = 0; percent <= 100; percent += 25)
    body += chart::line(bar_x(percent), kTop, bar_x(percent), bottom, percent == 0 ? "axis" : "rule") +
            chart::text(bar_x(percent), bottom + 17, "middle", std::to_string(percent));
  double y = kTop + kName;
  for (const auto& one : bars) {
    body += chart::text(kFloor + 4, y - 4, "start", one.name);
    title += " " + one.name + ":";
    const auto add = [&](const std::optional<Measured>& recall, double top, const char* style, const char* direction) {
      if (!recall) return;
      const auto words = described(direction, *recall);
      body += recall_bar(*recall, top, one.published ? "published" : style, one.name + ", " + words);
      title += " " + words;
    };
    add(one.text_to_video, y, "t2v", "text to video");
    add(one.video_to_text, y + kBar + 2, "v2t", "video to text");
    title += ".";
    y += slot;
  }
  return chart::svg(bottom + 26, title, body);
}

std::string recall_bars_legend_html(const Table& table) {
  const bool published =
      std::any_of(table.rows.begin(), table.rows.end(), [](const TableRow& row) { return row.published.has_value(); });
  return "<p class=\"legend\">" + chart::swatch("t2v", "text to video (above)") +
         chart::swatch("v2t", "video to text (below)") +
         (published ? chart::swatch("published", "published by others") : "") + "</p>\n";
}

std::string cost_scatter_svg(const std::string& cost_name, const std::vector<CostPoint>& points) {
  if (points.size() < 2) return "";
  double low = points[0].cost, high = low, best = 10;
  std::string title = "Text to video R@1 over " + cost_name + ".";
  for (const auto& point : points) {
    low = std::min(low, point.cost);
    high = std::max(high, point.cost);
    best = std::max(
        {best, point.recall.value, point.recall.interval ? std::min(100.0, point.recall.interval->high) : 0.0});
    title += fmt::format(" {}: {} at {:.3g}.", point.name, one_decimal(point.recall.value), point.cost);
  }
  const double step = best > 50 ? 25 : 10, top = std::ceil(best / step) * step;
  const LogAxis axis{std::floor(std::log10(low)), std::ceil(std::log10(high) + 1e-9)};
  auto body = chart::percent_axis(top, step) + log_axis_svg(axis, cost_name);
  for (size_t i = 0; i < points.size(); ++i) body += point_svg(points[i], i + 1, axis, top);
  return chart::svg(kTop + kPlotHeight + kBottom, title, body);
}

std::string cost_legend_html(const std::vector<CostPoint>& points) {
  std::string html = "<p class=\"legend\">";
  for (size_t i = 0; i < points.size(); ++i)
    html += fmt::format("<span class=\"key\">{} {}</span> ", i + 1, escape_html(points[i].name));
  return html + "</p>\n";
}

}  // namespace tvr
