#pragma once
#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "tvr/config/options.h"
#include "tvr/model/weights.h"

namespace tvr {

struct OptimizerOptions {
  double lr = 1e-4, beta1 = 0.9, beta2 = 0.98, eps = 1e-8, weight_decay = 0.2;
  std::map<std::string, double> rates;
  std::vector<std::string> no_decay = {"*bias", "*ln_*", "*logit_scale", "*weight_logits"};
  int64_t warmup_steps = 0;
  double warmup = 0, cosine_from = 0, final_rate = 0, layer_decay = 1;
  template <class Visit>
  void fields(Visit&& f) {
    f("lr", lr, "Learning rate after warm-up", at_least(0));
    f("beta1", beta1, "Decay of the gradient's running mean", within(0, 0.999999));
    f("beta2", beta2, "Decay of the squared gradient's running mean", within(0, 0.999999));
    f("eps", eps, "Added to the denominator", within(1e-20, 1));
    f("weight_decay", weight_decay, "Decoupled weight decay", at_least(0));
    f("rates", rates,
      "Learning rate scale by parameter name pattern ('*': anything); the longest matching pattern counts, 0 freezes",
      at_least(0));
    f("layer_decay", layer_decay,
      "Learning rate scale from each block of a tower to the one before it, down to the embeddings; 1: all alike",
      within(0.01, 1));
    f("no_decay", no_decay, "Name patterns of parameters without weight decay");
    f("warmup_steps", warmup_steps, "The rate rises linearly over this many steps", at_least(0));
    f("warmup", warmup, "The same as a share of the run", within(0, 1));
    f("cosine_from", cosine_from, "Share of the run after which the rate falls along a cosine; 1: constant",
      within(0, 1));
    f("final_rate", final_rate, "Where the cosine ends, as a share of lr", within(0, 1));
  }
  std::string validate() const {
    return warmup > 0 && warmup_steps > 0 ? "warmup and warmup_steps say the same; give one of them" : "";
  }
};

/// Factor of the learning rate at `step` (0-based) of `total`: linear warm-up, constant, cosine.
double schedule_factor(const OptimizerOptions& options, int64_t step, int64_t total);

/// AdamW (Loshchilov and Hutter 2019, decoupled decay) over named parameters in groups by name. Parameters of rate 0
/// get no gradient; those that require none already are left alone.
class AdamW {
 public:
  /// Throws ConfigError for a pattern that matches no parameter and when every parameter is frozen.
  AdamW(const OptimizerOptions& options, const NamedTensors& parameters);
  /// One step with the rate scaled by `factor`; gradients are cleared. Parameters without a gradient are left alone.
  void step(double factor);
  const std::vector<torch::Tensor>& trainable() const { return trainable_; }
  /// Moments and step counts by name, to save and to load into.
  NamedTensors state() const;
  /// Learning rates in use after `factor`, by pattern ("*" for the rest), and " x S" behind it where layer_decay scales
  /// them by S.
  std::map<std::string, double> rates(double factor) const;

 private:
  struct Group {
    std::string label;
    double rate = 1, decay = 0;
    std::vector<std::string> names;
    std::vector<torch::Tensor> parameters, means, squares, steps;
  };
  OptimizerOptions options_;
  std::vector<Group> groups_;
  std::vector<torch::Tensor> trainable_;
};

}  // namespace tvr
