#include "model/transformer_layers.h"

#include <torch/torch.h>

#include <map>

namespace tvr {
namespace nn = torch::nn;
namespace {

using Activation = torch::Tensor (*)(const torch::Tensor&);

torch::Tensor quick_gelu(const torch::Tensor& x) {
  const auto gate = (1.702 * x).sigmoid_();
  return at::GradMode::is_enabled() ? x * gate : gate.mul_(x);  // a gradient needs the gate
}

Activation activation_named(const std::string& name) {
  static const std::map<std::string, Activation> kActivations{
      {"quick_gelu", quick_gelu},
      {"gelu", [](const torch::Tensor& x) { return torch::gelu(x); }},
      {"gelu_tanh", [](const torch::Tensor& x) { return torch::gelu(x, "tanh"); }},
      {"silu", [](const torch::Tensor& x) { return torch::silu(x); }}};
  const auto found = kActivations.find(name);
  TORCH_CHECK(found != kActivations.end(), "there is no activation '", name, "'");
  return found->second;
}

// Channels come in pairs (a, b), each turned by its angle: (a cos - b sin, b cos + a sin).
torch::Tensor turned(const torch::Tensor& x, const torch::Tensor& rotary) {
  const auto pairs = x.unflatten(-1, {-1, 2});
  const auto swapped = torch::stack({-pairs.select(-1, 1), pairs.select(-1, 0)}, -1).flatten(-2);
  return (x * rotary[0] + swapped * rotary[1]).to(x.dtype());  // turned in single precision at least
}

}  // namespace

nn::LayerNorm make_norm(int64_t width, double eps) {
  return nn::LayerNorm(nn::LayerNormOptions({width}).eps(eps));
}

Linear::Linear(int64_t inputs, int64_t outputs)
    : weight_(register_parameter("weight", torch::empty({outputs, inputs}))),
      bias_(register_parameter("bias", torch::empty({outputs}))) {}

torch::Tensor Linear::forward(const torch::Tensor& x) const {
  return torch::linear(x, weight_, bias_);
}

Attention::Attention(const TransformerConfig& config)
    : heads_(config.heads),
      causal_(config.causal),
      in_weight_(register_parameter("in_proj_weight", torch::empty({3 * config.width, config.width}))),
      out_(register_module("out_proj", std::make_shared<Linear>(config.width, config.width))) {
  if (config.attention_bias) in_bias_ = register_parameter("in_proj_bias", torch::zeros({3 * config.width}));
  if (config.sub_norm) norm_ = register_module("ln", make_norm(config.width, config.norm_eps));
}

// [N,S,pieces*width] -> [pieces,N,heads,S,width/heads]
torch::Tensor Attention::split(const torch::Tensor& channels, int64_t pieces) const {
  const int64_t count = channels.size(0), length = channels.size(1);
  return channels.view({count, length, pieces, heads_, channels.size(2) / pieces / heads_}).permute({2, 0, 3, 1, 4});
}

torch::Tensor Attention::merge(const torch::Tensor& mixed) {
  const auto tokens = mixed.transpose(1, 2).reshape({mixed.size(0), mixed.size(2), -1});
  return out_->forward(norm_ ? norm_->forward(tokens) : tokens);
}

torch::Tensor Attention::forward(const torch::Tensor& tokens, const AttentionTerms& terms) {
  const auto qkv = split(torch::linear(tokens, in_weight_, in_bias_), 3);
  auto queries = qkv[0], keys = qkv[1];
  if (terms.rotary.defined()) {
    queries = turned(queries, terms.rotary);
    keys = turned(keys, terms.rotary);
  }
  std::optional<torch::Tensor> mask;
  if (terms.mask.defined()) mask = terms.mask.unsqueeze(1).unsqueeze(1);
  return merge(at::scaled_dot_product_attention(queries, keys, qkv[2], mask, 0.0, causal_));
}

torch::Tensor Attention::attend(const torch::Tensor& queries, const torch::Tensor& tokens) {
  const int64_t width = in_weight_.size(1);
  const auto of = [&](const torch::Tensor& parameter, int64_t begin, int64_t end) {
    return parameter.defined() ? parameter.slice(0, begin * width, end * width) : parameter;
  };
  const auto q = split(torch::linear(queries, of(in_weight_, 0, 1), of(in_bias_, 0, 1)), 1);
  const auto kv = split(torch::linear(tokens, of(in_weight_, 1, 3), of(in_bias_, 1, 3)), 2);
  return merge(at::scaled_dot_product_attention(q[0], kv[0], kv[1]));
}

Mlp::Mlp(const TransformerConfig& config)
    : activate_(activation_named(config.activation)),
      fc_(register_module("c_fc", std::make_shared<Linear>(config.width, config.mlp_width))),
      proj_(register_module("c_proj", std::make_shared<Linear>(config.mlp_width, config.width))) {
  if (config.gated_mlp) gate_ = register_module("c_gate", std::make_shared<Linear>(config.width, config.mlp_width));
  if (config.sub_norm) norm_ = register_module("ln", make_norm(config.mlp_width, config.norm_eps));
}

torch::Tensor Mlp::forward(const torch::Tensor& tokens) {
  auto inner = fc_->forward(tokens);
  inner = gate_ ? activate_(gate_->forward(tokens)) * inner : activate_(inner);
  return proj_->forward(norm_ ? norm_->forward(inner) : inner);
}

}  // namespace tvr
