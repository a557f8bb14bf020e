#pragma once
#include <torch/types.h>

#include "tvr/model/pair_blocks.h"

namespace tvr {

/// One side of a token-wise comparison: vectors, which are real, and how much each counts.
struct WeightedTokens {
  torch::Tensor values;   ///< [N,S,D], not normalised
  torch::Tensor mask;     ///< [N,S]
  torch::Tensor weights;  ///< [N,S], 0 at padding, rows sum to 1
};

/// Weights 1/(number of real tokens), 0 at padding and for a row without any.
torch::Tensor uniform_weights(const torch::Tensor& mask, torch::ScalarType type);

/// A set of one token of weight 1: a sentence [T,D], a video [V,D].
WeightedTokens single_token(const torch::Tensor& values);

/// [T,V,L,S] cosines of every text token with every visual token; kPadded where either is padding.
torch::Tensor token_cosines(const WeightedTokens& text, const WeightedTokens& video);

/// Below any cosine and finite: padding never wins a maximum, and a video without frames ranks last instead of giving
/// NaN.
inline constexpr double kPadded = -2;

/// Which best matches count: those of words, those of visual tokens, or the mean of both.
enum class Direction { kBoth, kText, kVisual };

struct TokenSimilarity {
  Direction direction = Direction::kBoth;
  double padded = kPadded;  ///< what padding offers to a maximum; 0: as DRL's code does
  int64_t block_bytes = kBlockBytes;
};

/// [T,V] token-wise interaction: the sum over words of weight x largest cosine with a visual token, the sum over visual
/// tokens of weight x largest cosine with a word, or the mean of both. The [T,V,L,S] cosines never take more than
/// block_bytes, in training neither (see pair_blocks). (DRL's TI and WTI, baselines.md 3.2; cmfg.md a.3)
torch::Tensor token_similarity(const WeightedTokens& text, const WeightedTokens& video,
                               const TokenSimilarity& settings = {});

}  // namespace tvr
