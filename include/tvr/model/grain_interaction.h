#pragma once
#include <memory>
#include <vector>

#include "tvr/model/pair_blocks.h"
#include "tvr/model/similarity_attention.h"
#include "tvr/model/token_interaction.h"
#include "tvr/model/token_weights.h"

namespace tvr {

/// How the tokens of grains of a text (its sentence, its words) meet those of one grain of a video.
struct GrainSettings {
  bool attention = false;     ///< attention over the cosines; else best matches, weighted
  double temperature = 0.01;  ///< of the attention
  double padded = kPadded;    ///< what padding offers to a best match
  int64_t frames = 0;  ///< F: the S = F x R visual tokens come frame by frame and only the best of a frame meets a
                       ///< word, video.weights being [V,F] then; 0: all meet alike
  std::shared_ptr<TokenWeights> weights;  ///< makes video.weights, where these are undefined
  int64_t block_bytes = kBlockBytes;
};

/// One grain of texts; of one token, see single_token().
struct TextGrain {
  WeightedTokens tokens;
  AttentionMatrices matrices;  ///< of the attention with the video's grain
};

/// [T,V] similarity of each of `texts` with the video's grain. The [T,V,L,S] cosines never take more than block_bytes,
/// and nothing else is made of all video tokens at once, their gradient excepted: many videos with many regions each
/// cost little more than themselves, in training too (see pair_blocks). (cmfg.md a.3 and a.4)
std::vector<torch::Tensor> grain_similarities(const std::vector<TextGrain>& texts, const WeightedTokens& video,
                                              const GrainSettings& settings);

}  // namespace tvr
