#include "tvr/model/region_pooling.h"

#include <torch/torch.h>

#include <cmath>

#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/model/pooling.h"

namespace tvr {

VideoFeatures average_regions(VideoFeatures video, int64_t grid) {
  const int64_t videos = video.patches.size(0), frames = video.patches.size(1), count = video.patches.size(2);
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(count))));
  if (side * side != count || video.patch_indices.defined())
    throw DataError("regions averaged on a grid need all patches of a square grid, but a frame has " +
                    std::to_string(count) + (video.patch_indices.defined() ? " selected ones" : "") +
                    "; keep all patches (keep_patches: 0), or choose another region_mode.");
  const auto maps = video.patches.flatten(0, 1).transpose(1, 2).unflatten(2, {side, side});  // [V·F,D,side,side]
  const auto regions = torch::adaptive_avg_pool2d(maps, {grid, grid}).flatten(2).transpose(1, 2);
  video.patches = regions.unflatten(0, {videos, frames});
  const auto middle = (torch::arange(grid, video.mask.options().dtype(torch::kLong)) * 2 + 1) * side / (2 * grid);
  const auto places = middle.floor().to(torch::kLong);
  video.patch_indices = (places.unsqueeze(1) * side + places).flatten().expand({videos, frames, grid * grid});
  return video;
}

VideoFeatures keep_patches(VideoFeatures video, const torch::Tensor& places) {
  video.patches = video.patches.gather(2, places.unsqueeze(-1).expand({-1, -1, -1, video.patches.size(3)}));
  video.patch_indices = video.patch_indices.defined() ? video.patch_indices.gather(2, places) : places;
  return video;
}

torch::Tensor frame_likeness(const VideoFeatures& video) {
  return torch::matmul(unit(video.patches), unit(video.frames).unsqueeze(-1)).squeeze(-1);
}

TokenSet expert_regions(const VideoFeatures& video, const std::string& name) {
  const auto found = video.experts.find(name);
  if (found == video.experts.end()) {
    std::vector<std::string> names;
    for (const auto& [known, set] : video.experts) names.push_back(known);
    throw DataError("model.head.regions: " + unknown_name_message("expert", name, names));
  }
  const auto& values = found->second.values;
  const int64_t frames = video.mask.size(1);
  if (values.dim() != 3)
    throw DataError("model.head.regions: expert " + name + " has " + std::to_string(values.dim()) +
                    " dimensions; regions need 3: videos, frames x regions, channels.");
  if (values.size(1) % frames != 0 || values.size(2) != video.frames.size(2))
    throw DataError("model.head.regions: expert " + name + " has " + std::to_string(values.size(1)) +
                    " vectors a video of " + std::to_string(values.size(2)) +
                    " channels; regions need a multiple of the " + std::to_string(frames) + " frames and " +
                    std::to_string(video.frames.size(2)) + " channels.");
  const auto shown = video.mask.repeat_interleave(values.size(1) / frames, 1);
  const auto& mask = found->second.mask;  // none: all are there
  return {values, mask.defined() ? mask.logical_and(shown) : shown, {}, {}};
}

}  // namespace tvr
