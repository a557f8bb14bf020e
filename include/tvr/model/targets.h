#pragma once
#include <torch/types.h>

namespace tvr {

/// What counts as right in a batch, one matrix a direction: they need not be transposes of each other.
struct Targets {
  torch::Tensor text_to_video;  ///< [B,B] row = text, probabilities over the batch's videos, rows sum to 1
  torch::Tensor video_to_text;  ///< [B,B] row = video, probabilities over the batch's texts
  torch::Tensor same_video;     ///< [B,B] bool, true where the two pairs show the same video (the diagonal included)
};

/// Targets of a batch whose pair i shows video video_index[i] [B] int64: the diagonal.
Targets make_targets(const torch::Tensor& video_index);

}  // namespace tvr
