#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tvr/eval/comparison.h"
#include "tvr/eval/table.h"

namespace tvr {

/// A number of a row over its seeds.
struct Measured {
  double value = 0;                  ///< mean over the seeds
  std::optional<Interval> interval;  ///< Student's over several seeds, the bootstrap's of one
};

/// The numbers of a row's runs, or nothing where a run lacks them. `of` gives a run's value and bootstrap interval.
struct SeedValue {
  double value = 0;
  std::optional<Interval> bootstrap;
};
std::optional<Measured> measured(const std::vector<std::optional<SeedValue>>& seeds);

using DirectionOfNumbers = DirectionMetrics RetrievalNumbers::*;
/// A metric of the whole score, or of the part of that name.
std::optional<Measured> measured(const TableRow& row, DirectionOfNumbers direction, const Metric& metric,
                                 const std::string& part = "");
/// R@1, or twin accuracy, of the queries with one value of a tag.
std::optional<Measured> measured_recall(const TableRow& row, const std::string& tag, const std::string& value);
std::optional<Measured> measured_twins(const TableRow& row, const std::string& tag, const std::string& value);

/// Mean over the seeds of what a run costs; nothing where a run does not say.
struct MeanCost {
  std::optional<double> parameters, trainable, training_seconds, peak_memory_mb, text_bytes, video_bytes;
  std::map<int64_t, double> milliseconds_per_query;
};
MeanCost mean_cost(const TableRow& row);

/// The row of a name. Throws ConfigError for the baseline's name if it is none; nullptr for an empty one.
const TableRow* baseline_of(const Table& table);
/// What the other rows are measured against: the baseline if it was run, else the first row that was; nullptr if none.
const TableRow* reference_of(const Table& table);

/// How a protocol differs from another in rules or data; empty: nowhere.
std::string protocol_difference(const Protocol& a, const Protocol& b);

/// Rows that can be paired with the baseline, compared with it; why the others cannot.
struct TableComparison {
  std::optional<Comparison> comparison;  ///< systems in the order of `rows`
  std::vector<const TableRow*> rows;     ///< compared ones
  std::vector<std::string> obstacles;    ///< sentences
  /// The pair of a row in a direction, or nullptr.
  const PairComparison* find(const TableRow& row, DirectionComparison Comparison::*direction) const;
};
TableComparison compare_with_baseline(const Table& table);

}  // namespace tvr
