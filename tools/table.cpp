#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "commands.h"
#include "experiment.h"
#include "table_jobs.h"
#include "train_run.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/config/settings.h"
#include "tvr/eval/table_spec.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

struct TableRequest {
  std::vector<std::string> inputs, columns;
  std::string format = "text", out = "-";
  bool run = false, dry_run = false;
  int64_t jobs = 1;
};

TableSpec read_spec(const std::vector<std::string>& inputs) {
  if (inputs.size() == 1 && !fs::is_directory(inputs[0])) return read_table_spec(inputs[0]);
  return table_spec_of_runs({inputs.begin(), inputs.end()});
}

// Takes out the jobs whose settings are wrong: that is told before any work, and the others go on.
void take_out_invalid(std::vector<TableJob>& jobs) {
  std::erase_if(jobs, [&](const TableJob& job) {
    if (fs::exists(job.run.dir / "config.yaml")) return false;  // began with settings that were read then
    try {
      read_experiment(job.run.config, job.run.overrides);
      return false;
    } catch (const ConfigError& error) {
      record_failure(job, error.what());
      std::cerr << "tvr table: FAILED " << job_name(job) << ": " << error.what() << "\n";
      return true;
    }
  });
}

// Rows whose settings are wrong have failed before they run. Data and weights are looked for when a row is run.
void mark_invalid(const TableSpec& spec, Table& table) {
  for (size_t i = 0; i < spec.entries.size(); ++i) {
    const auto& runs = spec.entries[i].runs;
    const auto unmade = std::find_if(runs.begin(), runs.end(), [](const PlannedRun& run) {
      return !run.config.empty() && !fs::exists(run.dir / "config.yaml") && !fs::exists(run_failure_file(run.dir));
    });
    if (unmade == runs.end()) continue;
    try {
      check_settings(unmade->config, unmade->overrides);
    } catch (const ConfigError& error) {
      fail_row(table.rows[i], error.what());
    }
  }
}

// The names of the rows whose rehearsal failed.
std::vector<std::string> rehearse_rows(const TableSpec& spec) {
  std::vector<std::string> failed;
  for (const auto& entry : spec.entries) {
    if (entry.runs.empty() || entry.runs[0].config.empty()) continue;
    std::cout << entry.row.name << ": ";
    TrainRequest request;
    request.config = entry.runs[0].config;
    request.overrides = entry.runs[0].overrides;
    request.dry_run = true;
    request.command = shell_line(train_arguments(entry.runs[0]));
    try {
      train_run(request);
    } catch (const Error& error) {
      failed.push_back(entry.row.name);
      std::cout << "FAILED: " << error.what() << "\n";
    }
  }
  return failed;
}

void run_missing(const TableSpec& spec, int64_t jobs) {
  auto todo = missing_jobs(spec);
  take_out_invalid(todo);
  run_jobs(todo, made_features(spec), jobs);
}

// What the configuration of a row says now and its finished run, kept in run.dir, was not made with.
std::vector<std::string> other_settings(const PlannedRun& run) {
  const auto lines_of = [](const std::string& text) {
    std::istringstream stream(text);
    std::set<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.insert(line);
    return lines;
  };
  const std::vector<std::string> sections{"model", "loss", "loader", "optim", "train", "eval"};
  const std::vector<std::string> anywhere{"loader.threads", "loader.queue", "loader.cache_mb"};
  const auto made_with = lines_of(canonical_config((run.dir / "config.yaml").string(), {}, anywhere, sections));
  std::vector<std::string> others;
  for (const auto& line : lines_of(canonical_config(run.config, run.overrides, anywhere, sections)))
    if (made_with.count(line) == 0) others.push_back(line);
  return others;
}

// A row that is a configuration is known by its run.dir: its run may be older than the configuration.
void note_other_settings(const TableSpec& spec, Table& table) {
  for (size_t i = 0; i < spec.entries.size(); ++i)
    for (const auto& run : spec.entries[i].runs) {
      if (run.config.empty() || !run.overrides.empty() || !run_is_finished(run.dir)) continue;
      if (!fs::exists(run.dir / "config.yaml")) continue;
      if (const auto others = other_settings(run); !others.empty())
        table.rows[i].missing.push_back(run.dir.string() + " was made with other settings than " + run.config +
                                        " has now: " + join(others, ", ") + "; remove it to run it again");
    }
}

