#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tvr/eval/report.h"

namespace tvr {

/// What a trained model costs, from its run's manifest; what that does not say is absent.
struct RunCost {
  std::optional<int64_t> parameters, trainable;    ///< of what was trained; towers behind cached features are not in it
  std::optional<double> training_seconds;          ///< in training steps, evaluations not counted
  std::optional<double> peak_memory_mb;            ///< resident memory of the training process
  std::optional<int64_t> text_bytes, video_bytes;  ///< of one text or video, prepared for scoring
  std::map<int64_t, double> milliseconds_per_query;  ///< size of the gallery -> a text scored against all of it
  std::string hardware;                              ///< with the number of threads
};

/// One finished run of a row: one seed.
struct TableRun {
  EvaluationReport report;               ///< its protocol holds the seed
  std::optional<EvaluationRanks> ranks;  ///< where the evaluation kept them
  RunCost cost;
  std::string source;               ///< run directory
  std::string build;                ///< commit of the program that trained it; "" where the run does not say
  std::vector<std::string> inputs;  ///< checksums of its annotations and initial weights, sorted
};

/// Somebody's printed numbers by metric name.
struct PublishedNumbers {
  std::map<std::string, double> text_to_video, video_to_text;
  std::string source;
};

/// One line of a paper table or ablation grid: numbers of ours, published ones, or both beside each other.
struct TableRow {
  std::string name;
  std::optional<PublishedNumbers> published;
  bool ours = false;                 ///< whether there is anything to run; its numbers may still be missing
  std::vector<TableRun> runs;        ///< the finished ones, one a seed
  std::vector<int64_t> not_run;      ///< seeds that are not run or not finished
  std::vector<std::string> missing;  ///< what is to be said of its runs: why they failed, what they were made with
  bool failed = false;               ///< one of them failed
};

/// What a table shows. Every metric stands in both directions.
struct TableColumns {
  std::vector<Metric> metrics{Metric::kR1, Metric::kR5, Metric::kR10, Metric::kMdR, Metric::kMnR};
  bool difference = true, parameters = true, time = true, memory = true, latency = true, bytes = true, parts = false;
};
/// The names of `columns:` and --columns: metrics, difference, parameters, time, memory, latency, bytes, parts.
/// Throws ConfigError with the valid names.
TableColumns parse_table_columns(const std::vector<std::string>& names);

/// Rows in printing order. `baseline` names the row the others are compared with; empty: no comparison.
struct Table {
  std::string title, baseline;
  TableColumns columns;
  std::vector<TableRow> rows;
  std::string make = {};  ///< the command that makes what is not run
};

enum class TableFormat { kText, kMarkdown, kLatex, kHtml, kJson };
/// "text", "markdown", "latex", "html", "json". Throws ConfigError with the valid names.
TableFormat parse_table_format(const std::string& name);

/// Retrieval numbers beside a random order: of several seeds the mean with Student's interval, of one seed with the
/// bootstrap interval, published ones marked with their source below; paired differences to the baseline, "*" where
/// test and interval agree that there is one; what each row costs; R@1 and twin accuracy for each value of each tag;
/// notes on rows that are not comparable (another split, gallery, tie policy, other queries) or not finished. HTML is a
/// page of its own with plots, JSON holds everything in full precision. Ends with a line feed. Throws ConfigError if
/// the baseline is no row.
std::string render_table(const Table& table, TableFormat format);

}  // namespace tvr
