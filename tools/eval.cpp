#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "commands.h"
#include "evaluation.h"
#include "experiment.h"
#include "initial_weights.h"
#include "tvr/train/run_directory.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

struct EvalRequest {
  std::string config, weights, similarity, json, html, ranks, split = "test";
  std::vector<std::string> overrides;
  bool dry_run = false;
};

void evaluate(const EvalRequest& request) {
  const EvaluationOutputs outputs{request.json, request.ranks, request.html, request.similarity};
  check_outputs(outputs);
  const auto experiment = read_experiment(request.config, request.overrides);
  const auto own = fs::is_directory(request.config) ? request.config : experiment.run.dir;
  const auto weights = request.weights.empty() ? weights_file(own) : evaluated_file(request.weights);
  const auto device = choose_device(experiment.run.device);
  const auto model = prepare_model(experiment, device);
  load_evaluated_weights(*model, experiment, weights);
  const ExperimentData data(experiment, *model, device);
  if (!data.has_split(request.split))
    throw ConfigError("--split " + request.split + ": generated stills have only the split val.");
  if (request.dry_run) {
    const auto split = data.split(request.split);
    std::cout << "dry run: the settings are valid and the weights fit; split " << request.split << " has "
              << split.split.captions.size() << " captions of " << split.split.videos.size() << " videos\n";
    return;
  }
  std::string command = "tvr eval " + request.config;
  for (const auto& override : request.overrides) command += " " + override;
  const auto evaluation = evaluate_and_write(experiment, *model, data, request.split, weights, command, outputs);
  if (request.json != "-") std::cout << report_to_text(evaluation.report);
}

}  // namespace

void add_eval_command(CLI::App& app) {
  auto* command = app.add_subcommand("eval", "evaluate a trained model");
  auto request = std::make_shared<EvalRequest>();
  command->add_option("CONFIG", request->config, "a YAML file or a run directory")->required();
  command->add_option("SETTING", request->overrides, "key.sub=value: overrides of the configuration");
  command->add_option("--weights", request->weights,
                      "run directory, or what `tvr weights inspect` reads; default: the best checkpoint of the run");
  command->add_option("--split", request->split, "split to evaluate")
      ->check(CLI::IsMember({"test", "val", "train"}))
      ->capture_default_str();
  command->add_option("--save-similarity", request->similarity,
                      "write the similarity matrix, texts by videos, as .npy");
  command->add_option("--json", request->json, "write the numbers as JSON; - is standard output");
  command->add_option("--ranks", request->ranks, "write every query's rank as safetensors, for paired comparisons");
  command->add_option("--html", request->html, "write a page with plots and example queries");
  command->add_flag("--dry-run", request->dry_run, "check settings, weights and data, evaluate nothing");
  command->footer(
      "Examples:\n  tvr eval runs/demo/mean_pool\n  tvr eval runs/demo/mean_pool --split val eval.ties=average --json "
      "-\n"
      "  tvr eval configs/msrvtt/zero_shot_clip_b32.yaml --weights ViT-B-32.pt\n"
      "  tvr eval configs/demo/mean_pool.yaml --weights model.safetensors --html page.html --save-similarity sim.npy");
  command->callback([request] { evaluate(*request); });
}

}  // namespace tvr
