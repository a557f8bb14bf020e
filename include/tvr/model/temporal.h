#pragma once
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/rnn.h>

#include <memory>
#include <string>

#include "tvr/config/options.h"
#include "tvr/model/interaction_head.h"
#include "tvr/model/transformer.h"

namespace tvr {

/// What heads do with the order of frames before they compare them.
struct TemporalOptions {
  std::string temporal = "none";
  int64_t temporal_layers = 4, positions = 77;
  template <class Visit>
  void fields(Visit&& f) {
    f("temporal", temporal,
      "Frames see each other first: not at all, through CLIP4Clip's transformer or its LSTM, each added to the frames",
      one_of({"none", "transformer", "lstm"}));
    f("temporal_layers", temporal_layers, "Blocks of the transformer", within(1, 64));
    f("positions", positions, "Rows of the table of frame positions: the most frames", within(1, 4096));
  }
};

/// The transformer blocks of CLIP4Clip and what descends from it: as CLIP's text tower has them, but a smaller epsilon.
TransformerConfig lineage_blocks(int64_t width, int64_t layers);
/// Their initial weights. `name`: of the module in the whole model ("head.transformerClip.").
void initialize_lineage_blocks(Transformer& blocks, uint64_t seed, const std::string& name);
/// Copies positions and first blocks of a text tower of the same width, as CLIP4Clip does: every block whose tensors
/// and heads are the tower's, in order, and none after one that is not.
void copy_text_blocks(const TextEncoder& text, torch::Tensor& positions, Transformer& blocks);

/// CLIP4Clip's seqTransf and seqLSTM (baselines.md 3.1): frames + f(frames). The parameters are the head's own, under
/// the names of CLIP4Clip's checkpoints: frame_position_embeddings, transformerClip.resblocks.N, lstm_visual.
class Temporal final {
 public:
  /// Registers its modules with `head`. Throws ConfigError if a video has more frames than there are positions.
  Temporal(torch::nn::Module& head, const TemporalOptions& options, const HeadContext& context);

  /// [V,F,D], [V,F] -> [V,F,D]; frames that are padding see and change nothing. A transformer that would keep more than
  /// HeadContext::block_bytes for the backward pass keeps what enters its blocks, and makes the rest again.
  torch::Tensor forward(const torch::Tensor& frames, const torch::Tensor& mask);
  /// copy_text_blocks() for the transformer.
  void start_from(const TextEncoder& text);

 private:
  int64_t block_bytes_;
  torch::nn::Embedding positions_ = nullptr;
  std::shared_ptr<Transformer> transformer_;
  torch::nn::LSTM lstm_ = nullptr;
};

}  // namespace tvr
