#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include <string>
#include <vector>

namespace tvr {

/// How much each token counts: softmax over the real tokens of a small network on the token itself, not normalised.
/// `layers` linear layers D -> D … -> 1 with ReLU between (DRL's wti_arch 1, 2, 3; baselines.md 3.2), named as DRL
/// names them: "weight" for one layer, else "0.weight", "2.weight", …. The last layer starts at zero, so the weights
/// start uniform.
class TokenWeights final : public torch::nn::Module {
 public:
  /// `name`: of this module in the whole model, which the initial weights depend on ("head.text_weight_fc.").
  TokenWeights(int64_t dim, int64_t layers, uint64_t seed, const std::string& name);

  /// tokens [N,S,D], mask [N,S] -> [N,S], 0 at padding, rows sum to 1 (0 for a row without real tokens).
  torch::Tensor forward(const torch::Tensor& tokens, const torch::Tensor& mask);

 private:
  std::vector<torch::nn::Linear> hidden_;
  torch::Tensor weight_, bias_;
};

}  // namespace tvr
