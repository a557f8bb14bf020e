#pragma once
#include <string>

#include "eval/grid.h"
#include "tvr/eval/report.h"

namespace tvr {

/// Counts, rules and whatever a reader must know before believing a number: a line each.
std::string report_notes(const EvaluationReport& report);

Grid parts_grid(const EvaluationReport& report);
Grid breakdown_grid(const Breakdown& breakdown, const RandomNumbers& random);

}  // namespace tvr
