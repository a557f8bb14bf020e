#include "tvr/model/similarity_attention.h"

#include <torch/torch.h>

#include <algorithm>
#include <limits>

#include "tvr/model/pair_blocks.h"

namespace tvr {

torch::Tensor fitted(const torch::Tensor& matrix, int64_t size) {
  if (!matrix.defined() || matrix.size(0) == size) return matrix;
  if (matrix.size(0) > size) return matrix.slice(0, 0, size).slice(1, 0, size);
  return torch::block_diag({matrix, torch::eye(size - matrix.size(0), matrix.options().requires_grad(false))});
}

torch::Tensor attended(const torch::Tensor& similarities, const torch::Tensor& mask, const torch::Tensor& matrix,
                       double temperature) {
  const auto lowest = std::numeric_limits<float>::lowest();  // finite: a set without real tokens must not become NaN
  const auto padding = mask.logical_not();
  auto weights = torch::softmax((similarities / temperature).masked_fill(padding, lowest), -1);
  if (const auto fit = fitted(matrix, similarities.size(-1)); fit.defined()) weights = torch::matmul(weights, fit);
  const auto sum = (weights * similarities).masked_fill(padding, 0).sum(-1);
  return sum.masked_fill(mask.any(-1).logical_not(), -1);
}

torch::Tensor attended_both_ways(const torch::Tensor& similarities, const torch::Tensor& words,
                                 const torch::Tensor& visual, const AttentionMatrices& matrices, double temperature) {
  const auto of_visual = attended(similarities.transpose(-2, -1), words.unsqueeze(-2), matrices.words_first,
                                  temperature);                                                            // [...,S]
  const auto of_words = attended(similarities, visual.unsqueeze(-2), matrices.visual_first, temperature);  // [...,L]
  return 0.5 * (attended(of_visual, visual, matrices.visual_second, temperature) +
                attended(of_words, words, matrices.words_second, temperature));
}

SharedMatrices::SharedMatrices(const AttentionMatrices& matrices) {
  const std::array<torch::Tensor, 4> all{matrices.words_first, matrices.visual_second, matrices.visual_first,
                                         matrices.words_second};
  for (size_t i = 0; i < all.size(); ++i) {
    const auto same = std::find_if(tensors_.begin(), tensors_.end(),
                                   [&](const torch::Tensor& tensor) { return tensor.is_same(all[i]); });
    places_[i] = all[i].defined() ? same - tensors_.begin() : -1;
    if (all[i].defined() && same == tensors_.end()) tensors_.push_back(all[i]);
  }
}

AttentionMatrices SharedMatrices::of(const std::vector<torch::Tensor>& shared) const {
  const auto at = [&](size_t i) { return places_[i] < 0 ? torch::Tensor() : shared[static_cast<size_t>(places_[i])]; };
  return {at(0), at(1), at(2), at(3)};
}

torch::Tensor similarity_attention(const AttentionTokens& text, const AttentionTokens& video,
                                   const AttentionMatrices& matrices, const AttentionSettings& settings) {
  const SharedMatrices shared(matrices);
  const PairFunction score = [shared, temperature = settings.temperature](const PairTensors& given) {
    const auto &text_values = given.text[0], &video_values = given.video[0];
    const auto similarities = torch::matmul(text_values.flatten(0, 1), video_values.flatten(0, 1).t())
                                  .view({text_values.size(0), text_values.size(1), video_values.size(0), -1})
                                  .transpose(1, 2);  // [t,v,L,S]
    return attended_both_ways(similarities, given.text[1].unsqueeze(1), given.video[1].unsqueeze(0),
                              shared.of(given.shared), temperature);
  };
  const int64_t bytes = text.values.size(1) * video.values.size(1) * static_cast<int64_t>(text.values.element_size());
  return pair_blocks(score, {{text.values, text.mask}, {video.values, video.mask}, shared.tensors()}, bytes,
                     settings.block_bytes);
}

}  // namespace tvr
