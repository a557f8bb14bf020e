#pragma once
#include <torch/types.h>

#include <array>
#include <vector>

#include "tvr/model/pair_blocks.h"

namespace tvr {

/// [...] attention over similarities, along the last dimension: sum_i (softmax(c / temperature) M)_i c_i. Padding is
/// left out of the softmax and of the sum; -1 where all is padding. `mask` broadcasts over the similarities; all true:
/// as X-CLIP's code, which masks nothing. `matrix`: see fitted(). (X-CLIP's AOSM; baselines.md 3.3, cmfg.md a.4)
torch::Tensor attended(const torch::Tensor& similarities, const torch::Tensor& mask, const torch::Tensor& matrix,
                       double temperature);

/// A learned square matrix for `size` places, identity at the start: its first rows and columns, or itself continued by
/// the identity. Undefined stays undefined: the identity.
torch::Tensor fitted(const torch::Tensor& matrix, int64_t size);

/// The learned matrices of similarity_attention, [L,L] over words and [S,S] over visual tokens, of any size (see
/// fitted); undefined: the identity.
struct AttentionMatrices {
  torch::Tensor words_first;    ///< words of each visual token, before these are summed (X-CLIP: word_mat_weight)
  torch::Tensor visual_second;  ///< the visual tokens of that order (X-CLIP: frame_mat_weight2)
  torch::Tensor visual_first;   ///< visual tokens of each word, before words are summed (X-CLIP: frame_mat_weight)
  torch::Tensor words_second;   ///< the words of that order (X-CLIP: word_mat_weight2)
};

/// Matrices on their way through pair_blocks, where a tensor may be shared only once, however often it is used.
class SharedMatrices {
 public:
  explicit SharedMatrices(const AttentionMatrices& matrices);
  const std::vector<torch::Tensor>& tensors() const { return tensors_; }  ///< for PairTensors::shared
  AttentionMatrices of(const std::vector<torch::Tensor>& shared) const;   ///< of what came out there

 private:
  std::vector<torch::Tensor> tensors_;
  std::array<int64_t, 4> places_;  ///< in tensors_; -1: undefined
};

/// Tokens to compare and which are real. Their products are the similarities: normalise what is to be cosines.
struct AttentionTokens {
  torch::Tensor values;  ///< [N,S,D]
  torch::Tensor mask;    ///< [N,S]
};

/// What all pairs share.
struct AttentionSettings {
  double temperature = 0.01;
  int64_t block_bytes = kBlockBytes;
};

/// [T,V] attention over the [L,S] similarities of every pair: the mean of summing words first and visual tokens first.
/// The [T,V,L,S] similarities never take more than block_bytes (see pair_blocks).
torch::Tensor similarity_attention(const AttentionTokens& text, const AttentionTokens& video,
                                   const AttentionMatrices& matrices, const AttentionSettings& settings);

/// The same of similarities that are there already, [...,L,S], with masks [...,L] and [...,S] that broadcast.
torch::Tensor attended_both_ways(const torch::Tensor& similarities, const torch::Tensor& words,
                                 const torch::Tensor& visual, const AttentionMatrices& matrices, double temperature);

}  // namespace tvr
