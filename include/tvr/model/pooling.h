#pragma once
#include "tvr/model/features.h"

namespace tvr {

/// x / ||x|| along the last dimension; the zero vector stays zero.
torch::Tensor unit(const torch::Tensor& values);

/// [V,D] mean over the real frames, each normalised before if asked; zero for a video without frames.
/// (baselines.md 3.1)
torch::Tensor mean_frame(const VideoFeatures& video, bool normalize_frames);

}  // namespace tvr
