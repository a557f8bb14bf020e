#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tvr/eval/metrics.h"
#include "tvr/eval/significance.h"
#include "tvr/eval/statistics.h"

namespace tvr {

/// One direction of one evaluation. Vectors have one entry a query.
struct SeedResult {
  QueryValues values;
  std::vector<std::string> ids;
  int64_t candidates = 0;  ///< how many a query chooses from
};

/// A system, with one result a direction for each seed it was trained with (one or more).
struct ComparedSystem {
  std::string name;
  std::vector<SeedResult> text_to_video, video_to_text;
};

/// What the queries of one direction have in common beyond the systems. Vectors have one entry a query.
struct ComparedQueries {
  std::vector<int64_t> clusters;      ///< as in statistics.h
  std::vector<std::string> captions;  ///< what a reader is shown beside the id; empty: nothing
};

/// At least two systems; every other one is compared with the first, the baseline.
struct ComparisonInput {
  std::vector<ComparedSystem> systems;
  ComparedQueries text_to_video, video_to_text;
};

/// p of a test, and Holm's adjustment over all systems compared where there is more than one.
struct PValue {
  double raw = 1;
  std::optional<double> holm;
  double decisive() const { return holm.value_or(raw); }
};

/// Queries that only one of the systems has right within the first K. Takes queries as independent.
struct McNemarTest {
  int64_t gained = 0, lost = 0;   ///< right by the system only, by the baseline only
  std::optional<OddsRatio> odds;  ///< gained / lost
  PValue p;
};

/// One metric of a system beside the baseline's. Ranks, percentages and their differences as in metrics.h.
struct MetricComparison {
  MeanInterval baseline, system;  ///< over the seeds
  double difference = 0;          ///< system minus baseline, means over the seeds
  /// Paired bootstrap: the same draws of clusters for both. None for fewer than two clusters or no draws.
  std::optional<Interval> ci95;
  /// Paired permutation test: each cluster swaps the two systems' results with chance 1/2. None without draws.
  std::optional<PValue> permutation;
  std::optional<McNemarTest> mcnemar;  ///< for R@K, where both systems have one seed
  std::optional<WelchTest> welch;      ///< of the seeds' values, where both systems have several
  PValue welch_p;                      ///< its p
  std::optional<double> effect;        ///< mean difference of a query over its standard deviation; means and RSum only
  /// True if permutation test (adjusted) and interval both say at the 5 % level that the systems differ.
  bool shown() const { return permutation && permutation->decisive() < 0.05 && ci95 && !ci95->contains(0); }
};

/// A query that one of the systems has first in more of its seeds than the other.
struct RankChange {
  int64_t query = 0;
  std::string id;
  double baseline = 1, system = 1;  ///< its ranks, means over the seeds
};

/// A system beside the baseline in one direction.
struct PairComparison {
  MetricMap<MetricComparison> metrics;
  std::vector<RankChange> gained, lost;  ///< at rank 1; those whose rank moved farthest first
  std::vector<std::string> verdicts;     ///< sentences on R@1 and RSum that claim no more than the tests allow
};

struct DirectionComparison {
  int64_t queries = 0, clusters = 0, candidates = 0;
  std::vector<PairComparison> systems;  ///< one for each system after the baseline
};

struct Comparison {
  std::vector<std::string> names;  ///< the baseline's first
  std::vector<int64_t> seeds;      ///< how many each system has
  BootstrapOptions options;        ///< draws of bootstrap and permutation test, seed
  DirectionComparison text_to_video, video_to_text;
};

/// Compares every system with the baseline. A pure function of input, draws and seed, whatever the threads. Several
/// seeds: the metric is computed for each and averaged; a permutation swaps between every seed of the one and every
/// seed of the other. Memory: the input, a copy of one pair of results, and a number for each draw, metric and system.
/// Throws DataError for fewer than two systems, equal names, a system without results or queries, and systems that were
/// evaluated on other queries, in another order, or on another number of candidates.
Comparison compare_systems(const ComparisonInput& input, const BootstrapOptions& options);

/// The claim about one metric in words; `queries` of them, `systems` compared with the baseline.
std::string verdict(const Metric& metric, const MetricComparison& comparison, const std::string& baseline,
                    const std::string& system, int64_t queries, int64_t systems);

/// A table with notes and verdicts for each system and direction, ending with a line feed.
std::string comparison_to_text(const Comparison& comparison);
std::string comparison_to_markdown(const Comparison& comparison);
std::string comparison_to_latex(const Comparison& comparison);
/// Everything in full precision, with every gained and lost query; an infinite ratio is null.
std::string comparison_to_json(const Comparison& comparison);

/// One self-contained HTML file with verdicts, tables, plots and the queries gained and lost. No script, nothing loaded
/// from elsewhere. `comparison` must be compare_systems() of `input`; `settings` are names and values to print at its
/// end.
std::string comparison_page_html(const std::string& title, const ComparisonInput& input, const Comparison& comparison,
                                 const std::vector<std::pair<std::string, std::string>>& settings = {});

}  // namespace tvr
