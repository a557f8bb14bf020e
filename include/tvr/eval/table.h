#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tvr/eval/report.h"

namespace tvr {

/// One line of a paper table or ablation grid.
struct TableRow {
  enum class Kind {
    kRun,        ///< ours: report, and ranks where the evaluation kept them
    kPublished,  ///< somebody's printed numbers: `published`, marked as such
    kNotRun,     ///< nothing yet; `source` says what would make it
  };
  std::string name;
  Kind kind = Kind::kNotRun;
  std::optional<EvaluationReport> report;
  std::optional<EvaluationRanks> ranks;
  std::map<std::string, double> published_text_to_video,
      published_video_to_text;  ///< metric name -> value
  std::string source;           ///< run directory, configuration, or where a number was published
};

/// Rows in printing order. `baseline` names the row the others are compared with; empty: no
/// comparison.
struct Table {
  std::string title, baseline;
  std::vector<TableRow> rows;
};

enum class TableFormat { kText, kMarkdown, kLatex, kHtml, kJson };
/// "text", "markdown", "latex", "html", "json". Throws ConfigError with the valid names.
TableFormat parse_table_format(const std::string& name);

/// Retrieval numbers with intervals beside a random order; differences to the baseline with their
/// paired interval, "*" when it does not hold 0; R@1 and twin accuracy for each value of each tag;
/// notes on rows that are not comparable (another split, gallery, tie policy, or other queries).
/// Ends with a line feed. Throws ConfigError if the baseline is no row.
std::string render_table(const Table& table, TableFormat format);

/// A line of a table file before its run directory is read.
struct TableEntry {
  TableRow row;                   ///< name and, if published, the numbers
  std::filesystem::path run_dir;  ///< empty: published
  std::string config;             ///< the configuration that makes the run; empty: only `run` is known
};
struct TableSpec {
  std::string title, baseline;
  std::vector<TableEntry> entries;
};

/// Reads a table file; paths in it are relative to the working directory, as everywhere on the
/// command line:
///
///     title: Heads on the demo corpus
///     baseline: mean pooling
///     rows:
///       - {name: mean pooling, config: configs/demo/mean_pool.yaml}      # its run.dir
///       - {name: frame-word, run: runs/demo/frame_word}
///       - {name: some paper, published: {text_to_video: {R@1: 44.5}}, source: arXiv 2104.08860
///       table 1}
///
/// Throws ConfigError with file and line of everything that is wrong.
TableSpec read_table_spec(const std::filesystem::path& file);
/// One row a run directory, named by its last folders; the first is the baseline.
TableSpec table_spec_of_runs(const std::vector<std::filesystem::path>& run_dirs);

/// Makes (or completes) the run directory of a configuration: trains and evaluates; what `tvr table
/// --run` calls.
using RunMissing = std::function<void(const std::string& config, const std::filesystem::path& run_dir)>;

/// Reads metrics.json and ranks.safetensors of every run directory. A directory without
/// metrics.json is first made by `run_missing` if that is given and the entry has a configuration;
/// otherwise its row is "not run".
Table load_table(const TableSpec& spec, const RunMissing& run_missing = {});

}  // namespace tvr
