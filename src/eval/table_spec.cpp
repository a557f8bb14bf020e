#include "tvr/eval/table_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/config/node.h"
#include "tvr/config/settings.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostRows = 1000, kMostSeeds = 100;
constexpr size_t kHashDigits = 8;

std::map<std::string, double> read_numbers(const ConfigNode& node, const std::string& direction) {
  std::map<std::string, double> values;
  node.read(direction, values);
  for (const auto& [name, value] : values) {
    const auto metric = parse_metric(name);
    if (!metric)
      node.error(direction, "unknown metric '" + name + "'; known are R@K, MdR, MnR, RSum, GM, MRR, mAP, nDCG@K");
    else if (const auto bounds = bounds_of(*metric); value < bounds.low || value > bounds.high)
      node.error(direction, fmt::format("{}: {} is no value of it, which lies within {} and {}", name, value,
                                        bounds.low, bounds.high));
  }
  return values;
}

std::optional<PublishedNumbers> read_published(const ConfigNode& row) {
  PublishedNumbers published;
  row.read("source", published.source);
  if (!row.has("published")) {
    if (row.has("source")) row.error("source", "belongs to published numbers, and there are none");
    return std::nullopt;
  }
  const auto node = row.child("published");
  node.check_keys({"text_to_video", "video_to_text"});
  published.text_to_video = read_numbers(node, "text_to_video");
  published.video_to_text = read_numbers(node, "video_to_text");
  if (published.source.empty()) row.error("source", "published numbers need a source: where they are printed");
  return published;
}

// "Token-wise, 8 frames" -> "token-wise-8-frames".
std::string slug(const std::string& name) {
  std::string result;
  for (const char c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!result.empty() && result.back() != '-')
      result += '-';
  }
  while (!result.empty() && result.back() == '-') result.pop_back();
  return result.empty() ? "row" : result.substr(0, 60);
}

// The directory of that content, whatever its row was called when it was made.
fs::path content_dir(const fs::path& out, const std::string& name, const std::string& ending) {
  if (fs::is_directory(out)) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(out))
      if (entry.is_directory() && entry.path().filename().string().ends_with(ending)) found.push_back(entry.path());
    if (!found.empty()) return *std::min_element(found.begin(), found.end());
  }
  return out / (slug(name) + ending);
}

// Runs that agree in this read the same features.
std::string features_of(const std::string& config, const std::vector<std::string>& overrides) {
  const auto model = canonical_config(config, overrides, {}, {"model"});
  if (model.find("model.video.type = \"cached\"") == std::string::npos) return "";
  std::string text;
  const auto add_lines = [&](const std::string& lines, const std::vector<std::string>& beginnings) {
    std::istringstream stream(lines);
    for (std::string line; std::getline(stream, line);)
      if (std::any_of(beginnings.begin(), beginnings.end(), [&](const auto& begin) { return line.starts_with(begin); }))
        text += line + "\n";
  };
  add_lines(model, {"model.video."});
  add_lines(canonical_config(config, overrides, {}, {"data", "loader"}),
            {"data.", "loader.sampling", "loader.fps", "loader.selection", "loader.fit", "loader.interpolation",
             "loader.pack "});
  return text;
}

// What a row trains: a configuration and what is changed in it.
struct Recipe {
  std::string config;
  std::vector<Setting> settings;
};

class SpecReader {
 public:
  SpecReader(const fs::path& file, const std::string& yaml)
      : file_(file), node_(ConfigNode::parse(yaml, file.string())), values_(yaml, file.string()) {}

  TableSpec read() {
    spec_.file = file_;
    node_.check_keys({"title", "baseline", "base", "out", "seeds", "set", "columns", "rows", "grid"});
    node_.read("title", spec_.title);
    node_.read("baseline", spec_.baseline);
    node_.read("base", base_);
    if (!base_.empty() && !fs::exists(base_)) node_.error("base", "there is no configuration '" + base_ + "'");
    std::string out = "runs/tables/" + file_.stem().string();
    node_.read("out", out);
    if (out.empty()) node_.error("out", "is empty; name a folder");
    out_ = out;
    seeds_ = read_seeds(node_);
    common_ = values_.settings({"set"});
    read_columns();
    const auto rows = node_.children("rows");
    for (size_t i = 0; i < rows.size(); ++i) read_row(rows[i], values_.settings({"rows", std::to_string(i), "set"}));
    read_grid();
    check();
    node_.finish();
    return spec_;
  }

