#pragma once
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace tvr {

/// What is compared token by token takes no more at once, unless settings say otherwise (model.score.block_mb).
inline constexpr int64_t kBlockBytes = int64_t{64} << 20;

/// What a score of pairs is computed from. All tensors that gradients flow to must be among them.
struct PairTensors {
  std::vector<torch::Tensor> text;    ///< [T,…] each
  std::vector<torch::Tensor> video;   ///< [V,…] each
  std::vector<torch::Tensor> shared;  ///< of every pair: parameters, which the score may also read from their modules
};

/// [t,v] or [t,v,K] scores, K kinds at once, of t texts with v videos, from rows of PairTensors::text and ::video and
/// all of ::shared. Deterministic; a value depends on its own text and video only.
using PairFunction = std::function<torch::Tensor(const PairTensors&)>;

/// [T,V] or [T,V,K] scores of all pairs. If `bytes_per_pair` x T x V is more than `budget` they are computed block by
/// block, and the backward pass computes each block again: no more than `budget` bytes (or what one pair takes) are
/// held at once, values and gradients are those of the plain formula. `bytes_per_pair`: of the largest tensor the
/// function makes.
torch::Tensor pair_blocks(const PairFunction& score, const PairTensors& tensors, int64_t bytes_per_pair,
                          int64_t budget);

}  // namespace tvr
