#pragma once
#include <torch/nn/module.h>

#include <string>
#include <utility>
#include <vector>

#include "tvr/config/plugin.h"
#include "tvr/model/interaction_head.h"

namespace tvr {

/// What counts as right in a batch, one matrix a direction: they need not be transposes of each other.
struct Targets {
  torch::Tensor text_to_video;  ///< [B,B] row = text, probabilities over the batch's videos, rows sum to 1
  torch::Tensor video_to_text;  ///< [B,B] row = video, probabilities over the batch's texts
  torch::Tensor same_video;     ///< [B,B] bool, true where the two pairs show the same video (the diagonal included)
};

/// Targets of a batch whose pair i shows video video_index[i] [B] int64: the diagonal.
Targets make_targets(const torch::Tensor& video_index);

/// What a loss sees of a batch; the logits carry weights and logit scale.
struct LossInput {
  torch::Tensor logits;  ///< [B,B] of the summed score
  Parts parts;           ///< logits of each part
  Targets targets;
  StepContext step;
};
/// Terms by name, weighted already; their sum is minimised, each is logged.
using LossTerms = std::vector<std::pair<std::string, torch::Tensor>>;

/// A module, since a loss may own parameters and running averages.
class Loss : public torch::nn::Module {
 public:
  virtual LossTerms terms(const LossInput& input) = 0;
};

using LossRegistry = PluginRegistry<Loss>;
LossRegistry builtin_losses();  ///< everything under models/losses, listed by the build

/// Last line of a loss's file. NAME is the file's stem; a forgotten line fails at link time.
#define TVR_REGISTER_LOSS(NAME, LOSS, OPTIONS)               \
  void register_loss_##NAME(LossRegistry& registry) {        \
    registry.add(#NAME, make_plugin<LOSS, OPTIONS, Loss>()); \
  }

}  // namespace tvr
