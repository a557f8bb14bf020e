#include "experiment.h"

#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <set>

#include "feature_source.h"
#include "initial_weights.h"
#include "tvr/base/file.h"
#include "tvr/base/parallel.h"
#include "tvr/data/corpus_source.h"
#include "tvr/data/video_source.h"
#include "tvr/data/video_survey.h"
#include "tvr/ops/cuda_module.h"
#include "tvr/text/assets.h"
#include "tvr/train/run_directory.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

const std::vector<std::string> kSections{"extends", "run", "model", "loss", "data", "loader", "optim", "train", "eval"};

struct InitOptions : TrainOptions {
  std::string init;
  std::vector<std::string> init_match = {"text.*", "video.*"};
  template <class Visit>
  void fields(Visit&& f) {
    TrainOptions::fields(f);
    f("init", init, "Weights the training starts from: a run directory, or what `tvr weights inspect` reads",
      existing());
    f("init_match", init_match, "Name patterns of the parameters taken from it");
  }
};

void read_data(const ConfigNode& config, Experiment& experiment) {
  const auto data = config.child("data");
  std::string type = "msrvtt";
  data.read("type", type);
  if (type == "demo_stills")
    experiment.stills = read_options<StillOptions>(data, {"type"});
  else
    experiment.corpus = read_plugin(builtin_corpora(), config, "data", type);
}

void read_settings(const ConfigNode& config, Experiment& experiment) {
  config.check_keys(kSections);
  experiment.run = read_options<RunOptions>(config.child("run"));
  experiment.model =
      read_model(config.child("model"), builtin_text_encoders(), builtin_video_encoders(), builtin_heads());
  experiment.loss = read_loss(config, builtin_losses());
  experiment.loader = read_options<LoaderOptions>(config.child("loader"));
  experiment.optimizer = read_options<OptimizerOptions>(config.child("optim"));
  const auto train = read_options<InitOptions>(config.child("train"));
  experiment.train = train;
  experiment.init = train.init;
  experiment.init_match = train.init_match;
  experiment.evaluation = read_options<EvaluatorOptions>(config.child("eval"));
}

}  // namespace

void check_settings(const fs::path& file, const std::vector<std::string>& overrides) {
  const auto config = ConfigNode::load(file, overrides);
  config.accept_absent_paths();
  Experiment experiment;
  read_settings(config, experiment);
  config.finish();
}

Experiment read_experiment(const fs::path& config_or_run, const std::vector<std::string>& overrides) {
  if (fs::is_directory(config_or_run) && !fs::exists(config_or_run / "config.yaml"))
    throw ConfigError(config_or_run.string() + ": is not a run directory, it has no config.yaml.");
  const auto file = fs::is_directory(config_or_run) ? config_or_run / "config.yaml" : config_or_run;
  const auto config = ConfigNode::load(file, overrides);
  Experiment experiment;
  experiment.origin = file.string();
  read_settings(config, experiment);
  read_data(config, experiment);
  if (experiment.stills && experiment.train.steps == 0)
    config.error("train", "steps is missing; generated stills never end, say how many batches to train on");
  config.finish();
  experiment.effective = config.effective_yaml();
  return experiment;
}

std::string describe_settings() {
  return format_options("run", describe_options<RunOptions>()) + format_plugins(builtin_text_encoders(), "model.text") +
         format_plugins(builtin_video_encoders(), "model.video") + format_plugins(builtin_heads(), "model.head") +
         format_options("model.score", describe_options<ScoreOptions>()) + format_plugins(builtin_losses(), "loss") +
         format_options("data {type: demo_stills}", describe_options<StillOptions>()) +
         format_plugins(builtin_corpora(), "data") + format_options("loader", describe_options<LoaderOptions>()) +
         format_options("optim", describe_options<OptimizerOptions>()) +
         format_options("train", describe_options<InitOptions>()) +
         format_options("eval", describe_options<EvaluatorOptions>());
}

torch::Device choose_device(const std::string& name, const std::string& setting) {
  open_cuda_module();
  const auto count = static_cast<int64_t>(torch::cuda::device_count());
  if (name == "cpu" || (name == "auto" && count == 0)) return torch::kCPU;
  if (name == "auto" || name == "cuda") {
    if (count > 0) return torch::Device(torch::kCUDA, 0);
  } else if (name.starts_with("cuda:") && name.size() > 5 &&
             name.find_first_not_of("0123456789", 5) == std::string::npos && name.size() < 9) {
    const int64_t index = std::stoll(name.substr(5));
    if (index < count) return torch::Device(torch::kCUDA, static_cast<c10::DeviceIndex>(index));
  } else {
    throw ConfigError(setting + ": '" + name + "' is not a device; use auto, cpu, cuda or cuda:N.");
  }
  throw ConfigError(setting + ": '" + name + "' is not there, " + std::to_string(count) +
                    " CUDA devices are usable; `tvr doctor` says why.");
}

std::shared_ptr<RetrievalModel> prepare_model(const Experiment& experiment, const torch::Device& device) {
  at::set_num_threads(static_cast<int>(experiment.run.threads > 0 ? experiment.run.threads : processor_count()));
  auto model = build_model(experiment.model, static_cast<uint64_t>(experiment.run.seed));
  if (!experiment.init.empty()) load_initial_weights(*model, experiment);
  model->to(device);
  return model;
}

std::shared_ptr<const Tokenizer> open_tokenizer(const TextInputSpec& spec, const fs::path& assets,
                                                const std::string& who) {
  std::shared_ptr<const Tokenizer> tokenizer =
      make_tokenizer(spec.tokenizer, assets.empty() ? default_assets() : assets);
  if (tokenizer->vocabulary_size() > spec.vocabulary)
    throw ConfigError(who + ": the tokenizer " + spec.tokenizer + " has " +
                      std::to_string(tokenizer->vocabulary_size()) + " tokens, the text tower knows " +
                      std::to_string(spec.vocabulary) + "; is it that of other weights?");
  return tokenizer;
}

