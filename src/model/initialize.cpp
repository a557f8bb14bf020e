#include "tvr/model/initialize.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "tvr/base/names.h"
#include "tvr/base/random.h"

namespace tvr {
namespace {

template <class Draw>
void fill(torch::Tensor& parameter, Draw&& draw) {
  auto values = torch::empty(parameter.sizes(), torch::kFloat32);
  auto* data = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i) data[i] = static_cast<float>(draw());
  parameter.copy_(values);
}

thread_local int guards = 0;  // WithoutInitialization alive on this thread

}  // namespace

WithoutInitialization::WithoutInitialization() {
  ++guards;
}
WithoutInitialization::~WithoutInitialization() {
  --guards;
}

void initialize(torch::nn::Module& module, uint64_t seed, const std::string& prefix,
                const std::vector<InitRule>& rules) {
  if (guards > 0) return;
  const torch::NoGradGuard no_grad;
  for (auto& item : module.named_parameters()) {
    const auto& name = item.key();
    auto& parameter = item.value();
    Random random(seed, "initial weights", 0, hash_name(prefix + name));
    const auto rule =
        std::find_if(rules.begin(), rules.end(), [&](const InitRule& r) { return matches_pattern(name, r.pattern); });
    if (rule != rules.end()) {
      fill(parameter, [&] { return rule->scale * random.normal(); });
    } else if (parameter.dim() < 2) {
      parameter.fill_(name.ends_with("weight") ? 1.0 : 0.0);
    } else {
      const double bound = 1.0 / std::sqrt(static_cast<double>(parameter.numel() / parameter.size(0)));
      fill(parameter, [&] { return random.uniform(-bound, bound); });
    }
  }
}

}  // namespace tvr
