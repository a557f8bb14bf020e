#pragma once
#include <torch/types.h>

#include <functional>
#include <vector>

namespace tvr {

/// work(input), of which only the input is kept for the backward pass: it runs `work` again, with gradients.
/// `parameters` are all leaves that `work` reads; `work` must be deterministic and without side effects.
torch::Tensor recomputed(const std::function<torch::Tensor(const torch::Tensor&)>& work, const torch::Tensor& input,
                         const std::vector<torch::Tensor>& parameters);

}  // namespace tvr
