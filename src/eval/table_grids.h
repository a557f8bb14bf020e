#pragma once
#include <string>
#include <vector>

#include "eval/grid.h"
#include "eval/table_summary.h"

namespace tvr {

inline constexpr char kPublishedMark[] = "†", kOneSeedMark[] = "‡";

/// What a line of a table is called; published numbers are marked.
std::string published_name(const Table& table, const TableRow& row);
/// "NAME (ours)" where published numbers stand beside.
std::string ours_name(const TableRow& row);

/// Both directions of the whole score, published lines above ours, a random order below.
Grid retrieval_grid(const Table& table);
/// Differences to the baseline with intervals and p of R@1, and what cannot be compared. No rows: nothing could.
Grid difference_grid(const Table& table, const TableComparison& comparison);
/// Parameters, time, memory, latency and bytes. No rows: no run says anything, or no such column is wanted.
Grid cost_grid(const Table& table);
/// R@1 of every named part of the score; no grids unless parts are wanted.
std::vector<Grid> part_grids(const Table& table);
/// R@1 and, where there are twins, twin accuracy for each value of each tag of the reference.
std::vector<Grid> tag_grids(const Table& table);
/// All of them that hold anything, in printing order.
std::vector<Grid> table_grids(const Table& table, const TableComparison& comparison);

}  // namespace tvr
