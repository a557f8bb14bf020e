#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tvr/data/batch.h"
#include "tvr/loss/loss.h"
#include "tvr/model/retrieval_model.h"
#include "tvr/train/optimizer.h"

namespace tvr {

struct TrainOptions {
  int64_t epochs = 5, steps = 0, evaluate_every = 0, checkpoint_every = 0;
  double max_grad_norm = 1;
  std::string select_on = "rsum";
  template <class Visit>
  void fields(Visit&& f) {
    f("epochs", epochs, "Passes over the training split", at_least(0));
    f("steps", steps, "Length of the run in steps instead of epochs, if above 0", at_least(0));
    f("max_grad_norm", max_grad_norm, "The global gradient norm is clipped to this; 0 never clips", at_least(0));
    f("evaluate_every", evaluate_every,
      "Steps between evaluations of the validation split; 0: once an epoch and at the end", at_least(0));
    f("checkpoint_every", checkpoint_every, "Steps between checkpoints; 0: with every evaluation", at_least(0));
    f("select_on", select_on, "Number of the validation split that picks the best checkpoint",
      one_of({"rsum", "t2v_r1", "v2t_r1"}));
  }
  std::string validate() const {
    return epochs == 0 && steps == 0 ? "epochs and steps are both 0; there is nothing to train" : "";
  }
};

/// Where a run stands; saved with every checkpoint. With the weights, the optimizer's moments and the seed it is all
/// there is.
struct TrainState {
  int64_t step = 0;  ///< steps done
  double best = -1;  ///< best validation number so far
  int64_t best_step = -1;
  int64_t log_bytes = 0;  ///< length of log.jsonl at this step: what a resumed run cuts it to
  double seconds = 0;     ///< wall time spent in steps, over all sessions of the run
};

/// What happened in one step.
struct StepReport {
  int64_t step = 0, epoch = 0;  ///< step counts from 1
  double loss = 0, grad_norm = 0;
  std::vector<std::pair<std::string, double>> terms;
  std::map<std::string, double> rates;
  double data_seconds = 0, compute_seconds = 0;
  int64_t pairs = 0;
  /// Mean number of different videos that are right for a text, where the head refines targets.
  std::optional<double> positives;
};

/// Everything that is not the mathematics of a step: logging, evaluation, checkpoints, interruption.
class TrainHook {
 public:
  virtual ~TrainHook() = default;
  virtual void after_step(const StepReport& report, TrainState& state) = 0;
};

/// The training loop. Every number is a function of the settings, the seed and the step.
class Trainer {
 public:
  Trainer(const TrainOptions& options, const OptimizerOptions& optimizer, std::shared_ptr<RetrievalModel> model,
          std::shared_ptr<Loss> loss, std::shared_ptr<const BatchSource> source, uint64_t seed, torch::Device device);

  void add_hook(std::unique_ptr<TrainHook> hook) { hooks_.push_back(std::move(hook)); }
  /// From state().step to total_steps(), batches prepared on `threads` threads.
  void run(int64_t threads, int64_t queue);
  /// One step on `batch`, the weights updated.
  StepReport step(const PairBatch& batch);

  int64_t total_steps() const { return total_; }
  TrainState& state() { return state_; }
  /// Weights of model and loss, and what else a resumed run needs.
  NamedTensors model_state() const;
  const std::vector<torch::Tensor>& trainable() const { return optimizer_.trainable(); }
  NamedTensors trainer_state() const { return optimizer_.state(); }

 private:
  /// The batch's videos as often as the head looks at them; gradients for the views that are trained.
  std::vector<VideoFeatures> encode_views(const PairBatch& batch, StepContext context);
  /// The loss's terms, their means where several views are trained.
  void warn_of_untrained() const;
  LossTerms terms_of(const PairBatch& batch, StepReport& report);
  double clip_gradients();

  TrainOptions options_;
  OptimizerOptions optimizer_options_;
  std::shared_ptr<RetrievalModel> model_;
  std::shared_ptr<Loss> loss_;
  std::shared_ptr<const BatchSource> source_;
  uint64_t seed_;
  torch::Device device_;
  AdamW optimizer_;
  int64_t total_;
  TrainState state_;
  std::vector<std::unique_ptr<TrainHook>> hooks_;
};

}  // namespace tvr
