#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <memory>
#include <vector>

#include "tvr/model/tower_config.h"
#include "tvr/model/transformer.h"

namespace tvr {

/// What a text tower makes of T texts.
struct TextOutput {
  torch::Tensor pooled;               ///< [T,D]
  torch::Tensor tokens;               ///< [T,L,D] after the final norm and projection; of no meaning where padded
  std::vector<torch::Tensor> states;  ///< [T,L,width] after every block, if asked; SigLIP: [T,context_length,width]
};

/// Every family's text tower, parameters named as tower_config.h says; they are not initialised. What is padding:
/// CLIP's causal attention never sees it; SigLIP sees it, so that texts are padded to the whole context with its own
/// id; XLM-R leaves it out of attention, positions and mean. (encoders.md 1)
class TextTower final : public torch::nn::Module {
 public:
  explicit TextTower(const TextConfig& config);

  /// ids: [T,L] int64, padded with anything in the vocabulary; mask: [T,L], true where real, at least once a text.
  TextOutput forward(const torch::Tensor& ids, const torch::Tensor& mask, bool with_states = false);

  const TextConfig& config() const { return config_; }
  /// The most tokens a text may have.
  int64_t longest() const;
  void set_checkpointing(bool on) { transformer_->set_checkpointing(on); }

 private:
  torch::Tensor embed(const torch::Tensor& ids, const torch::Tensor& mask);
  torch::Tensor project(const torch::Tensor& hidden);

  TextConfig config_;
  torch::nn::Embedding token_embedding_;
  torch::Tensor positions_, types_, projection_, projection_bias_;
  torch::nn::LayerNorm norm_before_ = nullptr;
  std::shared_ptr<Transformer> transformer_;
  torch::nn::LayerNorm norm_after_ = nullptr;
  torch::nn::Linear first_ = nullptr, second_ = nullptr;
};

}  // namespace tvr
