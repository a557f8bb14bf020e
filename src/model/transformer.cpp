#include "tvr/model/transformer.h"

#include <torch/torch.h>

namespace tvr {
namespace nn = torch::nn;
namespace {

class Attention final : public nn::Module {
 public:
  explicit Attention(const TransformerShape& shape)
      : heads_(shape.heads),
        causal_(shape.causal),
        in_weight_(register_parameter("in_proj_weight", torch::empty({3 * shape.width, shape.width}))),
        in_bias_(register_parameter("in_proj_bias", torch::empty({3 * shape.width}))),
        out_(register_module("out_proj", nn::Linear(shape.width, shape.width))) {}

  torch::Tensor forward(const torch::Tensor& x) {
    const int64_t count = x.size(0), length = x.size(1), width = x.size(2);
    auto qkv = torch::linear(x, in_weight_, in_bias_)
                   .view({count, length, 3, heads_, width / heads_})
                   .permute({2, 0, 3, 1, 4});  // [3,N,heads,S,width/heads]
    auto mixed = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], {}, 0.0, causal_);
    return out_->forward(mixed.transpose(1, 2).reshape({count, length, width}));
  }

 private:
  int64_t heads_;
  bool causal_;
  torch::Tensor in_weight_, in_bias_;
  nn::Linear out_;
};

class Mlp final : public nn::Module {
 public:
  explicit Mlp(const TransformerShape& shape)
      : quick_(shape.activation == "quick_gelu"),
        fc_(register_module("c_fc", nn::Linear(shape.width, hidden(shape)))),
        proj_(register_module("c_proj", nn::Linear(hidden(shape), shape.width))) {}

  torch::Tensor forward(const torch::Tensor& x) {
    const auto inner = fc_->forward(x);
    return proj_->forward(quick_ ? inner * torch::sigmoid(1.702 * inner) : torch::gelu(inner));
  }

 private:
  static int64_t hidden(const TransformerShape& shape) {
    return static_cast<int64_t>(static_cast<double>(shape.width) * shape.mlp_ratio);
  }
  bool quick_;
  nn::Linear fc_, proj_;
};

class Block final : public nn::Module {
 public:
  explicit Block(const TransformerShape& shape)
      : ln_1_(register_module("ln_1", nn::LayerNorm(nn::LayerNormOptions({shape.width})))),
        attention_(register_module("attn", std::make_shared<Attention>(shape))),
        ln_2_(register_module("ln_2", nn::LayerNorm(nn::LayerNormOptions({shape.width})))),
        mlp_(register_module("mlp", std::make_shared<Mlp>(shape))) {}

  torch::Tensor forward(const torch::Tensor& x) {
    const auto attended = x + attention_->forward(ln_1_->forward(x));
    return attended + mlp_->forward(ln_2_->forward(attended));
  }

 private:
  nn::LayerNorm ln_1_;
  std::shared_ptr<Attention> attention_;
  nn::LayerNorm ln_2_;
  std::shared_ptr<Mlp> mlp_;
};

}  // namespace

Transformer::Transformer(const TransformerShape& shape) : blocks_(register_module("resblocks", nn::ModuleList())) {
  TORCH_CHECK(shape.width % shape.heads == 0, "width ", shape.width, " is not a multiple of ", shape.heads, " heads");
  for (int64_t i = 0; i < shape.layers; ++i) blocks_->push_back(std::make_shared<Block>(shape));
}

torch::Tensor Transformer::forward(torch::Tensor tokens) {
  for (const auto& block : *blocks_) tokens = std::static_pointer_cast<Block>(block)->forward(tokens);
  return tokens;
}

}  // namespace tvr
