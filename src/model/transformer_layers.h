#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>

#include <memory>

#include "tvr/model/transformer.h"

namespace tvr {

torch::nn::LayerNorm make_norm(int64_t width, double eps);

/// torch::nn::Linear with parameters that are left unset: the numbers which that one draws for them take longer than
/// reading a file.
class Linear final : public torch::nn::Module {
 public:
  Linear(int64_t inputs, int64_t outputs);
  torch::Tensor forward(const torch::Tensor& x) const;

 private:
  torch::Tensor weight_, bias_;
};

/// Multi-head attention with the parameters of PyTorch's module of that name, and an optional norm before out_proj.
class Attention final : public torch::nn::Module {
 public:
  explicit Attention(const TransformerConfig& config);
  /// Of tokens [N,S,width] among themselves -> the same.
  torch::Tensor forward(const torch::Tensor& tokens, const AttentionTerms& terms);
  /// Of queries [N,Q,width] to tokens [N,S,width] -> [N,Q,width].
  torch::Tensor attend(const torch::Tensor& queries, const torch::Tensor& tokens);

 private:
  torch::Tensor merge(const torch::Tensor& mixed);
  torch::Tensor split(const torch::Tensor& channels, int64_t pieces) const;

  int64_t heads_;
  bool causal_;
  torch::Tensor in_weight_, in_bias_;
  torch::nn::LayerNorm norm_ = nullptr;
  std::shared_ptr<Linear> out_;
};

/// c_proj(act(c_fc x)), or with a gate c_proj(act(c_gate x) * c_fc x), and an optional norm before c_proj.
class Mlp final : public torch::nn::Module {
 public:
  explicit Mlp(const TransformerConfig& config);
  torch::Tensor forward(const torch::Tensor& tokens);

 private:
  torch::Tensor (*activate_)(const torch::Tensor&);
  std::shared_ptr<Linear> gate_, fc_;
  torch::nn::LayerNorm norm_ = nullptr;
  std::shared_ptr<Linear> proj_;
};

}  // namespace tvr
