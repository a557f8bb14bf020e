// What rows of a table cost.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "eval/table_grids.h"
#include "tvr/base/names.h"

namespace tvr {
namespace {

void append_cost_columns(Grid& grid, const Table& table, const std::set<int64_t>& galleries) {
  const auto& columns = table.columns;
  if (columns.parameters) grid.columns.insert(grid.columns.end(), {"parameters", "trainable"});
  if (columns.time) grid.columns.emplace_back("training");
  if (columns.memory) grid.columns.emplace_back("peak memory");
  if (columns.latency)
    for (const auto gallery : galleries) grid.columns.push_back(fmt::format("ms/query of {}", gallery));
  if (columns.bytes) grid.columns.insert(grid.columns.end(), {"bytes/video", "bytes/text"});
}

GridCell text_cell(const std::optional<double>& value, std::string (*shown)(double)) {
  return {value ? shown(*value) : "", "", ""};
}

std::string whole(double value) {
  return fmt::format("{:.0f}", value);
}
std::string duration(double seconds) {
  return seconds < 120    ? fmt::format("{:.1f} s", seconds)
         : seconds < 7200 ? fmt::format("{:.1f} min", seconds / 60)
                          : fmt::format("{:.1f} h", seconds / 3600);
}
std::string megabytes(double value) {
  return fmt::format("{:.0f} MB", value);
}
std::string three_digits(double value) {
  const int decimals = value <= 0 ? 0 : std::clamp(2 - static_cast<int>(std::floor(std::log10(value))), 0, 6);
  return fmt::format("{:.{}f}", value, decimals);
}

GridRow cost_line(const Table& table, const TableRow& row, const std::set<int64_t>& galleries) {
  const auto& columns = table.columns;
  const auto cost = mean_cost(row);
  GridRow line{row.name, {}, false};
  const auto add = [&](const std::optional<double>& value, std::string (*shown)(double)) {
    line.cells.push_back(text_cell(value, shown));
  };
  if (columns.parameters) add(cost.parameters, whole), add(cost.trainable, whole);
  if (columns.time) add(cost.training_seconds, duration);
  if (columns.memory) add(cost.peak_memory_mb, megabytes);
  if (columns.latency)
    for (const auto gallery : galleries) {
      const auto found = cost.milliseconds_per_query.find(gallery);
      add(found == cost.milliseconds_per_query.end() ? std::nullopt : std::optional<double>(found->second),
          three_digits);
    }
  if (columns.bytes) add(cost.video_bytes, whole), add(cost.text_bytes, whole);
  return line;
}

// What no run says is no column.
void drop_empty_columns(Grid& grid) {
  for (size_t column = grid.columns.size(); column-- > 0;) {
    const auto empty = [&](const GridRow& row) { return row.cells[column].value.empty(); };
    if (!std::all_of(grid.rows.begin(), grid.rows.end(), empty)) continue;
    const auto place = static_cast<std::ptrdiff_t>(column);
    grid.columns.erase(grid.columns.begin() + place);
    for (auto& row : grid.rows) row.cells.erase(row.cells.begin() + place);
  }
}

std::string cost_note(const Table& table) {
  std::set<std::string> hardware;
  for (const auto& row : table.rows)
    for (const auto& run : row.runs)
      if (!run.cost.hardware.empty()) hardware.insert(run.cost.hardware);
  return "Parameters of what was trained (towers behind cached features are not in it); training: time in steps, "
         "evaluations not counted; peak memory: resident, of the training process; ms/query: one text scored against "
         "prepared videos; bytes: of a prepared video or text, float32. Measured on " +
         join({hardware.begin(), hardware.end()}, " and on ") + ".";
}

}  // namespace

Grid cost_grid(const Table& table) {
  Grid grid{"What it costs", "", {}, {}, {}, {}};
  std::set<int64_t> galleries;
  for (const auto& row : table.rows)
    for (const auto& [gallery, value] : mean_cost(row).milliseconds_per_query) galleries.insert(gallery);
  append_cost_columns(grid, table, galleries);
  if (grid.columns.empty()) return grid;
  for (const auto& row : table.rows) {
    auto line = cost_line(table, row, galleries);
    if (std::any_of(line.cells.begin(), line.cells.end(), [](const GridCell& cell) { return !cell.value.empty(); }))
      grid.rows.push_back(std::move(line));
  }
  drop_empty_columns(grid);
  if (!grid.rows.empty()) grid.notes.push_back(cost_note(table));
  return grid;
}

}  // namespace tvr
