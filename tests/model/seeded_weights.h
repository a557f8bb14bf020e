#pragma once
#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "tvr/model/weight_names.h"

namespace tvr::test {

/// scale · u[i] of encoders.md 7.1, float32: numbers that every language makes alike from a name.
torch::Tensor seeded(const std::string& name, at::IntArrayRef shape, double scale = 1);

/// OpenAI's names, which are the modules' own.
inline ClipNames own_names() {
  return {{NameStyle::kOpenAi, "visual."}, {NameStyle::kOpenAi, ""}};
}

/// Sets every parameter of a tower or encoder as a file has it whose arrays are seeded by their names. `prefix`: what
/// stands before the module's names in tower_config.h. `preferred`: of several ways to hold a parameter the one with an
/// array whose name ends so.
void fill_seeded(torch::nn::Module& module, const ClipNames& names = own_names(), const std::string& prefix = "",
                 const std::vector<std::string>& preferred = {});

}  // namespace tvr::test
