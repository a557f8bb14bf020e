#pragma once
#include <torch/nn/module.h>

#include <string>
#include <utility>
#include <vector>

#include "tvr/config/plugin.h"
#include "tvr/model/interaction_head.h"
#include "tvr/model/targets.h"

namespace tvr {

/// What a loss sees of a batch: row i of `text` describes row i of `video`.
struct LossInput {
  torch::Tensor logits;  ///< [B,B] of the summed score, rows = texts; carries weights and logit scale
  Parts parts;           ///< logits of each part
  Targets targets;
  StepContext step;
  Parts similarities = {};             ///< each part, filled, without weight and logit scale
  const TextFeatures* text = nullptr;  ///< of the batch, prepared by the head
  const VideoFeatures* video = nullptr;
};
/// Terms by name, weighted already; their sum is minimised, each is logged.
using LossTerms = std::vector<std::pair<std::string, torch::Tensor>>;

/// A module, since a loss may own parameters and running averages.
class Loss : public torch::nn::Module {
 public:
  virtual LossTerms terms(const LossInput& input) = 0;
};

/// How much a loss counts and when: keys beside its own in YAML.
struct LossSchedule {
  double weight = 1, start = 0, ramp = 0;
  /// weight x (0 before `start`, then rising linearly over `ramp`, then 1); both are shares of the run.
  double factor(const StepContext& step) const;
};

using LossRegistry = PluginRegistry<Loss>;
LossRegistry builtin_losses();  ///< everything under models/losses, listed by the build

/// Reads the section `loss` of a configuration: one loss, {type: info_nce, …}, or several by name,
/// {terms: {contrast: {type: info_nce, weight: 1}, margin: {type: margin, weight: 0.5, start: 0.1, ramp: 0.2}}}, whose
/// terms are added. A term is logged under its name, followed by the loss's own names if that has several.
Plugin<Loss>::Builder read_loss(const ConfigNode& config, const LossRegistry& losses);

/// A loss's options may stand beside the keys of LossSchedule.
template <class Implementation, class Options>
Plugin<Loss> make_loss_plugin() {
  return {[](const ConfigNode& node) -> Plugin<Loss>::Builder {
            const auto options = read_options<Options>(node, {"type", "weight", "start", "ramp"});
            return [options] { return std::make_shared<Implementation>(options); };
          },
          [] { return describe_options<Options>(); }};
}

/// Last line of a loss's file. NAME is the file's stem; a forgotten line fails at link time.
#define TVR_REGISTER_LOSS(NAME, LOSS, OPTIONS)              \
  void register_loss_##NAME(LossRegistry& registry) {       \
    registry.add(#NAME, make_loss_plugin<LOSS, OPTIONS>()); \
  }

}  // namespace tvr