void write_table(const TableRequest& request) {
  const auto format = parse_table_format(request.format);
  for (const auto& input : request.inputs)
    if (std::error_code none; fs::equivalent(input, request.out, none))
      throw ConfigError("--out: " + request.out + " is the table file itself; choose another name.");
  auto spec = read_spec(request.inputs);
  if (!request.columns.empty()) spec.columns = parse_table_columns(request.columns);
  if (request.dry_run) {
    const auto failed = rehearse_rows(spec);
    if (!failed.empty()) throw DataError("failed: " + join(failed, ", ") + "; the reasons stand above.");
    return;
  }
  if (request.run) run_missing(spec, request.jobs);
  auto table = load_table(spec);
  note_other_settings(spec, table);
  mark_invalid(spec, table);
  std::vector<std::string> failed;
  for (const auto& row : table.rows)
    if (row.failed) failed.push_back(row.name);
  const auto text = render_table(table, format);
  if (request.out != "-")
    write_file(request.out, text);
  else
    std::cout << text << std::flush;
  if (!std::cout) throw DataError("Standard output cannot be written; is the disk full?");
  if (!failed.empty())
    throw DataError("failed: " + join(failed, ", ") +
                    "; the reasons are in the table, put them right and run it again.");
}

}  // namespace

void add_table_command(CLI::App& app) {
  auto* command = app.add_subcommand(
      "table", "a table of results: rows from run directories, configurations, grids of settings and papers");
  auto request = std::make_shared<TableRequest>();
  command->add_option("INPUT", request->inputs, "one table file (.yaml), or run directories; the first is the baseline")
      ->required();
  command->add_option("--format", request->format, "text, markdown, latex, html or json")->capture_default_str();
  command->add_option("--out", request->out, "file to write, - for standard output")->capture_default_str();
  command
      ->add_option("--columns", request->columns,
                   "what to show, instead of the file's columns: metrics (R@1, MdR, …), difference, parameters, time, "
                   "memory, latency, bytes, parts")
      ->delimiter(',');
  command->add_flag("--run", request->run,
                    "train and evaluate what is missing or unfinished; finished runs of the same settings are kept");
  command->add_option("--jobs", request->jobs, "trainings at a time; several get one thread each")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_flag("--dry-run", request->dry_run,
                    "check settings and data of every row that names a configuration, run one step each, stop");
  command->footer(
      "Exit status 2, after the table, if a row failed; the others are run nevertheless. Ctrl-C stops the trainings at "
      "a checkpoint, the same command goes on.\n\nExamples:\n"
      "  tvr table configs/tables/demo.yaml --run\n"
      "  tvr table configs/tables/granularity.yaml --run --jobs 2\n"
      "  tvr table runs/demo/mean_pool runs/demo/token_wise_patches --columns R@1,difference\n"
      "  tvr table configs/tables/msrvtt_1ka.yaml --format html --out table.html\n\nA table file:\n"
      "  title: Heads on the demo corpus\n"
      "  baseline: mean pooling\n"
      "  base: configs/demo/mean_pool.yaml    # of rows without config, and of the grid\n"
      "  out: runs/tables/heads               # one folder a row and seed, named after its settings\n"
      "  seeds: [0, 1, 2]\n"
      "  rows:\n"
      "    - {name: mean pooling, set: {model.head.type: mean_pool}}\n"
      "    - {name: an experiment, config: configs/demo/token_wise_frames.yaml}\n"
      "    - {name: another run, run: runs/other}\n"
      "    - {name: a paper, published: {text_to_video: {R@1: 44.5}}, source: arXiv 2104.08860}\n"
      "  grid:                                # every combination is a row\n"
      "    head: {words: {model.head.type: token_wise}, whole: {model.head.type: mean_pool}}\n"
      "    model.video.keep_patches: [6, 12]");
  command->callback([request] { write_table(*request); });
}

}  // namespace tvr
