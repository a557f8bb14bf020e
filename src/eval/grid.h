#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tvr/eval/metrics.h"

namespace tvr {

/// A number of a printed table; empty value: nothing to show.
struct GridCell {
  std::string value;     ///< "45.0"
  std::string interval;  ///< "[41.2, 48.9]" or ""
  std::string mark;      ///< "*" or ""
};

struct GridRow {
  std::string name;
  std::vector<GridCell> cells;
  bool beside = false;  ///< not a system of ours (random order, published, not run): set apart
};

/// A table before it is text, Markdown, LaTeX or HTML. Groups head neighbouring columns; their
/// spans add up to the columns.
struct Grid {
  std::string title, corner;
  std::vector<std::pair<std::string, size_t>> groups;  ///< name, span; none: no line of groups
  std::vector<std::string> columns;
  std::vector<GridRow> rows;
  std::vector<std::string> notes;
};

GridCell number_cell(double value, const std::optional<Interval>& interval = std::nullopt);
/// With a sign, and "*" if `beyond`.
GridCell difference_cell(double value, const std::optional<Interval>& interval, bool beyond);

std::string grid_to_text(const Grid& grid);
std::string grid_to_markdown(const Grid& grid);
std::string grid_to_latex(const Grid& grid);
/// A <table> with caption and header cells that name their scope, inside a <div class="scroll">.
std::string grid_to_html(const Grid& grid);

/// One decimal, "-0.0" as "0.0".
std::string one_decimal(double value);
std::string escape_html(const std::string& text);

}  // namespace tvr
