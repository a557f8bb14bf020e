#pragma once
#include <torch/nn/module.h>

#include <map>
#include <string>
#include <vector>

#include "tvr/config/options.h"
#include "tvr/model/interaction_head.h"

namespace tvr {

struct ScoreOptions {
  std::map<std::string, double> weights;
  double fill = 0;
  double logit_scale = 14.2857142857;
  double max_logit_scale = 100;
  int64_t block_mb = kBlockBytes >> 20;
  bool separate_scales = false, learned_weights = false;
  template <class Visit>
  void fields(Visit&& f) {
    f("weights", weights, "Weight of each part by name; 0 switches it off, absent keeps the head's own");
    f("fill", fill, "Value of a part for pairs where it is not valid");
    f("logit_scale", logit_scale, "Initial logit scale (the inverse temperature), learned", within(1e-3, 1e4));
    f("max_logit_scale", max_logit_scale, "The logit scale is clamped to this after every step", within(1e-3, 1e4));
    f("block_mb", block_mb,
      "Memory of the similarities of tokens computed at once; larger scores are made block by block, and again in the "
      "backward pass",
      within(1, 1e6));
    f("separate_scales", separate_scales, "A logit scale for each part instead of one");
    f("learned_weights", learned_weights,
      "Weights above 0 are where a softmax over the parts starts that losses on the sum train; their sum stays");
  }
  std::string validate() const { return logit_scale > max_logit_scale ? "logit_scale is above max_logit_scale" : ""; }
};

/// A score is a declared sum of named parts: weights, fills and the logit scale are applied here, on the assembled
/// matrix, for every head alike. Owns `logit_scale` (logarithm; 0-dim as in CLIP, or one a part) and, where weights are
/// learned, `weight_logits` (one a part, 0 at the start).
class Score final : public torch::nn::Module {
 public:
  /// Throws ConfigError if `weights` names a part the head does not have, leaves none, or cannot be learned.
  Score(const ScoreOptions& options, const std::vector<PartInfo>& parts);

  /// [T,V] weighted sum of the parts, before the logit scale where one is shared; with separate scales, of the scaled
  /// parts.
  torch::Tensor sum(const Parts& parts) const;
  /// [T,V] what a loss on the sum sees.
  torch::Tensor logits(const Parts& parts) const;
  /// The parts of weight above zero, filled and scaled: what a loss on each part sees.
  Parts part_logits(const Parts& parts) const;
  /// The parts of weight above zero, filled, not scaled.
  Parts similarities(const Parts& parts) const;
  /// Clamps the logit scale to max_logit_scale. Call after every optimizer step.
  void clamp();
  /// [T,V] the part's value, `fill` where it is not valid.
  torch::Tensor filled(const Part& part) const;

 private:
  torch::Tensor scale(size_t part) const;
  torch::Tensor learned_weights() const;  // [parts]

  ScoreOptions options_;
  std::vector<double> weights_;
  torch::Tensor logit_scale_, weight_logits_;
};

}  // namespace tvr
