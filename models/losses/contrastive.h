#pragma once
// What the contrastive losses share.
#include <torch/types.h>

#include <string>

#include "tvr/loss/loss.h"

namespace tvr {

/// One term for the summed score (apply_to: sum), or one for each part (parts), of a loss of [B,B] logits.
template <class LossOfLogits>
LossTerms contrastive_terms(const std::string& name, const std::string& apply_to, const LossInput& input,
                            LossOfLogits&& loss) {
  if (apply_to == "sum") return {{name, loss(input.logits)}};
  LossTerms terms;
  for (const auto& part : input.parts) terms.emplace_back(name + "." + part.name, loss(part.value));
  return terms;
}

/// [B,B] pairs of a caption with the same video's other rows: neither the pair itself nor a negative.
inline torch::Tensor other_captions(const torch::Tensor& same_video) {
  return same_video.logical_and(torch::eye(same_video.size(0), same_video.options()).logical_not());
}

/// Probabilities without those of `others`; rows sum to 1 again.
inline torch::Tensor without(const torch::Tensor& target, const torch::Tensor& others) {
  const auto left = target.masked_fill(others, 0);
  return left / left.sum(1, true);
}

/// Logit of a pair that is left out of a softmax; finite, since 0 x -inf would be NaN.
inline constexpr double kLeftOut = -1e9;

}  // namespace tvr
