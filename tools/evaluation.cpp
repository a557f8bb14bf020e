#include "evaluation.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <fstream>
#include <iostream>
#include <memory>

#include "initial_weights.h"
#include "page_queries.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/parallel.h"
#include "tvr/base/version.h"
#include "tvr/eval/page.h"
#include "tvr/model/weights.h"

namespace tvr {
namespace fs = std::filesystem;

std::string hardware_name() {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with("model name"))
      return fmt::format("{} x {}", processor_count(), line.substr(line.find(':') + 2));
  return fmt::format("{} processors", processor_count());
}

Protocol make_protocol(const Experiment& experiment, const std::string& split, const fs::path& weights,
                       const std::string& command) {
  Protocol protocol;
  protocol.split = split;
  protocol.selection_split = "val";
  protocol.ties = parse_tie_policy(experiment.evaluation.ties);
  protocol.video_to_text = parse_video_to_text(experiment.evaluation.v2t);
  protocol.bootstrap_draws = experiment.evaluation.bootstrap_draws;
  protocol.seed = experiment.run.seed;
  protocol.config = experiment.origin;
  protocol.checkpoint = weights.string();
  if (!weights.empty()) protocol.checkpoint_sha256 = weights_sha256(weights);
  protocol.commit = commit();
  protocol.hardware = hardware_name();
  protocol.precision = "float32";
  protocol.command = command;
  return protocol;
}

void check_outputs(const EvaluationOutputs& outputs) {
  for (const auto* path : {&outputs.metrics, &outputs.ranks, &outputs.page, &outputs.similarity}) {
    if (path->empty() || (path == &outputs.metrics && *path == "-")) continue;
    if (*path == "-") throw ConfigError("-: only --json can go to standard output; give a file name.");
    if (fs::is_directory(*path)) throw ConfigError(path->string() + ": is a folder, a file name is needed.");
    auto probe = *path;
    probe += ".tvr-probe";
    write_file(probe, "");
    fs::remove(probe);
  }
}

Evaluation evaluate_and_write(const Experiment& experiment, RetrievalModel& model, const ExperimentData& data,
                              const std::string& split, const fs::path& weights, const std::string& command,
                              const EvaluationOutputs& outputs) {
  const auto device = model.parameters().front().device();
  const auto split_data = data.split(split);
  auto protocol = make_protocol(experiment, split, weights, command);
  protocol.split_files = data.checksums();
  const auto& loader = experiment.loader;
  protocol.frames = fmt::format("{} frames, sampling {}{}", model.video().input().frames, loader.sampling,
                                loader.pack.empty() ? "" : ", pack " + loader.pack);
  const auto similarity =
      compute_similarity(model, split_data, experiment.evaluation, device, fs::temp_directory_path());
  const auto evaluation = evaluate_split(similarity, split_data, protocol);
  if (!outputs.similarity.empty()) write_npy(outputs.similarity, array_view(similarity.sum.contiguous()));
  if (outputs.metrics == "-")
    std::cout << report_to_json(evaluation.report);
  else if (!outputs.metrics.empty())
    write_file(outputs.metrics, report_to_json(evaluation.report));
  if (!outputs.ranks.empty()) write_ranks(outputs.ranks, evaluation.ranks);
  if (!outputs.page.empty()) {
    write_file(outputs.page, evaluation_page_html(make_page(experiment, model, data.tokenizer(), split_data,
                                                            similarity.sum, evaluation)));
    spdlog::info("page: {}", outputs.page.string());
  }
  return evaluation;
}

}  // namespace tvr
