#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tvr/eval/table.h"

namespace tvr {

/// One training behind a row of a table.
struct PlannedRun {
  int64_t seed = 0;
  std::filesystem::path dir;           ///< run directory
  std::string config;                  ///< empty: only the directory is known
  std::vector<std::string> overrides;  ///< of the configuration; run.dir among them where the table decides on it
  /// What its cached features are made from: runs of one text share a pack of features. Empty: pixels.
  std::string features;
};

/// A row before its runs are read: name and published numbers, and what makes the rest.
struct TableEntry {
  TableRow row;
  std::vector<PlannedRun> runs;  ///< one a seed
};
struct TableSpec {
  std::string title, baseline;
  TableColumns columns;
  std::vector<TableEntry> entries;
  std::filesystem::path file = {};  ///< empty: made from run directories
};

/// Reads a table file; paths in it are relative to the working directory, as everywhere on the command line:
///
///     title: Heads on the demo corpus
///     baseline: mean pooling
///     base: configs/demo/cached.yaml       # of rows without a configuration of their own, and of the grid
///     out: runs/tables/heads               # default: runs/tables/ and the file's name
///     seeds: [0, 1, 2]
///     set: {train.steps: 300}              # for every row
///     columns: [R@1, R@10, difference]     # default: all
///     rows:
///       - {name: mean pooling, set: {model.head.type: mean_pool}}
///       - {name: another, config: configs/demo/other.yaml, published: {text_to_video: {R@1: 44.5}}, source: a paper}
///       - {name: done before, run: runs/demo/frame_word}
///     grid:                                # every combination of one value of each axis is a row
///       head: {words: {model.head.type: token_wise}, whole: {model.head.type: mean_pool}}
///       model.video.frames: [4, 8]
///
/// A row that is a configuration and nothing else is the run of that configuration, in its run.dir. Where seeds or
/// settings are given, the run of each seed is OUT/ROW-sSEED-HASH, or whatever directory of OUT ends in -sSEED-HASH:
/// the hash is that of the configuration's content (canonical_config) without run.dir and run.threads, so that a
/// changed setting makes a new run, and a changed comment or name does not. Throws ConfigError with file and line of
/// everything that is wrong.
TableSpec read_table_spec(const std::filesystem::path& file);
/// One row a run directory, named by its last folders; the first is the baseline.
TableSpec table_spec_of_runs(const std::vector<std::filesystem::path>& run_dirs);

/// True if the training in `dir` was completed and evaluated.
bool run_is_finished(const std::filesystem::path& dir);
/// Beside the directory of a run: what its training printed, and why it failed (absent: it did not).
std::filesystem::path run_log_file(const std::filesystem::path& dir);
std::filesystem::path run_failure_file(const std::filesystem::path& dir);
/// The command that makes or continues a run, for people and programs: "train", configuration, settings.
std::vector<std::string> train_arguments(const PlannedRun& run);
/// Arguments as they are typed into a shell.
std::string shell_line(const std::vector<std::string>& arguments);

/// Notes in a row why it has no numbers. A reason may have several lines.
void fail_row(TableRow& row, const std::string& reason);

/// Reads metrics.json, ranks.safetensors and the cost in manifest.json of every finished run.
Table load_table(const TableSpec& spec);

}  // namespace tvr
