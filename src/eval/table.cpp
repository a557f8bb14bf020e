#include "tvr/eval/table.h"

#include <algorithm>

#include "eval/table_grids.h"
#include "eval/table_json.h"
#include "eval/table_page.h"
#include "tvr/base/error.h"
#include "tvr/base/names.h"

namespace tvr {
namespace {

// The switches of columns that are no metrics.
std::vector<std::pair<std::string, bool TableColumns::*>> switches() {
  return {{"difference", &TableColumns::difference},
          {"parameters", &TableColumns::parameters},
          {"time", &TableColumns::time},
          {"memory", &TableColumns::memory},
          {"latency", &TableColumns::latency},
          {"bytes", &TableColumns::bytes},
          {"parts", &TableColumns::parts}};
}

}  // namespace

TableColumns parse_table_columns(const std::vector<std::string>& names) {
  TableColumns columns;
  columns.metrics.clear();
  for (const auto& [name, member] : switches()) columns.*member = false;
  for (const auto& name : names) {
    bool known = false;
    for (const auto& [other, member] : switches())
      if (name == other) columns.*member = known = true;
    const auto metric = parse_metric(name);
    if (metric && std::find(columns.metrics.begin(), columns.metrics.end(), *metric) == columns.metrics.end())
      columns.metrics.push_back(*metric);
    if (known || metric) continue;
    std::vector<std::string> valid{"R@K", "MdR", "MnR", "RSum", "GM", "MRR", "mAP", "nDCG@K"};
    for (const auto& entry : switches()) valid.push_back(entry.first);
    throw ConfigError(unknown_name_message("column", name, valid) + ".");
  }
  if (columns.metrics.empty()) throw ConfigError("A table needs a metric among its columns, such as R@1.");
  return columns;
}

TableFormat parse_table_format(const std::string& name) {
  const std::vector<std::string> names{"text", "markdown", "latex", "html", "json"};
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw ConfigError(unknown_name_message("table format", name, names) + ".");
  return static_cast<TableFormat>(found - names.begin());
}

std::string render_table(const Table& table, TableFormat format) {
  const auto comparison = compare_with_baseline(table);
  if (format == TableFormat::kJson) return table_json(table, comparison);
  if (format == TableFormat::kHtml) return table_page_html(table, comparison);
  const auto render = format == TableFormat::kText       ? grid_to_text
                      : format == TableFormat::kMarkdown ? grid_to_markdown
                                                         : grid_to_latex;
  std::string text;
  for (const auto& grid : table_grids(table, comparison)) text += (text.empty() ? "" : "\n") + render(grid);
  return text;
}

}  // namespace tvr