 private:
  std::vector<int64_t> read_seeds(const ConfigNode& node) {
    std::vector<int64_t> seeds;
    node.read("seeds", seeds, at_least(0));
    if (std::set<int64_t>(seeds.begin(), seeds.end()).size() != seeds.size())
      node.error("seeds", "a seed is given twice");
    if (node.has("seeds") && seeds.empty() && !node.has_errors())
      node.error("seeds", "is empty; name seeds, or leave it out for that of the configuration");
    if (seeds.size() > kMostSeeds) node.error("seeds", fmt::format("more than {} seeds", kMostSeeds));
    return seeds;
  }

  void read_columns() {
    std::vector<std::string> columns;
    node_.read("columns", columns);
    try {
      if (node_.has("columns")) spec_.columns = parse_table_columns(columns);
    } catch (const ConfigError& error) {
      node_.error("columns", error.what());
    }
  }

  void read_row(const ConfigNode& row, const std::vector<Setting>& settings) {
    row.check_keys({"name", "run", "config", "set", "seeds", "published", "source"});
    TableEntry entry;
    row.read("name", entry.row.name);
    if (entry.row.name.empty()) row.error("name", "a row needs a name");
    entry.row.published = read_published(row);
    row.child("set");  // says so if it is no section
    Recipe recipe{base_, settings};
    std::string run;
    row.read("run", run);
    if (row.has("run") && run.empty()) row.error("run", "is empty; name a run directory");
    row.read("config", recipe.config);
    const bool trains = row.has("config") || row.has("set");
    entry.row.ours = trains || row.has("run");
    if (row.has("run") && trains) row.error("run", "a row is a run directory or a configuration, not both");
    if (!entry.row.ours && !entry.row.published)
      row.error("", "a row needs run (a run directory), config or set (what to train), or published (numbers)");
    if (row.has("set") && recipe.config.empty() && base_.empty())
      row.error("set", "needs a configuration to change: config in the row, or base in the table");
    if (row.has("run")) entry.runs.push_back({0, run, "", {}, ""});
    if (trains && !recipe.config.empty()) entry.runs = plan(row, entry.row.name, recipe);
    add(row, std::move(entry));
  }

  void add(const ConfigNode& where, TableEntry entry) {
    if (!names_.insert(entry.row.name).second)
      where.error(where.has("name") ? "name" : "", "'" + entry.row.name + "' is the name of another row");
    spec_.entries.push_back(std::move(entry));
    if (spec_.entries.size() == kMostRows + 1)
      throw ConfigError(fmt::format("{}: more than {} rows; make the grid smaller.", file_.string(), kMostRows));
  }

  // One run a seed; none where the configuration cannot be read, which is an error of the row then.
  std::vector<PlannedRun> plan(const ConfigNode& row, const std::string& name, Recipe recipe) {
    const auto seeds = row.has("seeds") ? read_seeds(row) : seeds_;
    for (const auto& setting : common_)
      if (std::none_of(recipe.settings.begin(), recipe.settings.end(),
                       [&](const Setting& own) { return own.key == setting.key; }))
        recipe.settings.push_back(setting);
    if (!settings_are_ours(row, recipe.settings)) return {};
    try {
      if (row.has("config") && !row.has("set") && recipe.settings.empty() && seeds.empty())
        return {of_configuration(row, recipe.config)};
      order_settings(recipe.settings);
      std::vector<PlannedRun> runs;
      for (const auto seed : seeds.empty() ? std::vector<int64_t>{seed_of(recipe.config)} : seeds)
        runs.push_back(of_content(name, recipe, seed));
      return runs;
    } catch (const ConfigError& error) {
      row.error(row.has("config") ? "config" : "", error.what());
      return {};
    }
  }

  bool settings_are_ours(const ConfigNode& row, const std::vector<Setting>& settings) {
    for (const auto& setting : settings)
      if (setting.key == "run.dir" || setting.key == "run.seed" || setting.key == "run") {
        row.error("",
                  fmt::format("{}: '{}' cannot be set in a table, which names the directories itself (out) and takes "
                              "seeds from 'seeds'",
                              setting.origin, setting.key));
        return false;
      }
    return true;
  }

  static int64_t seed_of(const std::string& config) {
    int64_t seed = 0;
    ConfigNode::load(config).child("run").read("seed", seed);
    return seed;
  }

