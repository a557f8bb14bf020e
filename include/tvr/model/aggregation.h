#pragma once
#include <torch/nn/module.h>

#include <memory>
#include <string>

#include "tvr/model/encoder.h"

namespace tvr {

/// A layer that makes few tokens of many: frames to clips, clips to a video, words to phrases, phrases to a sentence.
struct AggregationConfig {
  std::string type = "query_attn";  ///< or assign_softmax_clusters, dpc_knn
  int64_t dim = 512, heads = 8;
  int64_t outputs = 1;   ///< M
  bool residual = true;  ///< a cluster is added to the mean of its segment of the input (not with dpc_knn)
};

struct AggregationInput {
  torch::Tensor tokens;          ///< [N,S,D]
  torch::Tensor mask;            ///< [N,S]
  torch::Tensor positions = {};  ///< [S,D] added to what self-attention reads, and to nothing else; or undefined
  torch::Tensor base = {};       ///< [N,D] what the one output is added to instead of the mean; or undefined
};

/// What a layer makes, step by step; `related` and `shares` are undefined with dpc_knn.
struct Aggregated {
  torch::Tensor related;   ///< [N,S,D] the tokens after they have seen each other; of no meaning at padding
  torch::Tensor shares;    ///< [N,heads,M,S] how much of each token goes to each cluster, 0 at padding
  torch::Tensor clusters;  ///< [N,M,D] before the last transformation
  torch::Tensor tokens;    ///< [N,M,D]
  torch::Tensor mask;      ///< [N,M] false where there were no tokens to make it of
};

/// The reconstruction of HCMI's aggregation layer (hcmi.md a.3): self-attention, adaptive clustering by learned
/// queries, feed-forward. `query_attn`: each cluster is a softmax over the tokens. `assign_softmax_clusters`: each
/// token is a softmax over the clusters. `dpc_knn`: HBI's merging around density peaks, then a transformer block. A new
/// layer gives exactly the means of its segments, or of its density groups of normalised tokens.
class Aggregation : public torch::nn::Module {
 public:
  virtual Aggregated forward(const AggregationInput& input) = 0;
  /// Copies the self-attention of block `block` of a text tower of the same width; leaves alone what does not fit.
  virtual void start_from(const TextEncoder& /*text*/, int64_t /*block*/) {}
};

/// `name`: of the layer in the whole model, which the initial weights depend on ("head.to_clips.").
std::shared_ptr<Aggregation> make_aggregation(const AggregationConfig& config, uint64_t seed, const std::string& name);

/// [N,segments,D] means of equal runs of the real tokens; with fewer tokens than segments, tokens repeated in order.
/// Zero for a row without tokens.
torch::Tensor segment_means(const torch::Tensor& tokens, const torch::Tensor& mask, int64_t segments);

}  // namespace tvr
