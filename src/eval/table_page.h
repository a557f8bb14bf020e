#pragma once
#include <string>

#include "eval/table_summary.h"

namespace tvr {

/// One self-contained HTML file: every table, R@1 as bars with intervals, quality over cost. No script, nothing loaded
/// from elsewhere.
std::string table_page_html(const Table& table, const TableComparison& comparison);

}  // namespace tvr
