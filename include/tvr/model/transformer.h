#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <memory>
#include <string>

namespace tvr {

/// Shape of a pre-norm transformer as CLIP's towers use it.
struct TransformerShape {
  int64_t width = 512, layers = 12, heads = 8;
  double mlp_ratio = 4;
  std::string activation = "quick_gelu";  ///< quick_gelu: x·sigmoid(1.702 x); gelu: with erf
  bool causal = false;                    ///< a token sees itself and what precedes it
};

/// Blocks x += attention(ln_1 x); x += c_proj(act(c_fc(ln_2 x))), parameters named as in OpenAI's CLIP:
/// resblocks.N.{ln_1, attn.in_proj_weight, attn.in_proj_bias, attn.out_proj, ln_2, mlp.c_fc, mlp.c_proj}.
/// (encoders.md 1.1)
class Transformer final : public torch::nn::Module {
 public:
  explicit Transformer(const TransformerShape& shape);
  torch::Tensor forward(torch::Tensor tokens);  ///< [N,S,width] -> the same

 private:
  torch::nn::ModuleList blocks_;
};

}  // namespace tvr
