#include "eval/chart_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "eval/grid.h"

namespace tvr::chart {

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

std::string percent_axis(double top_percent, double step) {
  std::string body;
  for (double percent = 0; percent <= top_percent + 1e-9; percent += step) {
    const double y = plot_y(percent, top_percent);
    body += line(kLeft, y, kWidth - kRight, y, percent == 0 ? "axis" : "rule");
    body += text(kLeft - 6, y + 4, "end", fmt::format("{:g}", percent));
  }
  return body;
}

std::string depth_axis(double last) {
  std::string body;
  const double span = std::log(std::max(last, 2.0));
  for (double decade = 1; decade <= last; decade *= 10)
    for (const double depth : {decade, 2 * decade, 5 * decade}) {
      if (depth > last) continue;
      const double x = kLeft + (kWidth - kLeft - kRight) * std::log(depth) / span;
      body += line(x, kTop + kPlotHeight, x, kTop + kPlotHeight + 4, "axis") +
              text(x, kTop + kPlotHeight + 17, "middle", fmt::format("{:g}", depth));
    }
  return body;
}

std::string axis_name(const std::string& name) {
  return text((kLeft + kWidth - kRight) / 2, kTop + kPlotHeight + 34, "middle", name);
}

double share_within(const std::vector<double>& sorted, double depth) {
  if (sorted.empty()) return 0;
  const auto hits = std::lower_bound(sorted.begin(), sorted.end(), depth) - sorted.begin();
  return 100.0 * static_cast<double>(hits) / static_cast<double>(sorted.size());
}

// More points than pixels would only make the page heavy.
std::vector<double> curve_depths(double last) {
  std::vector<double> depths;
  for (double depth = 1; depth < last; depth = std::max(depth + 1, std::floor(depth * 1.06))) depths.push_back(depth);
  depths.push_back(last);
  return depths;
}

std::string curve(const std::vector<double>& depths, double last, const std::string& style, const std::string& tip,
                  const std::function<double(double)>& share) {
  std::string points;
  const double span = std::log(std::max(last, 2.0));
  for (const double depth : depths)
    points += fmt::format("{:.1f},{:.1f} ", kLeft + (kWidth - kLeft - kRight) * std::log(depth) / span,
                          plot_y(share(depth), 100));
  points.pop_back();
  return fmt::format("<polyline class=\"{}\" points=\"{}\"><title>{}</title></polyline>\n", style, points,
                     escape_html(tip));
}

std::vector<Bin> rank_bins(double candidates) {
  const std::vector<Bin> all{{1, 1, "1"},       {2, 2, "2"},       {3, 5, "3–5"},       {6, 10, "6–10"},
                             {11, 20, "11–20"}, {21, 50, "21–50"}, {51, 100, "51–100"}, {101, 1e18, ">100"}};
  std::vector<Bin> bins;
  std::copy_if(all.begin(), all.end(), std::back_inserter(bins),
               [&](const Bin& bin) { return bin.first <= candidates; });
  return bins;
}

std::string swatch(const std::string& style, const std::string& name) {
  return "<span class=\"key\"><span class=\"swatch " + style + "\"></span>" + escape_html(name) + "</span> ";
}

}  // namespace tvr::chart
