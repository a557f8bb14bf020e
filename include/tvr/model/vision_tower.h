#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>

#include <memory>
#include <vector>

#include "tvr/model/tower_config.h"
#include "tvr/model/transformer.h"

namespace tvr {

class AttentionPool;

/// What a vision tower makes of N images.
struct VisionOutput {
  torch::Tensor pooled;   ///< [N,D]
  torch::Tensor patches;  ///< [N,P,D] after the final norm and projection, row-major, no class token
  std::vector<torch::Tensor>
      states;  ///< [N,S,width] after every block, if asked; S counts the class token, which is first
};

/// Every family's vision tower (CLIP, EVA-CLIP, SigLIP), parameters named as tower_config.h says below `visual.`; they
/// are not initialised. (encoders.md 1)
class VisionTower final : public torch::nn::Module {
 public:
  explicit VisionTower(const VisionConfig& config);

  /// pixels: [N,3,image_size,image_size], RGB; bytes are scaled to 0 … 1 and normalised on the way into the patch
  /// embedding, one matrix product; floating-point values are taken as normalised. `shift`: images that are whole
  /// videos see their neighbours.
  VisionOutput forward(const torch::Tensor& pixels, bool with_states = false, const TokenShift& shift = {});

  const VisionConfig& config() const { return config_; }
  void set_checkpointing(bool on) { transformer_->set_checkpointing(on); }

 private:
  torch::Tensor embed_patches(const torch::Tensor& pixels);
  torch::Tensor project(const torch::Tensor& tokens) const;

  VisionConfig config_;
  torch::Tensor class_, positions_, projection_, projection_bias_;
  torch::nn::Conv2d patches_;
  torch::nn::LayerNorm norm_before_ = nullptr;
  std::shared_ptr<Transformer> transformer_;
  torch::nn::LayerNorm norm_after_ = nullptr;
  std::shared_ptr<AttentionPool> pool_;
};

/// Learned positions [S,width] of a square grid of patches for a grid of `grid` x `grid` (another resolution): bicubic
/// with antialiasing, as open_clip resizes them; the class token's row stays. Throws DataError if the rows are no
/// square.
torch::Tensor resize_positions(const torch::Tensor& positions, int64_t grid, bool class_token);

}  // namespace tvr
