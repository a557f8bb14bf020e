#pragma once
#include <torch/nn/module.h>

#include <nlohmann/json.hpp>
#include <string>

namespace tvr::test {

/// tests/model/golden/heads/FILE, which tests/reference/heads made.
nlohmann::json head_golden(const std::string& file);

/// The largest difference over the largest golden value, which may stand in any shape.
double relative_difference(const torch::Tensor& values, const nlohmann::json& golden);

/// Sets every parameter by the generator of encoders.md 7.1 from its name alone.
void fill_by_name(torch::nn::Module& module);

/// {key: value, …} of a golden's settings.
std::string yaml_of(const nlohmann::json& settings);

}  // namespace tvr::test
