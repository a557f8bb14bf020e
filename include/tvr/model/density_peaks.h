#pragma once
#include <torch/types.h>

namespace tvr {

/// Tokens grouped around density peaks. All of it is found without gradients.
struct DensityPeaks {
  torch::Tensor density;     ///< [N,S] exp(-mean squared distance to the nearest), 0 at padding
  torch::Tensor separation;  ///< [N,S] distance to the nearest denser token; the largest of all where there is none
  torch::Tensor centres;     ///< [N,min(M,S)] int64 tokens of largest density x separation, largest first
  torch::Tensor group;       ///< [N,S] int64 the centre each token is nearest to, as a place in `centres`
};

/// DPC-KNN without its noise (hcmi.md a.3): distances are L2/sqrt(D), the nearest `neighbours` include the token
/// itself. Of equally dense tokens the earlier counts as denser, so that copies make one peak. tokens [N,S,D], mask
/// [N,S]; with fewer than `groups` real tokens the last centres are padding, and no real token is in their groups.
DensityPeaks find_density_peaks(const torch::Tensor& tokens, const torch::Tensor& mask, int64_t groups,
                                int64_t neighbours);

/// [N,groups,D] mean of each group's real tokens, weighted by exp(scores) [N,S]; 0 for a group without any.
torch::Tensor merge_groups(const torch::Tensor& tokens, const torch::Tensor& mask, const torch::Tensor& scores,
                           const torch::Tensor& group, int64_t groups);

}  // namespace tvr
