#pragma once
#include <functional>
#include <string>
#include <vector>

namespace tvr::chart {

// Pieces of inline SVG. Coordinates are those of the view box, styles classes of the page's style sheet; texts are
// escaped here.

inline constexpr double kWidth = 440;
inline constexpr double kLeft = 40, kRight = 18, kTop = 12, kBottom = 40;
inline constexpr double kPlotHeight = 210;

/// An image with a title for screen readers.
std::string svg(double height, const std::string& title, const std::string& body);
std::string text(double x, double y, const std::string& anchor, const std::string& content);
std::string line(double x1, double y1, double x2, double y2, const std::string& style);
/// A rectangle that says `tip` when pointed at.
std::string bar(double x, double y, double width, double height, const std::string& style, const std::string& tip);

/// The height of a percentage in a plot that reaches up to `top_percent`.
double plot_y(double percent, double top_percent);
/// Horizontal lines with percentages, `step` apart.
std::string percent_axis(double top_percent, double step);
/// Ticks 1, 2, 5, 10, … up to `last` on a logarithmic axis below the plot.
std::string depth_axis(double last);
/// A name below the axis.
std::string axis_name(const std::string& name);

/// Share in percent of 0-based positions, in order, that lie within the first `depth`.
double share_within(const std::vector<double>& sorted, double depth);
/// Depths from 1 to `last`: every one at first, then about forty a decade.
std::vector<double> curve_depths(double last);
/// A line through share(depth), 0 to 100, over the logarithm of the depth.
std::string curve(const std::vector<double>& depths, double last, const std::string& style, const std::string& tip,
                  const std::function<double(double)>& share);

/// Ranks first … last.
struct Bin {
  double first, last;
  std::string name;
};
/// The bins of a rank histogram that `candidates` can reach.
std::vector<Bin> rank_bins(double candidates);

/// A coloured square with a name, for legends.
std::string swatch(const std::string& style, const std::string& name);

}  // namespace tvr::chart
