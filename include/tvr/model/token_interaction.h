#pragma once
#include <torch/types.h>

namespace tvr {

/// One side of a token-wise comparison: vectors, which are real, and how much each counts.
struct WeightedTokens {
  torch::Tensor values;   ///< [N,S,D], not normalised
  torch::Tensor mask;     ///< [N,S]
  torch::Tensor weights;  ///< [N,S], 0 at padding, rows sum to 1
};

/// Weights 1/(number of real tokens), 0 at padding and for a row without any.
torch::Tensor uniform_weights(const torch::Tensor& mask, torch::ScalarType type);

/// [T,V,L,S] cosines of every text token with every visual token; kPadded where either is padding.
torch::Tensor token_cosines(const WeightedTokens& text, const WeightedTokens& video);

/// Below any cosine and finite: padding never wins a maximum, and a video without frames ranks last instead of giving
/// NaN.
inline constexpr double kPadded = -2;

/// [T,V] sum over words of weight x largest cosine with a visual token. (DRL eq. of WTI, first direction)
torch::Tensor text_to_visual(const torch::Tensor& cosines, const torch::Tensor& text_weights);
/// [T,V] sum over visual tokens of weight x largest cosine with a word.
torch::Tensor visual_to_text(const torch::Tensor& cosines, const torch::Tensor& visual_weights);

}  // namespace tvr
