#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/eval/table_spec.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr const char* kMetricsFile = "metrics.json";
constexpr const char* kRanksFile = "ranks.safetensors";
constexpr const char* kManifestFile = "manifest.json";

// Evaluations without training write none.
json read_manifest(const fs::path& dir) {
  const auto file = dir / kManifestFile;
  if (!fs::is_regular_file(file)) return json::object();
  auto manifest = json::parse(read_file(file), nullptr, false);
  if (!manifest.is_object()) throw DataError(file.string() + ": is not a JSON object; the run is damaged.");
  return manifest;
}

template <class T>
std::optional<T> number(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_number() ? std::nullopt : std::optional<T>(found->get<T>());
}

std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_string() ? "" : found->get<std::string>();
}

RunCost read_cost(const json& manifest) {
  RunCost cost;
  cost.training_seconds = number<double>(manifest, "training_seconds");
  cost.hardware = text(manifest, "hardware");
  if (const auto threads = number<int64_t>(manifest, "threads"))
    cost.hardware += fmt::format(", {} thread{}", *threads, *threads == 1 ? "" : "s");
  const auto measured = manifest.value("cost", json::object());
  if (!measured.is_object()) return cost;
  cost.parameters = number<int64_t>(measured, "parameters");
  cost.trainable = number<int64_t>(measured, "trainable_parameters");
  cost.peak_memory_mb = number<double>(measured, "peak_memory_mb");
  cost.text_bytes = number<int64_t>(measured, "bytes_per_text");
  cost.video_bytes = number<int64_t>(measured, "bytes_per_video");
  const auto queries = measured.value("milliseconds_per_query", json::object());
  if (queries.is_object())
    for (const auto& [gallery, value] : queries.items())
      if (value.is_number() && gallery.find_first_not_of("0123456789") == std::string::npos && gallery.size() < 10)
        cost.milliseconds_per_query[std::stoll(gallery)] = value.get<double>();
  return cost;
}

std::vector<std::string> checksums(const json& manifest) {
  std::vector<std::string> sums;
  const auto data = manifest.value("data", json::object());
  if (data.is_object())
    for (const auto& [file, sum] : data.items())
      if (sum.is_string()) sums.push_back(sum.get<std::string>());
  std::sort(sums.begin(), sums.end());
  return sums;
}

TableRun read_run(const fs::path& dir) {
  const auto manifest = read_manifest(dir);
  TableRun run{read_report(dir / kMetricsFile), std::nullopt,       read_cost(manifest), dir.string(),
               text(manifest, "commit"),        checksums(manifest)};
  if (fs::exists(dir / kRanksFile)) run.ranks = read_ranks(dir / kRanksFile);
  return run;
}

// Several errors of one configuration stand one a line.
std::string on_one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) text.replace(end, 1, "; ");
  return text;
}

// Notes a run that has no numbers.
void add_missing(TableRow& row, const PlannedRun& run, bool several) {
  const auto which = several ? fmt::format("seed {} ", run.seed) : std::string();
  if (fs::exists(run_failure_file(run.dir))) {
    fail_row(row, which + "failed: " + read_file(run_failure_file(run.dir)));
  } else if (run.config.empty()) {
    row.missing.push_back(which + "there is no " + (run.dir / kMetricsFile).string());
  } else {
    row.not_run.push_back(run.seed);
  }
}

// A damaged run is a gap in the table, and no reason to show none.
TableRow load_row(const TableEntry& entry) {
  auto row = entry.row;
  for (const auto& run : entry.runs) {
    try {
      if (run_is_finished(run.dir))
        row.runs.push_back(read_run(run.dir));
      else
        add_missing(row, run, entry.runs.size() > 1);
    } catch (const DataError& error) {
      fail_row(row, std::string("cannot be read: ") + error.what());
    }
  }
  return row;
}

fs::path beside(const fs::path& dir, const char* ending) {
  auto path = dir.has_filename() ? dir : dir.parent_path();
  path += ending;
  return path;
}

}  // namespace

void fail_row(TableRow& row, const std::string& reason) {
  row.failed = true;
  row.missing.push_back(on_one_line(reason));
}

bool run_is_finished(const fs::path& dir) {
  if (!fs::is_regular_file(dir / kMetricsFile)) return false;
  const auto status = text(read_manifest(dir), "status");
  return status.empty() || status == "finished";
}

fs::path run_log_file(const fs::path& dir) {
  return beside(dir, ".log");
}

fs::path run_failure_file(const fs::path& dir) {
  return beside(dir, ".failed");
}

std::vector<std::string> train_arguments(const PlannedRun& run) {
  // A run that has begun knows its own settings, threads included.
  if (fs::exists(run.dir / "config.yaml")) return {"train", run.dir.string(), "--resume"};
  std::vector<std::string> arguments{"train", run.config};
  arguments.insert(arguments.end(), run.overrides.begin(), run.overrides.end());
  return arguments;
}

std::string shell_line(const std::vector<std::string>& arguments) {
  std::string line = "tvr";
  for (const auto& argument : arguments) {
    const bool plain =
        argument.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:") ==
        std::string::npos;
    line += " ";
    if (plain && !argument.empty()) {
      line += argument;
      continue;
    }
    line += "'";
    for (const char c : argument) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += "'";
  }
  return line;
}

TableSpec table_spec_of_runs(const std::vector<fs::path>& run_dirs) {
  const auto names = short_names(run_dirs);
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size())
    throw DataError("A run directory is given twice; name each once.");
  TableSpec spec;
  for (const auto& dir : run_dirs) {
    if (!fs::is_regular_file(dir / kMetricsFile))
      throw DataError(dir.string() + ": holds no " + kMetricsFile +
                      "; give run directories that tvr train or tvr eval wrote, or a table file (.yaml).");
    TableEntry entry;
    entry.row.name = names[spec.entries.size()];
    entry.row.ours = true;
    entry.runs.push_back({0, dir, "", {}, ""});
    spec.entries.push_back(entry);
  }
  if (!spec.entries.empty()) spec.baseline = spec.entries.front().row.name;
  return spec;
}

Table load_table(const TableSpec& spec) {
  Table table{spec.title, spec.baseline, spec.columns, {}};
  if (!spec.file.empty()) table.make = shell_line({"table", spec.file.string(), "--run"});
  for (const auto& entry : spec.entries) table.rows.push_back(load_row(entry));
  return table;
}

}  // namespace tvr
