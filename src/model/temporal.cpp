#include "tvr/model/temporal.h"

#include <torch/torch.h>

#include <algorithm>

#include "tvr/model/initialize.h"

namespace tvr {
namespace nn = torch::nn;

constexpr int64_t kKept = 20;  // tensors of the frames' size that a block keeps for its backward pass (measured)

namespace {

using Parameters = torch::OrderedDict<std::string, torch::Tensor>;

// All tensors whose names begin so, or none. Returns whether they fit.
bool copy_block(const Parameters& theirs, const Transformer& blocks, const std::string& beginning) {
  const auto ours = blocks.named_parameters();
  std::vector<std::pair<torch::Tensor, torch::Tensor>> pairs;
  for (const auto& item : ours) {
    if (!item.key().starts_with(beginning)) continue;
    const auto* found = theirs.find("transformer." + item.key());
    if (found == nullptr || found->sizes() != item.value().sizes()) return false;
    pairs.emplace_back(item.value(), *found);
  }
  for (auto& [mine, their] : pairs) mine.copy_(their);
  return true;
}

}  // namespace

TransformerConfig lineage_blocks(int64_t width, int64_t layers) {
  TransformerConfig config;
  config.width = width;
  config.layers = layers;
  config.heads = std::max<int64_t>(1, width / 64);
  config.mlp_width = 4 * width;
  config.norm_eps = 1e-12;  // of the lineage's own blocks; CLIP's have 1e-5
  return config;
}

void initialize_lineage_blocks(Transformer& blocks, uint64_t seed, const std::string& name) {
  initialize(blocks, seed, name, {{"*in_proj_weight", 0.02}, {"*_proj.weight", 0.02}, {"*c_fc.weight", 0.02}});
}

void copy_text_blocks(const TextEncoder& text, torch::Tensor& positions, Transformer& blocks) {
  const torch::NoGradGuard no_grad;
  const auto theirs = text.named_parameters();
  if (const auto* table = theirs.find("positional_embedding");
      table != nullptr && table->size(1) == positions.size(1)) {
    const int64_t rows = std::min(table->size(0), positions.size(0));
    positions.slice(0, 0, rows).copy_(table->slice(0, 0, rows));
  }
  if (text.heads() != blocks.heads()) return;
  for (int64_t block = 0; block < blocks.layers(); ++block)
    if (!copy_block(theirs, blocks, "resblocks." + std::to_string(block) + ".")) return;
}

Temporal::Temporal(nn::Module& head, const TemporalOptions& options, const HeadContext& context)
    : block_bytes_(context.block_bytes) {
  if (options.temporal == "none") return;
  if (context.max_frames > options.positions)
    throw ConfigError("model.head.positions is " + std::to_string(options.positions) + ", but a video has " +
                      std::to_string(context.max_frames) + " frames; raise it, or lower model.video.frames.");
  if (options.temporal == "lstm") {
    lstm_ = head.register_module("lstm_visual", nn::LSTM(nn::LSTMOptions(context.dim, context.dim).batch_first(true)));
    initialize(*lstm_, context.seed, "head.lstm_visual.");
    return;
  }
  positions_ = head.register_module("frame_position_embeddings", nn::Embedding(options.positions, context.dim));
  transformer_ = head.register_module(
      "transformerClip", std::make_shared<Transformer>(lineage_blocks(context.dim, options.temporal_layers)));
  initialize(*positions_, context.seed, "head.frame_position_embeddings.", {{"*", 0.02}});
  initialize_lineage_blocks(*transformer_, context.seed, "head.transformerClip.");
}

torch::Tensor Temporal::forward(const torch::Tensor& frames, const torch::Tensor& mask) {
  if (lstm_) return std::get<0>(lstm_->forward(frames)) + frames;  // padding is at the end: no real frame sees it
  if (!transformer_) return frames;
  AttentionTerms terms;
  terms.mask = mask.logical_or(mask.any(1, true).logical_not());  // attention of an empty video must stay finite
  transformer_->set_checkpointing(kKept * transformer_->layers() * static_cast<int64_t>(frames.nbytes()) >
                                  block_bytes_);
  const auto moved = frames + positions_->weight.slice(0, 0, frames.size(1));
  return transformer_->forward(moved, terms) + frames;
}

void Temporal::start_from(const TextEncoder& text) {
  if (transformer_) copy_text_blocks(text, positions_->weight, *transformer_);
}

}  // namespace tvr
