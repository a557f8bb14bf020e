#include "tvr/model/token_weights.h"

#include <torch/torch.h>

#include "tvr/model/initialize.h"

namespace tvr {

TokenWeights::TokenWeights(int64_t dim, int64_t layers, uint64_t seed, const std::string& name) {
  for (int64_t i = 0; i + 1 < layers; ++i)
    hidden_.push_back(register_module(std::to_string(2 * i), torch::nn::Linear(dim, dim)));
  if (layers == 1) {
    weight_ = register_parameter("weight", torch::empty({1, dim}));
    bias_ = register_parameter("bias", torch::empty({1}));
  } else {
    const auto last = register_module(std::to_string(2 * (layers - 1)), torch::nn::Linear(dim, 1));
    weight_ = last->weight;
    bias_ = last->bias;
  }
  const std::string output = layers == 1 ? "weight" : std::to_string(2 * (layers - 1)) + ".weight";
  initialize(*this, seed, name, {{output, 0.0}});
}

torch::Tensor TokenWeights::forward(const torch::Tensor& tokens, const torch::Tensor& mask) {
  auto hidden = tokens;
  for (auto& layer : hidden_) hidden = torch::relu(layer->forward(hidden));
  const auto score = torch::linear(hidden, weight_, bias_).squeeze(-1);
  const auto lowest = std::numeric_limits<float>::lowest();  // finite: a row without real tokens must not become NaN
  return torch::softmax(score.masked_fill(mask.logical_not(), lowest), 1) * mask;
}

}  // namespace tvr
