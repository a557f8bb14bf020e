#include "tvr/model/targets.h"

#include <torch/torch.h>

namespace tvr {

Targets make_targets(const torch::Tensor& video_index) {
  const auto diagonal = torch::eye(video_index.size(0), torch::TensorOptions().device(video_index.device()));
  return {diagonal, diagonal, video_index.unsqueeze(0).eq(video_index.unsqueeze(1))};
}

}  // namespace tvr
