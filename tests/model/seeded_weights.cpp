#include "model/seeded_weights.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>

#include "tvr/base/random.h"

namespace tvr::test {
namespace {

torch::Tensor seeded_weights(const std::string& name, at::IntArrayRef shape) {
  const int64_t count = c10::multiply_integers(shape);
  const auto values =
      seeded(name, shape, shape.size() >= 2 ? std::sqrt(3.0 / static_cast<double>(count / shape[0])) : 0.1);
  return shape.size() == 1 && name.ends_with(".weight") ? values + 1.0f : values;
}

bool is_preferred(const ForeignName& name, const std::vector<std::string>& preferred) {
  return std::any_of(name.begin(), name.end(), [&](const ForeignPart& part) {
    return std::any_of(preferred.begin(), preferred.end(),
                       [&](const std::string& ending) { return part.name.ends_with(ending); });
  });
}

// Some rows of a parameter of ours; timm's tables have leading dimensions of 1, which the scale depends on.
torch::Tensor part_values(const ForeignPart& part, std::vector<int64_t> shape) {
  if (part.name.empty()) return torch::zeros(shape);
  if (part.transposed) return seeded_weights(part.name, {shape[1], shape[0]}).t();
  auto theirs = shape;
  if (part.name.ends_with("cls_token")) theirs = {1, 1, shape[0]};
  if (part.name.ends_with("pos_embed")) theirs = {1, shape[0], shape[1]};
  return seeded_weights(part.name, theirs).view(shape);
}

torch::Tensor foreign_values(const ForeignName& name, std::vector<int64_t> shape) {
  if (name.size() == 1) return part_values(name[0], shape);
  int64_t shares = 0;
  for (const auto& part : name) shares += part.share;
  const int64_t rows = shape[0];
  std::vector<torch::Tensor> parts;
  for (const auto& part : name) {
    shape[0] = rows / shares * part.share;
    parts.push_back(part_values(part, shape));
  }
  return torch::cat(parts);
}

}  // namespace

torch::Tensor seeded(const std::string& name, at::IntArrayRef shape, double scale) {
  auto tensor = torch::empty(shape, torch::kFloat);
  auto* values = tensor.data_ptr<float>();
  const uint64_t start = hash_name(name);
  at::parallel_for(0, tensor.numel(), 1 << 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      uint64_t z = start + (static_cast<uint64_t>(i) + 1) * 0x9E3779B97F4A7C15ULL;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
      z ^= z >> 31;
      values[i] = static_cast<float>((static_cast<double>(z >> 40) / 16777216.0 * 2 - 1) * scale);
    }
  });
  return tensor;
}

void fill_seeded(torch::nn::Module& module, const ClipNames& names, const std::string& prefix,
                 const std::vector<std::string>& preferred) {
  const torch::NoGradGuard no_grad;
  for (auto& item : module.named_parameters()) {
    const auto ways = foreign_names(names, prefix + item.key());
    TORCH_CHECK(!ways.empty(), "no file has a place for ", prefix + item.key());
    auto way = std::find_if(ways.begin(), ways.end(), [&](const auto& name) { return is_preferred(name, preferred); });
    if (way == ways.end()) way = ways.begin();
    item.value().copy_(foreign_values(*way, item.value().sizes().vec()));
  }
  module.eval();
}

}  // namespace tvr::test
