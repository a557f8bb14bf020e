#pragma once
#include <torch/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tvr/data/batch_plan.h"
#include "tvr/data/frame_pack.h"
#include "tvr/eval/evaluator.h"
#include "tvr/loss/loss.h"
#include "tvr/model/retrieval_model.h"
#include "tvr/train/trainer.h"

namespace tvr {

struct RunOptions {
  std::string dir, device = "auto", assets;
  int64_t seed = 0, threads = 0;
  template <class Visit>
  void fields(Visit&& f) {
    f("dir", dir, "Folder of the run; an existing one is refused without --resume");
    f("seed", seed, "Of the initial weights, the order of batches and every other draw", at_least(0));
    f("device", device, "auto, cpu, cuda or cuda:N");
    f("threads", threads, "Threads of LibTorch; 0: one a processor. Results are reproducible for the same number",
      within(0, 1024));
    f("assets", assets, "Folder of CLIP's merges file; empty: beside the build, or TVR_ASSETS", existing());
  }
  std::string validate() const { return dir.empty() ? "run.dir is missing; name the folder of the run" : ""; }
};

/// data: {type: demo_stills}, the generated pictures of pre-training; every other type is a corpus plug-in.
struct StillOptions {
  int64_t val_stills = 256;
  template <class Visit>
  void fields(Visit&& f) {
    f("val_stills", val_stills, "Held-out stills that serve as validation split", within(2, 100'000));
  }
};

/// Everything a configuration says, read and checked; nothing is built yet.
struct Experiment {
  std::string effective;  ///< YAML with every default written out
  std::string origin;     ///< the file it was read from
  RunOptions run;
  ModelPlan model;
  Plugin<Loss>::Builder loss;
  std::optional<StillOptions> stills;
  Plugin<Corpus>::Builder corpus;  ///< empty with stills
  LoaderOptions loader;
  OptimizerOptions optimizer;
  TrainOptions train;
  EvaluatorOptions evaluation;
  std::string init;                     ///< train.init
  std::vector<std::string> init_match;  ///< train.init_match
};

/// Reads a configuration, or the one of a run directory. Throws ConfigError with all errors at once.
Experiment read_experiment(const std::filesystem::path& config_or_run, const std::vector<std::string>& overrides);

/// Checks what a configuration says about everything but its data, whose files, like weights and other runs, may be
/// absent. Throws ConfigError with all errors at once.
void check_settings(const std::filesystem::path& file, const std::vector<std::string>& overrides);

/// Every setting with type, range and default, generated from the Options.
std::string describe_settings();

/// A device with "auto" resolved. Throws ConfigError, naming `setting`, for an unknown name or a device this machine
/// lacks.
torch::Device choose_device(const std::string& name, const std::string& setting = "run.device");

/// The tokenizer of a text encoder; `assets` "": the default folder. Throws ConfigError, beginning with `who`, if it
/// has more tokens than the encoder.
std::shared_ptr<const Tokenizer> open_tokenizer(const TextInputSpec& spec, const std::filesystem::path& assets,
                                                const std::string& who);

/// Applies run.threads, opens the CUDA module, builds the model on the device and loads train.init into it.
std::shared_ptr<RetrievalModel> prepare_model(const Experiment& experiment, const torch::Device& device);

/// The data of an experiment, for a model: splits as evaluation data and the source of training batches.
class ExperimentData {
 public:
  ExperimentData(const Experiment& experiment, RetrievalModel& model, const torch::Device& device);
  std::shared_ptr<const BatchSource> training() const;
  EvaluationData split(const std::string& name) const;
  bool has_split(const std::string& name) const { return !stills_ || name == "val"; }
  /// Reads and verifies all three splits: throws DataError for what is wrong with one or empty, warns of videos shared
  /// with training.
  void check_splits() const;
  /// The pixels of `videos` for an encoder: from the frame pack of the settings, or from the files.
  std::shared_ptr<const VideoSource> frames(const VideoInputSpec& spec, const std::vector<VideoItem>& videos) const;
  /// SHA-256 of every annotation file and of the weights of train.init, computed once.
  const std::map<std::string, std::string>& checksums() const;
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const FrameOptions& frame_options() const { return experiment_.loader; }

 private:
  const RetrievalSplit& usable_split(const std::string& name) const;

  const Experiment& experiment_;
  RetrievalModel& model_;
  torch::Device device_;
  bool stills_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::shared_ptr<const Corpus> corpus_;
  std::shared_ptr<const FramePack> pack_;                 ///< none: files are decoded
  mutable std::map<std::string, RetrievalSplit> splits_;  ///< read and verified once
  mutable std::map<std::string, std::string> checksums_;
};

}  // namespace tvr
