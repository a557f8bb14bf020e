#include "tvr/model/pooling.h"

#include <torch/torch.h>

namespace tvr {

torch::Tensor unit(const torch::Tensor& values) {
  return torch::nn::functional::normalize(values, torch::nn::functional::NormalizeFuncOptions().p(2).dim(-1));
}

torch::Tensor mean_frame(const VideoFeatures& video, bool normalize_frames) {
  const auto frames = normalize_frames ? unit(video.frames) : video.frames;
  const auto weight = video.mask.unsqueeze(-1).to(frames.scalar_type());  // [V,F,1]
  return (frames * weight).sum(1) / weight.sum(1).clamp_min(1);
}

}  // namespace tvr
