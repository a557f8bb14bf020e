#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <string>

#include "tvr/model/step_context.h"

namespace tvr {

/// Which terms of the gradient of a perturbed choice are kept: all of the estimator's, or as in widely copied code only
/// those of a score on its own place in the indicator.
enum class PerturbedGradient { kFull, kDiagonal };

/// [N,K,P] expected indicator of the K largest of `scores` [N,P] under noise: the mean over samples of the one-hot rows
/// of the K largest of scores + sigma x noise, in order of place. noise [N,S,P]: standard normal, S samples.
/// (crosstvr.md a.5)
torch::Tensor perturbed_top_k(const torch::Tensor& scores, const torch::Tensor& noise, int64_t kept, double sigma,
                              PerturbedGradient gradient = PerturbedGradient::kFull);

/// [...,K] int64 places of the K largest along the last dimension, ascending; equal values keep the lower place.
torch::Tensor top_places(const torch::Tensor& scores, int64_t kept);

/// TS2-Net's scorer of the patches of a frame and the choice of the best (baselines.md 3.5): a perturbed top-k in
/// training, the plain one otherwise, so that results are deterministic. Parameters as in its checkpoints, where it is
/// called visual_token_selector: score_predictor.in_conv.{0,1}, score_predictor.out_conv.{0,2}.
class TokenSelector final : public torch::nn::Module {
 public:
  struct Settings {
    int64_t kept = 3;       ///< of the patches of each frame; a frame with fewer keeps all
    int64_t samples = 500;  ///< of the noise
    double sigma = 0.05;    ///< its standard deviation
    PerturbedGradient gradient = PerturbedGradient::kFull;
  };
  struct Selection {
    torch::Tensor values;  ///< [V,F,K,D]; in training mixtures of patches
    torch::Tensor places;  ///< [V,F,K] int64 among the P; in training of the plain choice
  };

  /// `name`: of this module in the whole model, which the initial weights depend on ("head.visual_token_selector.").
  TokenSelector(int64_t dim, const Settings& settings, uint64_t seed, const std::string& name);

  /// [V,F,P] within -1 and 1: how much each patch tells, in view of its frame. frames [V,F,D], patches [V,F,P,D], both
  /// as projected and not normalised.
  torch::Tensor scores(const torch::Tensor& frames, const torch::Tensor& patches);

  /// The best patches of every frame.
  Selection forward(const torch::Tensor& frames, const torch::Tensor& patches, const StepContext& step);

 private:
  Settings settings_;
  torch::nn::LayerNorm norm_ = nullptr;
  torch::nn::Linear in_ = nullptr, hidden_ = nullptr, out_ = nullptr;
};

}  // namespace tvr
