#include "tvr/model/text_tower.h"

#include <torch/torch.h>

#include "model/transformer_layers.h"

namespace tvr {
namespace nn = torch::nn;

TextTower::TextTower(const TextConfig& config)
    : config_(config),
      token_embedding_(nn::EmbeddingOptions(config.vocabulary, config.width)
                           ._weight(torch::empty({config.vocabulary, config.width}))),  // unset, none is drawn
      transformer_(std::make_shared<Transformer>(config)) {
  const bool is_roberta = config.family == "xlm_roberta";
  const int64_t width = config.width;
  positions_ = register_parameter("positional_embedding", torch::empty({config.context_length, width}));
  if (is_roberta) types_ = register_parameter("token_type_embedding", torch::empty({1, width}));
  if (config.projection != "mlp")
    projection_ = register_parameter("text_projection", torch::empty({width, config.embed_dim}));
  if (config.projection == "linear")
    projection_bias_ = register_parameter("text_projection_bias", torch::empty({config.embed_dim}));
  register_module("token_embedding", token_embedding_);
  if (is_roberta) norm_before_ = register_module("ln_embedding", make_norm(width, config.norm_eps));
  register_module("transformer", transformer_);
  if (!is_roberta) norm_after_ = register_module("ln_final", make_norm(width, config.norm_eps));
  if (config.projection != "mlp") return;
  const auto layers = register_module("proj", std::make_shared<nn::Module>());
  first_ = layers->register_module("0", nn::Linear(nn::LinearOptions(width, config.projection_width).bias(false)));
  second_ = layers->register_module(
      "2", nn::Linear(nn::LinearOptions(config.projection_width, config.embed_dim).bias(false)));
}

// XLM-R counts positions from pad_id + 1; before them lies the position of padding.
int64_t TextTower::longest() const {
  return config_.family == "xlm_roberta" ? config_.context_length - config_.pad_id - 1 : config_.context_length;
}

torch::Tensor TextTower::embed(const torch::Tensor& ids, const torch::Tensor& mask) {
  const auto words = token_embedding_->forward(ids);
  if (config_.family != "xlm_roberta") return words + positions_.slice(0, 0, ids.size(1));
  const auto places = mask.cumsum(1) * mask + config_.pad_id;
  return norm_before_->forward(words + types_ + torch::embedding(positions_, places));
}

torch::Tensor TextTower::project(const torch::Tensor& hidden) {
  if (first_) return second_->forward(torch::gelu(first_->forward(hidden)));
  const auto projected = torch::matmul(hidden, projection_);
  return projection_bias_.defined() ? projected + projection_bias_ : projected;
}

TextOutput TextTower::forward(const torch::Tensor& ids, const torch::Tensor& mask, bool with_states) {
  const int64_t length = ids.size(1);
  TORCH_CHECK(length <= longest(), "texts of ", length, " tokens, the context length is ", longest());
  const bool is_clip = config_.family == "clip";
  auto padded = is_clip ? ids : ids.masked_fill(mask.logical_not(), config_.pad_id);
  if (config_.family == "siglip")
    padded = torch::constant_pad_nd(padded, {0, config_.context_length - length}, config_.pad_id);
  AttentionTerms terms;
  if (config_.family == "xlm_roberta") terms.mask = mask;
  TextOutput output;
  auto x = transformer_->forward(embed(padded, mask), terms, with_states ? &output.states : nullptr);
  if (norm_after_) x = norm_after_->forward(x);
  output.tokens = project(x);
  if (config_.pool == "mean") {
    const auto real = mask.unsqueeze(2).to(x.dtype());
    output.pooled = project((x * real).sum(1) / real.sum(1));
  } else if (config_.pool == "last") {
    output.pooled = output.tokens.select(1, -1);
  } else {
    const auto end = (mask.sum(1) - 1).view({-1, 1, 1});  // the end mark is the last real token
    output.pooled = output.tokens.gather(1, end.expand({-1, 1, output.tokens.size(2)})).squeeze(1);
  }
  output.tokens = output.tokens.slice(1, 0, length);
  return output;
}

}  // namespace tvr
