#include "tvr/model/patch_selection.h"

#include <torch/torch.h>

#include "tvr/model/pooling.h"

namespace tvr {

VideoFeatures select_salient_patches(VideoFeatures video, int64_t count) {
  const int64_t patches = video.patches.size(2), dim = video.patches.size(3);
  torch::Tensor places;  // [V,F,K] int64
  if (count >= patches) {
    places = torch::arange(patches, video.mask.options().dtype(torch::kLong))
                 .expand({video.patches.size(0), video.patches.size(1), patches});
  } else {
    const torch::NoGradGuard no_grad;  // the choice is discrete; gradients flow through what is kept
    const auto units = unit(video.patches) * video.mask.unsqueeze(-1).unsqueeze(-1);
    const auto mean = unit(units.sum({1, 2}));  // [V,D]
    const auto likeness = torch::matmul(units, mean.view({-1, 1, dim, 1})).squeeze(-1);
    // A plain `true` would choose the overload whose first argument is the dimension.
    const auto order = std::get<1>(likeness.sort(std::optional<bool>(true), -1, /*descending=*/false));
    places = std::get<0>(order.slice(2, 0, count).sort(-1));
  }
  video.patches = video.patches.gather(2, places.unsqueeze(-1).expand({-1, -1, -1, dim}));
  video.patch_indices = video.patch_indices.defined() ? video.patch_indices.gather(2, places) : places.contiguous();
  return video;
}

}  // namespace tvr