ExperimentData::ExperimentData(const Experiment& experiment, RetrievalModel& model, const torch::Device& device)
    : experiment_(experiment), model_(model), device_(device), stills_(experiment.stills.has_value()) {
  tokenizer_ = open_tokenizer(model.text().input(), experiment.run.assets, "model.text");
  if (stills_) return;
  corpus_ = experiment.corpus();
  if (!experiment.loader.pack.empty()) pack_ = std::make_shared<FramePack>(experiment.loader.pack);
}

const std::map<std::string, std::string>& ExperimentData::checksums() const {
  if (!checksums_.empty()) return checksums_;
  if (!stills_)
    for (const auto& file : corpus_->sources()) checksums_[file.string()] = sha256_file(file);
  if (!experiment_.init.empty()) checksums_[experiment_.init] = weights_sha256(evaluated_file(experiment_.init));
  return checksums_;
}

EvaluationData ExperimentData::split(const std::string& name) const {
  if (stills_) {
    const auto seed = Random(static_cast<uint64_t>(experiment_.run.seed), "validation stills").bits();
    return still_split(*tokenizer_, model_.text().context_length(), experiment_.stills->val_stills, seed);
  }
  EvaluationData data;
  data.split = usable_split(name);
  std::vector<std::string> texts;
  for (const auto& caption : data.split.captions) texts.push_back(caption.text);
  const auto table = std::make_shared<TextTable>(*tokenizer_, texts, model_.text().context_length());
  const auto text_spec = model_.text().input();
  if (!text_spec.source.empty())
    attach_features(*table, text_spec, model_.text(), model_.head().needs().words, data.split, device_);
  data.texts = table;
  if (data.texts->truncated() > 0)
    spdlog::warn("split {}: {} of {} captions are longer than model.text.context_length and were cut", name,
                 data.texts->truncated(), data.texts->size());
  if (data.texts->mojibake() > 0)
    spdlog::warn(
        "split {}: {} of {} captions look wrongly decoded (mojibake) and are read as they are; `tvr tokenize "
        "--mojibake` names them",
        name, data.texts->mojibake(), data.texts->size());
  const auto spec = model_.video().input();
  data.videos =
      spec.cached ? open_features(spec, model_.video(), *this, data.split, device_) : frames(spec, data.split.videos);
  return data;
}

std::shared_ptr<const VideoSource> ExperimentData::frames(const VideoInputSpec& spec,
                                                          const std::vector<VideoItem>& videos) const {
  const auto& loader = experiment_.loader;
  const bool black = corpus_->files().missing == "substitute-black";
  if (pack_) return std::make_shared<PackedVideoSource>(pack_, videos, spec, loader, black);
  return std::make_shared<FileVideoSource>(videos, spec, loader, loader.cache_mb << 20, black);
}

const RetrievalSplit& ExperimentData::usable_split(const std::string& name) const {
  const auto known = splits_.find(name);
  if (known != splits_.end()) return known->second;
  RetrievalSplit split;
  if (pack_) {
    split = corpus_->annotated(name);
    std::vector<std::string> reasons;
    for (const auto& video : split.videos) reasons.push_back(pack_->has(video.id) ? "" : pack_->reason(video.id));
    apply_policy(split, reasons, corpus_->files().missing);
  } else {
    split = corpus_->split(name);
    verify_videos(split, corpus_->files());
  }
  for (const auto& note : split.notes) spdlog::info("split {}: {}", name, note);
  if (!split.unusable.empty())
    spdlog::warn(
        "split {}: {} of {} videos cannot be used (data.missing: {}), {} videos with {} captions are; `tvr data "
        "check` lists them",
        name, split.unusable.size(), split.listed_videos, corpus_->files().missing, split.videos.size(),
        split.captions.size());
  return splits_.emplace(name, std::move(split)).first->second;
}

void ExperimentData::check_splits() const {
  if (stills_) return;
  std::set<std::string> training;  // ids and files: lists may name the same file in other words
  for (const auto* name : {"train", "val", "test"}) {
    const auto& split = usable_split(name);
    if (split.videos.empty() || split.captions.empty())
      throw DataError("data." + std::string(name) + ": the split has no " +
                      (split.videos.empty() ? "videos" : "captions") + "; name another list or split.");
    const auto shared = std::count_if(split.videos.begin(), split.videos.end(), [&](const VideoItem& video) {
      return training.count(video.id) > 0 || (!video.path.empty() && training.count(video.path.string()) > 0);
    });
    if (shared > 0)
      spdlog::warn("{} of the {} videos of split {} are training videos too: its numbers do not measure generalisation",
                   shared, split.videos.size(), name);
    if (std::string_view(name) != "train") continue;
    for (const auto& video : split.videos) training.insert({video.id, video.path.string()});
  }
}

std::shared_ptr<const BatchSource> ExperimentData::training() const {
  const auto seed = static_cast<uint64_t>(experiment_.run.seed);
  if (stills_ && model_.head().needs().views > 1)
    throw ConfigError(
        "model.head looks at each video twice, and a still has one look; train on a corpus, or set "
        "model.head.denoise=false.");
  if (stills_)
    return std::make_shared<StillSource>(tokenizer_, model_.text().context_length(), experiment_.loader.batch_size,
                                         experiment_.train.steps, seed);
  return std::make_shared<CorpusSource>(split("train"), experiment_.loader, seed, model_.head().needs().views);
}

}  // namespace tvr
