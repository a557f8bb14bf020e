#pragma once
#include <torch/nn/module.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tvr/base/arrays.h"

namespace tvr {

/// A view of a contiguous CPU tensor; `tensor` must outlive it.
ArrayView array_view(const torch::Tensor& tensor);
/// A tensor that owns a copy of the array.
torch::Tensor tensor_of(const ArrayView& array);

using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

/// The tensors that a features struct has, by name.
template <class Features>
NamedTensors tensors_of(const Features& features) {
  NamedTensors tensors;
  features.each([&](const std::string& name, const torch::Tensor& tensor) {
    if (tensor.defined()) tensors.emplace_back(name, tensor);
  });
  return tensors;
}

/// Writes tensors of any device as safetensors.
void save_tensors(const std::filesystem::path& file, const NamedTensors& tensors,
                  const std::map<std::string, std::string>& metadata = {});

/// Parameters and buffers of a module by name.
NamedTensors state_of(const torch::nn::Module& module);

/// Copies `file`'s arrays into the tensors of the same names. Strict: throws CheckpointError listing every missing,
/// unexpected and wrongly shaped name at once. `ignore`: names in the file that match one of these patterns ('*') may
/// be absent from `state`.
void load_tensors(const std::filesystem::path& file, const NamedTensors& state,
                  const std::vector<std::string>& ignore = {});

}  // namespace tvr
