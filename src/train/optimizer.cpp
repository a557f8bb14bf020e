#include "tvr/train/optimizer.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/model/transformer.h"

namespace tvr {
namespace {

// The longest matching pattern: the most specific one, whatever the order in the file.
std::string pattern_of(const std::string& name, const std::map<std::string, double>& rates) {
  std::string best = "*";
  for (const auto& [pattern, rate] : rates)
    if (matches_pattern(name, pattern) && (best == "*" || pattern.size() > best.size())) best = pattern;
  return best;
}

bool matches_any(const std::string& name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const auto& pattern) { return matches_pattern(name, pattern); });
}

void check_patterns(const std::string& key, const std::vector<std::string>& patterns, const NamedTensors& parameters) {
  for (const auto& pattern : patterns) {
    const bool used = std::any_of(parameters.begin(), parameters.end(),
                                  [&](const auto& p) { return matches_pattern(p.first, pattern); });
    if (!used)
      throw ConfigError("optim." + key + ": '" + pattern + "' matches no parameter; `tvr describe` lists their names.");
  }
}

// "text" or "video" of a parameter of an encoder, whose blocks layer_decay scales; "" of others.
std::string tower_of(const std::string& name) {
  const auto tower = name.substr(0, name.find('.'));
  return (tower == "text" || tower == "video") && block_of(name) ? tower : "";
}

// Blocks of each tower.
std::map<std::string, int64_t> count_blocks(const NamedTensors& parameters) {
  std::map<std::string, int64_t> blocks;
  for (const auto& [name, parameter] : parameters)
    if (const auto tower = tower_of(name); !tower.empty()) blocks[tower] = std::max(blocks[tower], *block_of(name));
  return blocks;
}

double layer_scale(const std::string& name, double decay, const std::map<std::string, int64_t>& blocks) {
  const auto tower = tower_of(name);
  return tower.empty() ? 1 : std::pow(decay, blocks.at(tower) - *block_of(name));
}

}  // namespace

double schedule_factor(const OptimizerOptions& options, int64_t step, int64_t total) {
  const double rising =
      std::max(static_cast<double>(options.warmup_steps), std::floor(options.warmup * static_cast<double>(total)));
  if (static_cast<double>(step) < rising) return static_cast<double>(step + 1) / rising;
  const double begin = std::max(options.cosine_from * static_cast<double>(total), rising);
  const double length = static_cast<double>(total) - begin;
  const double position = length > 0 ? (static_cast<double>(step) - begin) / length : 0;
  if (position <= 0) return 1;
  return options.final_rate +
         (1 - options.final_rate) * 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, position)));
}

AdamW::AdamW(const OptimizerOptions& options, const NamedTensors& parameters) : options_(options) {
  std::vector<std::string> patterns;
  for (const auto& [pattern, rate] : options.rates) patterns.push_back(pattern);
  check_patterns("rates", patterns, parameters);
  const auto blocks = count_blocks(parameters);
  for (const auto& [name, parameter] : parameters) {
    const auto pattern = pattern_of(name, options.rates);
    const double scale = layer_scale(name, options.layer_decay, blocks);
    const double rate = scale * (options.rates.count(pattern) > 0 ? options.rates.at(pattern) : 1.0);
    if (rate == 0) torch::Tensor(parameter).requires_grad_(false);
    if (!parameter.requires_grad()) continue;
    const auto label = scale == 1 ? pattern : fmt::format("{} x {:.6g}", pattern, scale);
    const double decay = matches_any(name, options.no_decay) ? 0 : options.weight_decay;
    auto group = std::find_if(groups_.begin(), groups_.end(),
                              [&](const Group& g) { return g.label == label && g.decay == decay; });
    if (group == groups_.end()) group = groups_.insert(groups_.end(), Group{label, rate, decay, {}, {}, {}, {}, {}});
    group->names.push_back(name);
    group->parameters.push_back(parameter);
    group->means.push_back(torch::zeros_like(parameter));
    group->squares.push_back(torch::zeros_like(parameter));
    group->steps.push_back(torch::zeros({}, parameter.options().dtype(torch::kFloat).requires_grad(false)));
    trainable_.push_back(parameter);
  }
  if (trainable_.empty())
    throw ConfigError("optim.rates: every parameter is frozen, here or by frozen_layers; there is nothing to train.");
}

void AdamW::step(double factor) {
  const torch::NoGradGuard no_grad;
  for (auto& group : groups_) {
    std::vector<torch::Tensor> parameters, gradients, means, squares, steps;
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      if (!group.parameters[i].grad().defined()) continue;
      parameters.push_back(group.parameters[i]);
      gradients.push_back(group.parameters[i].grad());
      means.push_back(group.means[i]);
      squares.push_back(group.squares[i]);
      steps.push_back(group.steps[i].add_(1));
    }
    if (parameters.empty()) continue;
    at::_fused_adamw_(parameters, gradients, means, squares, {}, steps, options_.lr * group.rate * factor,
                      options_.beta1, options_.beta2, group.decay, options_.eps, /*amsgrad=*/false, /*maximize=*/false);
    for (auto& parameter : parameters) parameter.mutable_grad().reset();
  }
}

NamedTensors AdamW::state() const {
  NamedTensors state;
  for (const auto& group : groups_) {
    for (size_t i = 0; i < group.names.size(); ++i) {
      state.emplace_back(group.names[i] + ".mean", group.means[i]);
      state.emplace_back(group.names[i] + ".square", group.squares[i]);
      state.emplace_back(group.names[i] + ".step", group.steps[i]);
    }
  }
  return state;
}

std::map<std::string, double> AdamW::rates(double factor) const {
  std::map<std::string, double> rates;
  for (const auto& group : groups_) rates[group.label] = options_.lr * group.rate * factor;
  return rates;
}

}  // namespace tvr
