#include "heads/golden.h"

#include <torch/torch.h>

#include <cmath>
#include <filesystem>

#include "model/seeded_weights.h"
#include "tvr/base/file.h"

namespace tvr::test {

nlohmann::json head_golden(const std::string& file) {
  const auto tests = std::filesystem::path(__FILE__).parent_path().parent_path();
  return nlohmann::json::parse(read_file(tests / "model" / "golden" / "heads" / file));
}

double relative_difference(const torch::Tensor& values, const nlohmann::json& golden) {
  const auto expected = torch::tensor(golden.get<std::vector<double>>(), torch::kDouble);
  TORCH_CHECK(values.numel() == expected.numel(), "the golden has ", expected.numel(), " values, not ", values.numel());
  const auto difference = (values.detach().to(torch::kDouble).flatten() - expected).abs().max().item<double>();
  return difference / std::max(expected.abs().max().item<double>(), 1e-6);
}

void fill_by_name(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (auto& item : module.named_parameters()) {
    auto& parameter = item.value();
    const bool vector = parameter.dim() < 2;
    const double inputs = vector ? 0 : static_cast<double>(parameter.numel() / parameter.size(0));
    const auto values = seeded(item.key(), parameter.sizes(), vector ? 0.1 : std::sqrt(3 / inputs));
    parameter.copy_(vector && item.key().ends_with(".weight") ? values + 1.0f : values);
  }
}

std::string yaml_of(const nlohmann::json& settings) {
  std::string yaml;
  for (const auto& [key, value] : settings.items())
    yaml += (yaml.empty() ? "" : ", ") + key + ": " + value.get<std::string>();
  return "{" + yaml + "}";
}

}  // namespace tvr::test
