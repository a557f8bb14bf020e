// tvr data check: everything that is wrong with a corpus, at once, before training.
#include "data_check.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiment.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/data/data_check.h"
#include "tvr/data/frame_pack.h"
#include "tvr/model/architectures.h"
#include "tvr/text/assets.h"
#include "tvr/text/tokenizer.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

struct CheckArguments {
  std::string target, type = "msrvtt", json;
  std::vector<std::string> settings, splits{"train", "val", "test"};
  int64_t threads = 0;
  bool decode = false;
};

// Tokens as the text tower takes them. A tower without the key sets no limit that could be checked.
void read_text_limit(const Experiment& experiment, const ConfigNode& effective, DataCheckOptions& options) {
  const auto text = effective.child("model").child("text");
  text.read("context_length", options.token_limit);
  if (options.token_limit == 0) return;
  const auto assets = experiment.run.assets.empty() ? default_assets() : fs::path(experiment.run.assets);
  std::string arch, model_file;
  text.read("arch", arch);
  text.read("tokenizer", model_file);
  const auto config = arch.empty() ? TextConfig() : architecture(arch).text;
  options.token_limit = std::min(options.token_limit, config.context_length);
  const std::shared_ptr<const Tokenizer> tokenizer = make_tokenizer(text_input(config, model_file).tokenizer, assets);
  const int64_t marks = (tokenizer->start_id() >= 0) + (tokenizer->end_id() >= 0);
  options.token_count = [tokenizer, marks](const std::string& caption) {
    return static_cast<int64_t>(tokenizer->encode(caption).size()) + marks;
  };
}

DataCheck check_configuration(const CheckArguments& arguments, DataCheckOptions& options) {
  const auto experiment = read_experiment(arguments.target, arguments.settings);
  if (!experiment.corpus)
    throw ConfigError(arguments.target + ": its data are generated stills; there is nothing to check.");
  const auto stated = ConfigNode::parse(experiment.effective);
  read_text_limit(experiment, stated, options);
  int64_t frames = options.sampling.count;
  stated.child("model").child("video").read("frames", frames);
  options.sampling = experiment.loader.sampling_of(false, frames);
  options.by_captions = experiment.loader.sampler == "captions";
  options.loader_threads = experiment.loader.threads;
  auto check = check_data(*experiment.corpus(), options);
  if (!experiment.loader.pack.empty()) {
    FramePack(experiment.loader.pack).verify();
    check.notes.push_back("training reads the frame pack " + experiment.loader.pack +
                          ", every byte of which is as it was written; what is said here is about the files.");
  }
  return check;
}

DataCheck check_folder(const CheckArguments& arguments, DataCheckOptions& options) {
  nlohmann::json data{{"type", arguments.type}, {"root", arguments.target}};          // JSON is YAML, quoting included
  if (!fs::is_directory(fs::path(arguments.target) / "videos")) data["videos"] = "";  // annotations alone
  const auto text = nlohmann::json{{"data", data}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const auto config = ConfigNode::parse(text, arguments.target, arguments.settings);
  config.check_keys({"data"});
  const auto corpus = read_plugin(builtin_corpora(), config, "data", arguments.type);
  config.finish();
  return check_data(*corpus(), options);
}

void run_check(const CheckArguments& arguments) {
  if (!fs::exists(arguments.target))
    throw ConfigError(arguments.target + ": does not exist; give a configuration or the folder of a corpus.");
  DataCheckOptions options;
  options.splits = arguments.splits;
  options.threads = arguments.threads;
  if (arguments.decode) options.verify = "decode";
  const bool corpus = fs::is_directory(arguments.target) && !fs::exists(fs::path(arguments.target) / "config.yaml");
  auto check = corpus ? check_folder(arguments, options) : check_configuration(arguments, options);
  check.origin = arguments.target;
  fmt::print("{}", arguments.json == "-" ? data_check_json(check) : data_check_text(check));
  std::fflush(stdout);  // before what is said on standard error
  if (!arguments.json.empty() && arguments.json != "-") write_file(arguments.json, data_check_json(check));
  if (const auto failure = check.failure(); !failure.empty()) throw DataError(arguments.target + ": " + failure);
}

}  // namespace

void add_check_command(CLI::App& app) {
  auto arguments = std::make_shared<CheckArguments>();
  auto* command = app.add_subcommand("check", "What is wrong with a corpus, everything at once, before training");
  command->footer(
      "Examples:\n"
      "  tvr data check configs/demo/mean_pool.yaml                      as that training would meet it\n"
      "  tvr data check data/msrvtt data.test=MSRVTT_JSFUSION_test.csv   a folder, without a configuration\n"
      "  tvr data check data/msvd --type msvd --decode --json check.json every frame of every video, once\n"
      "  tvr data check my.yaml data.missing=skip --split test\n"
      "What is found out about videos is kept below TVR_CACHE (default: ~/.cache/tvr) until they change; an "
      "interrupted\n"
      "check goes on where it was. Exit status 2: training would fail, by data.missing or by malformed annotations.");
  command->add_option("TARGET", arguments->target, "A configuration, a run directory or the folder of a corpus")
      ->required();
  command->add_option("SETTING", arguments->settings,
                      "key.sub=value: overrides of the configuration, or data.key=value");
  command->add_option("--type", arguments->type, "The folder's kind of corpus")
      ->check(CLI::IsMember(builtin_corpora().names()))
      ->capture_default_str();
  command->add_flag("--decode", arguments->decode, "Decode every frame: finds damage and counts frames");
  command->add_option("--split", arguments->splits, "Which splits; may be repeated")
      ->check(CLI::IsMember({"train", "val", "test"}))
      ->allow_extra_args(false);
  command->add_option("--json", arguments->json, "Write everything for programs; - is standard output");
  command->add_option("--threads", arguments->threads, "Videos looked at at once; 0: all processors")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->callback([arguments] { run_check(*arguments); });
}

}  // namespace tvr
