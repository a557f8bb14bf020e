#include <fmt/format.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "commands.h"
#include "experiment.h"
#include "tvr/base/arrays.h"

namespace tvr {
namespace {

constexpr int64_t kTexts = 16, kVideos = 16;  // pairs are measured on a tile of this size
constexpr double kPatience = 1000;            // milliseconds: what takes longer is not done again

void print_parameters(const RetrievalModel& model) {
  int64_t all = 0, trainable = 0;
  for (const auto& item : model.named_parameters()) {
    const auto& parameter = item.value();
    all += parameter.numel();
    if (parameter.requires_grad()) trainable += parameter.numel();
    fmt::print("{:<62} {:<16} {}\n", item.key(), shape_text(parameter.sizes().vec()),
               parameter.requires_grad() ? "trainable" : "frozen");
  }
  fmt::print("\n{} parameters, {} trainable\n", all, trainable);
}

// The first call allocates; a short one is measured again.
template <class Work>
double milliseconds(Work&& work) {
  double taken = kPatience;
  for (int call = 0; call < 2 && taken <= kPatience; ++call) {
    const auto start = std::chrono::steady_clock::now();
    work();
    taken = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }
  return taken;
}

// One video: large towers take seconds for each.
VideoInput constant_input(const VideoInputSpec& spec, RetrievalModel& model) {
  VideoInput video;
  video.mask = torch::ones({1, spec.frames}, torch::kBool);
  if (!spec.cached) {
    video.pixels = torch::zeros({1, spec.frames, 3, spec.size, spec.size}, torch::kUInt8);
    return video;
  }
  const int64_t dim = model.video().dim(), grid = model.video().grid();
  video.cached.mask = video.mask;
  video.cached.frames = torch::ones({1, spec.frames, dim});
  if (model.head().needs().patches)
    video.cached.patches = torch::ones({1, spec.frames, spec.keep_patches > 0 ? spec.keep_patches : grid * grid, dim});
  return video;
}

// Cost on input of full size, on this machine.
void print_cost(RetrievalModel& model) {
  const torch::NoGradGuard no_grad;
  model.eval();
  const auto spec = model.video().input();
  const int64_t words = model.text().context_length();
  TextInput text{torch::ones({kTexts, words}, torch::kLong), torch::ones({kTexts, words}, torch::kBool)};
  text.cached.pooled = torch::ones({kTexts, model.text().dim()});
  text.cached.tokens = torch::ones({kTexts, words, model.text().dim()});
  const auto texts = model.encode(text);
  fmt::print("\ncost on this machine, {} threads, constant input of full size\n", at::get_num_threads());
  fmt::print("  text   {:9.3f} ms {:>10} bytes\n", milliseconds([&] { model.encode(text); }) / kTexts,
             byte_size(texts) / kTexts);
  const auto input = constant_input(spec, model);
  const auto video = model.encode(input);
  if (spec.cached)
    fmt::print("  video  read from features made by {} {:>10} bytes\n", spec.source, byte_size(video));
  else
    fmt::print("  video  {:9.3f} ms {:>10} bytes ({} frames of {}x{})\n", milliseconds([&] { model.encode(input); }),
               byte_size(video), spec.frames, spec.size, spec.size);
  const auto videos = select(video, torch::zeros({kVideos}, torch::kLong));
  fmt::print("  pair   {:9.6f} ms\n", milliseconds([&] { model.parts(texts, videos); }) / (kTexts * kVideos));
}

void describe(const std::string& config, const std::vector<std::string>& overrides) {
  const auto experiment = read_experiment(config, overrides);
  const auto model = prepare_model(experiment, torch::kCPU);
  NamedTensors parameters;
  for (const auto& item : model->named_parameters()) parameters.emplace_back(item.key(), item.value());
  const AdamW optimizer(experiment.optimizer, parameters);  // freezes what has rate 0
  print_parameters(*model);
  print_cost(*model);
}

}  // namespace

void add_describe_command(CLI::App& app) {
  auto* command = app.add_subcommand(
      "describe", "parameters by name and shape, trainable or frozen, and the cost of text, video and pair");
  auto config = std::make_shared<std::string>();
  auto overrides = std::make_shared<std::vector<std::string>>();
  command->add_option("CONFIG", *config, "a YAML file or a run directory")->required();
  command->add_option("SETTING", *overrides, "key.sub=value: overrides of the configuration");
  command->footer("Example:\n  tvr describe configs/demo/end_to_end.yaml model.head.visual=patches");
  command->callback([=] { describe(*config, *overrides); });
}

}  // namespace tvr
