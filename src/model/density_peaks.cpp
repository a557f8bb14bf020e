#include "tvr/model/density_peaks.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace tvr {
namespace {

constexpr double kFar = std::numeric_limits<double>::infinity();
constexpr int64_t kWithoutProducts = 2;  // of cdist: differences, exact for near tokens

torch::Tensor densities(const torch::Tensor& distances, const torch::Tensor& real, int64_t neighbours) {
  const auto nearest = std::get<0>(distances.masked_fill(real.logical_not(), kFar)
                                       .topk(std::min(neighbours, distances.size(2)), 2, /*largest=*/false));
  const auto found = nearest.isfinite();
  const auto squares = nearest.masked_fill(found.logical_not(), 0).square().sum(2);
  return torch::exp(-squares / found.sum(2).clamp_min(1));
}

torch::Tensor separations(const torch::Tensor& distances, const torch::Tensor& real, const torch::Tensor& density) {
  const auto mine = density.unsqueeze(2), other = density.unsqueeze(1);
  const auto earlier = torch::ones_like(distances, torch::kBool).tril(-1);  // [i,j]: j < i
  const auto denser = other.gt(mine).logical_or(other.eq(mine).logical_and(earlier)).logical_and(real);
  const auto nearest = distances.masked_fill(denser.logical_not(), kFar).amin(2);
  const auto largest = distances.masked_fill(real.logical_not(), 0).amax({1, 2}).unsqueeze(1);
  return torch::where(nearest.isfinite(), nearest, largest);
}

}  // namespace

DensityPeaks find_density_peaks(const torch::Tensor& tokens, const torch::Tensor& mask, int64_t groups,
                                int64_t neighbours) {
  const torch::NoGradGuard no_grad;
  const auto real = mask.unsqueeze(1).logical_and(mask.unsqueeze(2));  // [N,S,S]
  const auto distances =
      torch::cdist(tokens, tokens, 2, kWithoutProducts) / std::sqrt(static_cast<double>(tokens.size(2)));
  DensityPeaks peaks;
  peaks.density = densities(distances, real, neighbours) * mask;
  peaks.separation = separations(distances, real, peaks.density);
  const auto strength = (peaks.density * peaks.separation).masked_fill(mask.logical_not(), -1);
  peaks.centres = torch::argsort(strength, /*stable=*/true, 1, /*descending=*/true).slice(1, 0, groups);
  const auto places = peaks.centres.unsqueeze(1).expand({-1, tokens.size(1), -1});
  const auto unused = mask.gather(1, peaks.centres).logical_not().unsqueeze(1);
  peaks.group = distances.gather(2, places).masked_fill(unused, kFar).argmin(2);
  const auto own = torch::arange(peaks.centres.size(1), peaks.centres.options()).expand(peaks.centres.sizes());
  peaks.group = peaks.group.scatter(1, peaks.centres, own);  // a centre is in its own group, whatever lies on it
  return peaks;
}

torch::Tensor merge_groups(const torch::Tensor& tokens, const torch::Tensor& mask, const torch::Tensor& scores,
                           const torch::Tensor& group, int64_t groups) {
  const auto names = torch::arange(groups, group.options()).view({1, groups, 1});
  const auto member = group.unsqueeze(1).eq(names).logical_and(mask.unsqueeze(1));  // [N,M,S]
  const auto of_group = scores.unsqueeze(1).masked_fill(member.logical_not(), std::numeric_limits<float>::lowest());
  return torch::matmul(torch::softmax(of_group, 2) * member, tokens);
}

}  // namespace tvr
