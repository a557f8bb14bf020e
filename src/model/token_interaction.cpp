#include "tvr/model/token_interaction.h"

#include <torch/torch.h>

#include "tvr/model/pooling.h"

namespace tvr {
torch::Tensor uniform_weights(const torch::Tensor& mask, torch::ScalarType type) {
  const auto real = mask.to(type);
  return real / real.sum(1, true).clamp_min(1);
}

torch::Tensor token_cosines(const WeightedTokens& text, const WeightedTokens& video) {
  const int64_t texts = text.values.size(0), words = text.values.size(1), videos = video.values.size(0),
                tokens = video.values.size(1);
  const auto product =
      torch::matmul(unit(text.values).flatten(0, 1), unit(video.values).flatten(0, 1).t());  // [T·L,V·S]
  const auto padded =
      text.mask.view({texts, 1, words, 1}).logical_and(video.mask.view({1, videos, 1, tokens})).logical_not();
  return product.view({texts, words, videos, tokens}).transpose(1, 2).masked_fill(padded, kPadded);
}

torch::Tensor text_to_visual(const torch::Tensor& cosines, const torch::Tensor& text_weights) {
  return (std::get<0>(cosines.max(3)) * text_weights.unsqueeze(1)).sum(2);
}

torch::Tensor visual_to_text(const torch::Tensor& cosines, const torch::Tensor& visual_weights) {
  return (std::get<0>(cosines.max(2)) * visual_weights.unsqueeze(0)).sum(2);
}

}  // namespace tvr
