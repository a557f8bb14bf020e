#include "eval/comparison_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "eval/chart_parts.h"
#include "eval/grid.h"

namespace tvr {
namespace {

using chart::kBottom;
using chart::kLeft;
using chart::kPlotHeight;
using chart::kRight;
using chart::kTop;
using chart::kWidth;

// 0-based positions of all seeds in order: as every seed has the same queries, their shares are the means over seeds.
std::vector<double> sorted_positions(const std::vector<SeedResult>& seeds) {
  std::vector<double> positions;
  for (const auto& seed : seeds)
    positions.insert(positions.end(), seed.values.positions.begin(), seed.values.positions.end());
  std::sort(positions.begin(), positions.end());
  return positions;
}

double gallery(const SystemResults& systems) {
  return static_cast<double>(std::max<int64_t>(systems[0]->front().candidates, 2));
}

std::vector<double> mean_positions(const std::vector<SeedResult>& seeds) {
  std::vector<double> means(seeds.front().values.positions.size());
  for (const auto& seed : seeds)
    for (size_t i = 0; i < means.size(); ++i) means[i] += seed.values.positions[i] / static_cast<double>(seeds.size());
  return means;
}

// Ranks that moved by more than the bin before and at most `most`.
struct ChangeBin {
  double most;
  std::string name;
  int64_t better = 0, worse = 0;
};

std::vector<ChangeBin> change_bins(const std::vector<SeedResult>& baseline, const std::vector<SeedResult>& system) {
  std::vector<ChangeBin> bins{{1, "by 1"}, {5, "by 2–5"}, {20, "by 6–20"}, {100, "by 21–100"}, {1e18, "by >100"}};
  const auto before = mean_positions(baseline), after = mean_positions(system);
  for (size_t i = 0; i < before.size(); ++i) {
    const double moved = std::abs(before[i] - after[i]);
    if (moved == 0) continue;
    auto bin = std::find_if(bins.begin(), bins.end(), [&](const ChangeBin& one) { return moved <= one.most; });
    ++(after[i] < before[i] ? bin->better : bin->worse);
  }
  return bins;
}

}  // namespace

std::string series_style(size_t system) {
  return "series s" + std::to_string(system == 0 ? 0 : 1 + (system - 1) % 5);
}

std::string systems_legend_html(const std::vector<std::string>& names) {
  std::string html = "<p class=\"legend\">";
  for (size_t i = 0; i < names.size(); ++i) html += chart::swatch(series_style(i), names[i]);
  return html + "</p>\n";
}

std::string match_curves_svg(const std::vector<std::string>& names, const SystemResults& systems) {
  const double last = gallery(systems);
  const auto depths = chart::curve_depths(last);
  auto body = chart::percent_axis(100, 25) + chart::depth_axis(last) + chart::axis_name("k (logarithmic)");
  std::string title = "Recall at k over k, in percent.";
  for (size_t i = 0; i < systems.size(); ++i) {
    const auto sorted = sorted_positions(*systems[i]);
    const auto share = [&](double depth) { return chart::share_within(sorted, depth); };
    body += chart::curve(depths, last, "line " + series_style(i), names[i], share);
    title += fmt::format(" {}: {} at 1, {} at 10.", names[i], one_decimal(share(1)), one_decimal(share(10)));
  }
  return chart::svg(kTop + kPlotHeight + kBottom, title, body);
}

std::string rank_bars_svg(const std::vector<std::string>& names, const SystemResults& systems) {
  const auto bins = chart::rank_bins(gallery(systems));
  std::vector<std::vector<double>> shares;  // [systems][bins]
  double highest = 10;
  for (const auto* system : systems) {
    const auto sorted = sorted_positions(*system);
    shares.emplace_back();
    for (const auto& bin : bins) {
      shares.back().push_back(chart::share_within(sorted, bin.last) - chart::share_within(sorted, bin.first - 1));
      highest = std::max(highest, shares.back().back());
    }
  }
  const double step = highest > 50 ? 25 : 10, top = std::ceil(highest / step) * step, floor = chart::plot_y(0, top);
  const double slot = (kWidth - kLeft - kRight) / static_cast<double>(bins.size());
  const double width = 0.8 * slot / static_cast<double>(systems.size());
  auto body = chart::percent_axis(top, step) + chart::axis_name("rank of the right candidate");
  for (size_t bin = 0; bin < bins.size(); ++bin) {
    const double left = kLeft + slot * (static_cast<double>(bin) + 0.1);
    body += chart::text(left + 0.4 * slot, floor + 17, "middle", bins[bin].name);
    for (size_t i = 0; i < systems.size(); ++i) {
      const double y = chart::plot_y(shares[i][bin], top);
      body += chart::bar(left + width * static_cast<double>(i), y, width - 0.5, floor - y, series_style(i),
                         fmt::format("{}, rank {}: {} %", names[i], bins[bin].name, one_decimal(shares[i][bin])));
    }
  }
  return chart::svg(kTop + kPlotHeight + kBottom, "Share of queries by rank of the right candidate, in percent.", body);
}

std::string rank_changes_svg(const std::vector<SeedResult>& baseline, const std::vector<SeedResult>& system) {
  constexpr double kLabel = 84, kNumber = 44, kBar = 16, kGap = 12;
  const auto bins = change_bins(baseline, system);
  int64_t most = 1;
  for (const auto& bin : bins) most = std::max({most, bin.better, bin.worse});
  const double middle = (kLabel + kWidth - kRight) / 2, reach = middle - kLabel - kNumber;
  const auto length = [&](int64_t count) { return reach * static_cast<double>(count) / static_cast<double>(most); };
  std::string body, title = "Queries by how far their rank moved, worse to the left and better to the right.";
  double y = kTop;
  for (const auto& bin : bins) {
    const double worse = length(bin.worse), better = length(bin.better), base = y + kBar - 3;
    body += chart::text(kLabel - 8, base, "end", bin.name) +
            chart::bar(middle - worse, y, worse, kBar, "worse", fmt::format("{} worse {}", bin.worse, bin.name)) +
            chart::bar(middle, y, better, kBar, "better", fmt::format("{} better {}", bin.better, bin.name)) +
            chart::text(middle - worse - 5, base, "end", std::to_string(bin.worse)) +
            chart::text(middle + better + 5, base, "start", std::to_string(bin.better));
    title += fmt::format(" {}: {} worse, {} better.", bin.name, bin.worse, bin.better);
    y += kBar + kGap;
  }
  return chart::svg(y, title, body + chart::line(middle, kTop - 6, middle, y - kGap + 6, "axis"));
}

}  // namespace tvr
