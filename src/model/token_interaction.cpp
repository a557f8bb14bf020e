#include "tvr/model/token_interaction.h"

#include <torch/torch.h>

#include "tvr/model/pair_blocks.h"
#include "tvr/model/pooling.h"

namespace tvr {
namespace {

// [T,V,L,S] products of tokens that are normalised already.
torch::Tensor products(const torch::Tensor& text, const torch::Tensor& text_mask, const torch::Tensor& video,
                       const torch::Tensor& video_mask, double padded) {
  const int64_t texts = text.size(0), words = text.size(1), videos = video.size(0), tokens = video.size(1);
  const auto product = torch::matmul(text.flatten(0, 1), video.flatten(0, 1).t());  // [T·L,V·S]
  const auto padding =
      text_mask.view({texts, 1, words, 1}).logical_and(video_mask.view({1, videos, 1, tokens})).logical_not();
  return product.view({texts, words, videos, tokens}).transpose(1, 2).masked_fill(padding, padded);
}

}  // namespace

torch::Tensor uniform_weights(const torch::Tensor& mask, torch::ScalarType type) {
  const auto real = mask.to(type);
  return real / real.sum(1, true).clamp_min(1);
}

WeightedTokens single_token(const torch::Tensor& values) {
  const auto mask = torch::ones({values.size(0), 1}, values.options().dtype(torch::kBool).requires_grad(false));
  return {values.unsqueeze(1), mask, mask.to(values.scalar_type())};
}

torch::Tensor token_cosines(const WeightedTokens& text, const WeightedTokens& video) {
  return products(unit(text.values), text.mask, unit(video.values), video.mask, kPadded);
}

torch::Tensor token_similarity(const WeightedTokens& text, const WeightedTokens& video,
                               const TokenSimilarity& settings) {
  const auto direction = settings.direction;
  const double padded = settings.padded;
  const PairFunction score = [direction, padded](const PairTensors& tensors) {
    const auto& words = tensors.text;
    const auto& visual = tensors.video;  // values, mask, weights
    const auto cosines = products(words[0], words[1], visual[0], visual[1], padded);
    const auto of_words = [&] { return (std::get<0>(cosines.max(3)) * words[2].unsqueeze(1)).sum(2); };
    const auto of_visual = [&] { return (std::get<0>(cosines.max(2)) * visual[2].unsqueeze(0)).sum(2); };
    if (direction == Direction::kText) return of_words();
    if (direction == Direction::kVisual) return of_visual();
    return 0.5 * (of_words() + of_visual());
  };
  const PairTensors tensors{
      {unit(text.values), text.mask, text.weights}, {unit(video.values), video.mask, video.weights}, {}};
  const int64_t bytes = text.values.size(1) * video.values.size(1) * static_cast<int64_t>(text.values.element_size());
  return pair_blocks(score, tensors, bytes, settings.block_bytes);
}

}  // namespace tvr
