#include <set>

#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/config/node.h"
#include "tvr/eval/table.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kMetricsFile = "metrics.json";
constexpr const char* kRanksFile = "ranks.safetensors";

std::map<std::string, double> read_published(const ConfigNode& node, const std::string& direction) {
  std::map<std::string, double> values;
  node.read(direction, values);
  for (const auto& [name, value] : values) {
    if (!parse_metric(name))
      node.error(direction, "unknown metric '" + name + "'; known are R@K, MdR, MnR, RSum, GM, MRR, mAP, nDCG@K");
  }
  return values;
}

// The run directory that a configuration writes. Only that key is read here; the trainer checks the
// rest.
std::string run_dir_of(const ConfigNode& row, const std::string& config) {
  try {
    std::string dir;
    ConfigNode::load(config).child("run").read("dir", dir);
    if (dir.empty()) row.error("config", "'" + config + "' has no run.dir, which says where its run is");
    return dir;
  } catch (const ConfigError& error) {
    row.error("config", error.what());
    return "";
  }
}

TableEntry read_entry(const ConfigNode& node) {
  node.check_keys({"name", "run", "config", "published", "source"});
  TableEntry entry;
  std::string run;
  node.read("name", entry.row.name);
  node.read("run", run);
  node.read("config", entry.config);
  node.read("source", entry.row.source);
  if (entry.row.name.empty()) node.error("name", "a row needs a name");
  if (static_cast<int>(node.has("run")) + static_cast<int>(node.has("config")) +
          static_cast<int>(node.has("published")) !=
      1)
    node.error("",
               "a row needs exactly one of run (a run directory), config (a configuration) and "
               "published (numbers)");
  if (node.has("published")) {
    const auto published = node.child("published");
    published.check_keys({"text_to_video", "video_to_text"});
    entry.row.kind = TableRow::Kind::kPublished;
    entry.row.published_text_to_video = read_published(published, "text_to_video");
    entry.row.published_video_to_text = read_published(published, "video_to_text");
  }
  entry.run_dir = entry.config.empty() ? run : run_dir_of(node, entry.config);
  return entry;
}

TableRow load_row(const TableEntry& entry, const RunMissing& run_missing) {
  auto row = entry.row;
  if (row.kind == TableRow::Kind::kPublished) return row;
  const auto metrics = entry.run_dir / kMetricsFile;
  if (!fs::exists(metrics) && run_missing && !entry.config.empty()) run_missing(entry.config, entry.run_dir);
  if (!fs::exists(metrics)) {
    row.source = entry.config.empty() ? "there is no " + metrics.string() : "make it with tvr train " + entry.config;
    return row;
  }
  row.kind = TableRow::Kind::kRun;
  row.source = entry.run_dir.string();
  row.report = read_report(metrics);
  if (fs::exists(entry.run_dir / kRanksFile)) row.ranks = read_ranks(entry.run_dir / kRanksFile);
  return row;
}

}  // namespace

TableSpec read_table_spec(const fs::path& file) {
  const auto node = ConfigNode::load(file);
  node.check_keys({"title", "baseline", "rows"});
  TableSpec spec;
  node.read("title", spec.title);
  node.read("baseline", spec.baseline);
  std::set<std::string> names;
  for (const auto& row : node.children("rows")) {
    spec.entries.push_back(read_entry(row));
    if (!names.insert(spec.entries.back().row.name).second)
      row.error("name", "'" + spec.entries.back().row.name + "' is the name of another row");
  }
  if (spec.entries.empty()) node.error("rows", "a table needs at least one row");
  if (!spec.baseline.empty() && names.count(spec.baseline) == 0)
    node.error("baseline", "'" + spec.baseline + "' is not the name of a row");
  node.finish();
  return spec;
}

TableSpec table_spec_of_runs(const std::vector<fs::path>& run_dirs) {
  const auto names = short_names(run_dirs);
  if (std::set<std::string>(names.begin(), names.end()).size() != names.size())
    throw DataError("A run directory is given twice; name each once.");
  TableSpec spec;
  for (const auto& dir : run_dirs) {
    if (!fs::exists(dir / kMetricsFile))
      throw DataError(dir.string() + ": holds no " + kMetricsFile +
                      "; give run directories that tvr train or tvr eval wrote, or a table file (.yaml).");
    TableEntry entry;
    entry.row.name = names[spec.entries.size()];
    entry.run_dir = dir;
    spec.entries.push_back(entry);
  }
  if (!spec.entries.empty()) spec.baseline = spec.entries.front().row.name;
  return spec;
}

Table load_table(const TableSpec& spec, const RunMissing& run_missing) {
  Table table{spec.title, spec.baseline, {}};
  for (const auto& entry : spec.entries) table.rows.push_back(load_row(entry, run_missing));
  return table;
}

}  // namespace tvr
