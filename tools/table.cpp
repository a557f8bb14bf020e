#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "train_run.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/eval/table.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

struct TableRequest {
  std::vector<std::string> inputs;
  std::string format = "text", out = "-";
  bool run = false, dry_run = false;
};

// Standard output is for the table; what training prints there goes to standard error meanwhile.
class OutputToError {
 public:
  OutputToError() : previous_(std::cout.rdbuf(std::cerr.rdbuf())) {}
  ~OutputToError() { std::cout.rdbuf(previous_); }
  OutputToError(const OutputToError&) = delete;
  OutputToError& operator=(const OutputToError&) = delete;

 private:
  std::streambuf* previous_;
};

TableSpec read_spec(const std::vector<std::string>& inputs) {
  if (inputs.size() == 1 && !fs::is_directory(inputs[0])) return read_table_spec(inputs[0]);
  return table_spec_of_runs({inputs.begin(), inputs.end()});
}

void train_missing(const std::string& config, const fs::path& run_dir) {
  const OutputToError redirected;
  TrainRequest request;
  request.config = config;
  request.resume = fs::exists(run_dir);
  request.command = "tvr train " + config + (request.resume ? " --resume" : "");
  std::cerr << "tvr table: " << request.command << "\n";
  train_run(request);
}

void rehearse_rows(const TableSpec& spec) {
  for (const auto& entry : spec.entries) {
    if (entry.config.empty()) continue;
    std::cout << entry.row.name << ": ";
    TrainRequest request;
    request.config = entry.config;
    request.dry_run = true;
    request.command = "tvr train " + entry.config;
    train_run(request);
  }
}

void write_table(const TableRequest& request) {
  const auto format = parse_table_format(request.format);
  const auto spec = read_spec(request.inputs);
  if (request.dry_run) return rehearse_rows(spec);
  const auto text = render_table(load_table(spec, request.run ? RunMissing(train_missing) : RunMissing()), format);
  if (request.out != "-") return write_file(request.out, text);
  std::cout << text << std::flush;
  if (!std::cout) throw DataError("Standard output cannot be written; is the disk full?");
}

}  // namespace

void add_table_command(CLI::App& app) {
  auto* command =
      app.add_subcommand("table", "a table of results: rows from run directories, configurations and papers");
  auto request = std::make_shared<TableRequest>();
  command->add_option("INPUT", request->inputs, "one table file (.yaml), or run directories; the first is the baseline")
      ->required();
  command->add_option("--format", request->format, "text, markdown, latex, html or json")->capture_default_str();
  command->add_option("--out", request->out, "file to write, - for standard output")->capture_default_str();
  command->add_flag("--run", request->run, "train and evaluate the rows whose run directory is missing or unfinished");
  command->add_flag("--dry-run", request->dry_run,
                    "check settings and data of every row that names a configuration, run one step each, stop");
  command->footer(
      "A difference is marked * when its paired 95 % interval does not hold 0.\n\nExamples:\n"
      "  tvr table configs/tables/demo.yaml --run\n"
      "  tvr table runs/demo/mean_pool runs/demo/token_wise_patches\n"
      "  tvr table configs/tables/demo.yaml --format latex --out table.tex\n\nA table file:\n"
      "  title: Heads on the demo corpus\n"
      "  baseline: mean pooling\n"
      "  rows:\n"
      "    - {name: mean pooling, config: configs/demo/mean_pool.yaml}\n"
      "    - {name: another run, run: runs/other}\n"
      "    - {name: a paper, published: {text_to_video: {R@1: 44.5}}, source: arXiv 2104.08860}");
  command->callback([request] { write_table(*request); });
}

}  // namespace tvr
