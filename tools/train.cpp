#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <ctime>
#include <iostream>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "cost.h"
#include "evaluation.h"
#include "experiment.h"
#include "train_run.h"
#include "tvr/base/file.h"
#include "tvr/base/version.h"
#include "tvr/train/hooks.h"
#include "tvr/train/run_directory.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

std::string utc_now() {
  const auto now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

void write_manifest(const RunDirectory& run, const Experiment& experiment, const ExperimentData& data,
                    const torch::Device& device, const TrainRequest& request, const TrainState& state,
                    const std::string& status, const nlohmann::ordered_json& cost = {}) {
  nlohmann::ordered_json sources = nlohmann::ordered_json::object();
  for (const auto& [file, checksum] : data.checksums()) sources[file] = checksum;
  nlohmann::ordered_json manifest{{"command", request.command},
                                  {"status", status},
                                  {"written", utc_now()},
                                  {"version", version()},
                                  {"commit", commit()},
                                  {"compiler", compiler()},
                                  {"libtorch", TORCH_VERSION},
                                  {"hardware", hardware_name()},
                                  {"device", device.str()},
                                  {"threads", at::get_num_threads()},
                                  {"world_size", 1},
                                  {"precision", "float32"},
                                  {"seed", experiment.run.seed},
                                  {"data", sources},
                                  {"steps", state.step},
                                  {"best_step", state.best_step},
                                  {"best_validation", state.best},
                                  {"training_seconds", state.seconds}};
  if (!cost.is_null()) manifest["cost"] = cost;
  write_file(run.path() / "manifest.json",
             manifest.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

Validation validate(const Experiment& experiment, RetrievalModel& model, const EvaluationData& data,
                    const torch::Device& device) {
  auto protocol = make_protocol(experiment, "val", {}, "");
  protocol.bootstrap_draws = 0;
  const auto similarity = compute_similarity(model, data, experiment.evaluation, device, fs::temp_directory_path());
  const auto numbers = evaluate_split(similarity, data, protocol).report.whole;
  const double t2v = numbers.text_to_video[Metric::kR1], v2t = numbers.video_to_text[Metric::kR1],
               rsum = numbers.rsum();
  const auto& select = experiment.train.select_on;
  return {select == "t2v_r1"   ? t2v
          : select == "v2t_r1" ? v2t
                               : rsum,
          {{"T2V R@1", t2v}, {"V2T R@1", v2t}, {"rsum", rsum}}};
}

void add_hooks(Trainer& trainer, const RunDirectory& run, const Experiment& experiment, int64_t epoch_steps,
               std::function<Validation()> evaluate) {
  const int64_t evaluate_every = experiment.train.evaluate_every > 0 ? experiment.train.evaluate_every : epoch_steps;
  const int64_t checkpoint_every =
      experiment.train.checkpoint_every > 0 ? experiment.train.checkpoint_every : evaluate_every;
  trainer.add_hook(make_log_hook(run, trainer.total_steps(), trainer.state().step));
  trainer.add_hook(make_evaluation_hook(run, trainer, std::move(evaluate), evaluate_every));
  trainer.add_hook(make_checkpoint_hook(run, trainer, checkpoint_every));
}

void announce(Trainer& trainer, const BatchSource& source, const torch::Device& device, const RunDirectory& run) {
  int64_t trainable = 0;
  for (const auto& parameter : trainer.trainable()) trainable += parameter.numel();
  spdlog::info("{}: {} steps of {} pairs, {} trainable parameters, {}, {} threads", run.path().string(),
               trainer.total_steps(), source.batch_size(), trainable, device.str(), at::get_num_threads());
  if (trainer.state().step == trainer.total_steps())
    spdlog::info("all steps are done already; evaluating again");
  else if (trainer.state().step > 0)
    spdlog::info("continuing after step {}", trainer.state().step);
}

void rehearse(Trainer& trainer, const BatchSource& source, const EvaluationData& validation,
              const std::string& command) {
  const auto report = trainer.step(source.batch(0, 0));
  std::cout << "dry run: the settings are valid, " << trainer.total_steps() << " steps of " << source.batch_size()
            << " pairs, " << validation.split.captions.size() << " validation captions; loss of the first step "
            << report.loss << "\n"
            << "start it with: " << command << "\n";
}

}  // namespace

void train_run(const TrainRequest& request) {
  const auto experiment = read_experiment(request.config, request.overrides);
  if (!request.resume && !request.dry_run && fs::exists(experiment.run.dir))
    throw ConfigError("run.dir: " + experiment.run.dir +
                      " exists; continue it with --resume, choose another with run.dir=DIR, or remove it.");
  const auto device = choose_device(experiment.run.device);
  const auto model = prepare_model(experiment, device);
  const ExperimentData data(experiment, *model, device);
  data.check_splits();
  const auto source = data.training();
  const auto validation = data.split("val");
  const auto loss = experiment.loss();
  loss->to(device);
  Trainer trainer(experiment.train, experiment.optimizer, model, loss, source,
                  static_cast<uint64_t>(experiment.run.seed), device);
  if (request.dry_run) return rehearse(trainer, *source, validation, request.command);

  const RunDirectory run(experiment.run.dir, experiment.effective, request.resume);
  if (run.has_checkpoint("last"))
    run.restore("last", trainer);
  else
    run.cut_logs({});
  announce(trainer, *source, device, run);
  write_manifest(run, experiment, data, device, request, trainer.state(), "training");
  catch_interrupts();
  add_hooks(trainer, run, experiment, source->batches_per_epoch(),
            [&] { return validate(experiment, *model, validation, device); });
  const auto end_with = [&](const char* status) {
    write_manifest(run, experiment, data, device, request, trainer.state(), status);
  };
  try {
    trainer.run(experiment.loader.threads, experiment.loader.queue);
  } catch (const Interrupted&) {
    end_with("interrupted");
    throw;
  } catch (...) {
    end_with("failed");
    throw;
  }
  release_interrupts();  // weights are saved: from here on Ctrl-C ends the program at once
  write_manifest(run, experiment, data, device, request, trainer.state(), "trained");

  load_weights(*model, run.path());
  const auto& folder = run.path();
  const auto similarity = experiment.evaluation.save_similarity ? folder / "similarity.npy" : fs::path();
  const auto split = data.has_split("test") ? "test" : "val";
  const auto evaluation =
      evaluate_and_write(experiment, *model, data, split, weights_file(folder), request.command,
                         {folder / "metrics.json", folder / "ranks.safetensors", folder / "page.html", similarity});
  auto cost = measure_cost(*model, validation);
  cost["peak_memory_mb"] = logged_peak_memory_mb(run.log());
  write_manifest(run, experiment, data, device, request, trainer.state(), "finished", cost);
  std::cout << report_to_text(evaluation.report);
}

void add_train_command(CLI::App& app) {
  auto* command = app.add_subcommand("train", "train a model, evaluate it, write a run directory");
  auto request = std::make_shared<TrainRequest>();
  command->add_option("CONFIG", request->config, "a YAML file, see configs/, or a run directory to resume")->required();
  command->add_option("SETTING", request->overrides, "key.sub=value: overrides of the configuration");
  command->add_flag("--resume", request->resume,
                    "continue the run in run.dir; equal to one that was never interrupted");
  command->add_flag("--dry-run", request->dry_run, "check settings and data, run one step, write no run directory");
  command->footer([] {
    return "Examples:\n  tvr train configs/demo/token_wise_patches.yaml\n  tvr train configs/demo/mean_pool.yaml "
           "run.dir=runs/mean_1 run.seed=1\n"
           "  tvr train configs/demo/mean_pool.yaml --resume\n  tvr train runs/mean_1 --resume\n  tvr train "
           "configs/demo/mean_pool.yaml "
           "--dry-run\n\nSettings:\n" +
           describe_settings();
  });
  command->callback([request] {
    request->command = "tvr train " + request->config;
    for (const auto& override : request->overrides) request->command += " " + override;
    train_run(*request);
  });
}

}  // namespace tvr
