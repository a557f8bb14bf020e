#include "tvr/model/score.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace tvr {

Score::Score(const ScoreOptions& options, const std::vector<PartInfo>& parts) : options_(options) {
  std::vector<std::string> names;
  for (const auto& part : parts) {
    names.push_back(part.name);
    const auto chosen = options.weights.find(part.name);
    weights_.push_back(chosen == options.weights.end() ? part.weight : chosen->second);
  }
  for (const auto& [name, weight] : options.weights)
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw ConfigError("model.score.weights: " + unknown_name_message("part", name, names));
  if (std::all_of(weights_.begin(), weights_.end(), [](double weight) { return weight == 0; }))
    throw ConfigError("model.score.weights: every part has weight 0; leave at least one of " + join(names, ", ") + ".");
  const auto count = static_cast<int64_t>(parts.size());
  const auto shape = options.separate_scales ? std::vector<int64_t>{count} : std::vector<int64_t>{};
  logit_scale_ = register_parameter("logit_scale", torch::full(shape, std::log(options.logit_scale)));
  if (!options.learned_weights) return;
  if (std::any_of(weights_.begin(), weights_.end(), [](double weight) { return weight < 0; }))
    throw ConfigError("model.score.learned_weights: weights below 0 cannot be learned; make them 0 or more.");
  weight_logits_ = register_parameter("weight_logits", torch::zeros({count}));
}

torch::Tensor Score::filled(const Part& part) const {
  return part.valid.defined() ? part.value.masked_fill(part.valid.logical_not(), options_.fill) : part.value;
}

torch::Tensor Score::scale(size_t part) const {
  return options_.separate_scales ? logit_scale_[static_cast<int64_t>(part)].exp() : logit_scale_.exp();
}

torch::Tensor Score::learned_weights() const {
  const auto start = torch::tensor(weights_, weight_logits_.options().requires_grad(false));
  return start.sum() * torch::softmax(start.log() + weight_logits_, 0);
}

torch::Tensor Score::sum(const Parts& parts) const {
  TORCH_CHECK(parts.size() == weights_.size(), "the head returned ", parts.size(), " parts and declared ",
              weights_.size());
  const auto learned = weight_logits_.defined() ? learned_weights() : torch::Tensor();
  torch::Tensor total;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (weights_[i] == 0) continue;
    const auto value = filled(parts[i]);
    auto term = learned.defined() ? value * learned[static_cast<int64_t>(i)] : value * weights_[i];
    if (options_.separate_scales) term = term * scale(i);
    total = total.defined() ? total + term : term;
  }
  return total;
}

torch::Tensor Score::logits(const Parts& parts) const {
  return options_.separate_scales ? sum(parts) : sum(parts) * logit_scale_.exp();
}

Parts Score::part_logits(const Parts& parts) const {
  Parts scaled;
  for (size_t i = 0; i < parts.size(); ++i)
    if (weights_[i] != 0) scaled.push_back({parts[i].name, filled(parts[i]) * scale(i), parts[i].valid});
  return scaled;
}

Parts Score::similarities(const Parts& parts) const {
  Parts kept;
  for (size_t i = 0; i < parts.size(); ++i)
    if (weights_[i] != 0) kept.push_back({parts[i].name, filled(parts[i]), parts[i].valid});
  return kept;
}

void Score::clamp() {
  const torch::NoGradGuard no_grad;
  logit_scale_.clamp_max_(std::log(options_.max_logit_scale));
}

}  // namespace tvr
