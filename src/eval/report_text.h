#pragma once
#include <string>

#include "eval/grid.h"
#include "tvr/eval/report.h"

namespace tvr {

/// Counts, rules and whatever a reader must know before believing a number: a line each.
std::string report_notes(const EvaluationReport& report);

/// True if a value of the tag has queries with twins.
bool has_twins(const Breakdown& breakdown);

Grid parts_grid(const EvaluationReport& report);
Grid breakdown_grid(const Breakdown& breakdown, const RandomNumbers& random);

}  // namespace tvr
