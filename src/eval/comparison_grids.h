#pragma once
#include <string>
#include <vector>

#include "eval/grid.h"
#include "tvr/eval/comparison.h"

namespace tvr {

/// Two significant digits; "< 0.0001" below that.
std::string p_text(double p);
/// One decimal where there is something behind the point.
std::string rank_text(double rank);

/// The tables of a system (0: the first after the baseline) in the direction `name` ("Text to video", …): metrics,
/// differences and tests; behind it, where systems have several seeds, one over these. Verdicts and what
/// reading_notes() says are not among the notes.
std::vector<Grid> pair_grids(const Comparison& comparison, const DirectionComparison& direction,
                             const std::string& name, size_t system);

/// What the columns of the tables mean.
std::vector<std::string> reading_notes(const Comparison& comparison);

}  // namespace tvr
