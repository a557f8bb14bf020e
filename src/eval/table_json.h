#pragma once
#include <string>

#include "eval/table_summary.h"

namespace tvr {

/// Everything in full precision: runs with their metrics and costs, what was published, means over the seeds,
/// differences, tests.
std::string table_json(const Table& table, const TableComparison& comparison);

}  // namespace tvr