  // Only run.dir is read here; the trainer checks the rest.
  static PlannedRun of_configuration(const ConfigNode& row, const std::string& config) {
    std::string dir;
    const auto node = ConfigNode::load(config);
    node.child("run").read("dir", dir);
    if (dir.empty()) row.error("config", "'" + config + "' has no run.dir, which says where its run is");
    return {seed_of(config), dir, config, {}, features_of(config, {})};
  }

  PlannedRun of_content(const std::string& name, const Recipe& recipe, int64_t seed) {
    PlannedRun run{seed, {}, recipe.config, {fmt::format("run.seed={}", seed)}, ""};
    for (const auto& setting : recipe.settings) run.overrides.push_back(setting.text());
    const auto content = canonical_config(recipe.config, run.overrides, {"run.dir", "run.threads"});
    const auto ending = fmt::format("-s{}-{}", seed, sha256(content).substr(0, kHashDigits));
    auto& dir = dirs_[ending];  // rows of equal content share their runs
    if (dir.empty()) dir = content_dir(out_, name, ending);
    run.dir = dir;
    run.features = features_of(recipe.config, run.overrides);
    run.overrides.insert(run.overrides.begin(), "run.dir=" + dir.string());
    return run;
  }

  struct AxisValue {
    std::string name;
    std::vector<Setting> settings;
  };

  // head: {words: {key: value}, …}, or key: [values].
  std::vector<AxisValue> read_axis(const ConfigNode& grid, const std::string& axis) {
    std::vector<AxisValue> values;
    for (const auto& element : values_.elements({"grid", axis}))
      values.push_back({axis.substr(axis.rfind('.') + 1) + " " + element, {{axis, element, grid.where(axis)}}});
    if (!values.empty()) return values;
    const auto node = grid.child(axis);
    for (const auto& name : node.keys()) {
      node.child(name);  // says so if it is no section
      values.push_back({name, values_.settings({"grid", axis, name})});
    }
    if (values.empty()) grid.error(axis, "an axis needs values: {NAME: {key: value}, …}, or [values] of a key");
    return values;
  }

  void read_grid() {
    const auto grid = node_.child("grid");
    if (grid.keys().empty()) return;
    if (base_.empty()) return node_.error("base", "is missing; a grid needs a configuration to change");
    std::vector<AxisValue> rows{{"", {}}};
    for (const auto& axis : grid.keys()) {
      std::vector<AxisValue> longer;
      const auto values = read_axis(grid, axis);
      if (rows.size() * values.size() > kMostRows)
        throw ConfigError(fmt::format("{}: more than {} rows; make the grid smaller.", grid.where(axis), kMostRows));
      for (const auto& row : rows)
        for (const auto& value : values) longer.push_back(combined(grid, axis, row, value));
      rows = longer;
    }
    for (const auto& row : rows) {
      TableEntry entry;
      entry.row.name = row.name;
      entry.row.ours = true;
      entry.runs = fs::exists(base_) ? plan(grid, row.name, {base_, row.settings}) : std::vector<PlannedRun>{};
      add(grid, std::move(entry));
    }
  }

  static AxisValue combined(const ConfigNode& grid, const std::string& axis, const AxisValue& row,
                            const AxisValue& value) {
    AxisValue result{row.name.empty() ? value.name : row.name + ", " + value.name, row.settings};
    for (const auto& setting : value.settings) {
      if (std::any_of(row.settings.begin(), row.settings.end(),
                      [&](const Setting& other) { return other.key == setting.key; }))
        grid.error(axis, "'" + setting.key + "' is set by another axis too");
      result.settings.push_back(setting);
    }
    return result;
  }

  void check() {
    if (spec_.entries.empty()) node_.error("rows", "a table needs at least one row, in rows or by a grid");
    if (!spec_.baseline.empty() && names_.count(spec_.baseline) == 0)
      node_.error("baseline", unknown_name_message("row", spec_.baseline, {names_.begin(), names_.end()}));
  }

  fs::path file_, out_;
  ConfigNode node_;
  SettingsFile values_;
  TableSpec spec_;
  std::string base_;
  std::vector<int64_t> seeds_;
  std::vector<Setting> common_;
  std::set<std::string> names_;
  std::map<std::string, fs::path> dirs_;  ///< by the ending that names seed and content
};

}  // namespace

TableSpec read_table_spec(const fs::path& file) {
  return SpecReader(file, read_file(file)).read();
}

}  // namespace tvr
