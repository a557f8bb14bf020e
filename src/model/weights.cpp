#include "tvr/model/weights.h"

#include <torch/torch.h>

#include <algorithm>
#include <cstring>

#include "tvr/base/error.h"
#include "tvr/base/names.h"

namespace tvr {
namespace {

const std::vector<std::pair<ElementType, torch::ScalarType>>& types() {
  static const std::vector<std::pair<ElementType, torch::ScalarType>> pairs{
      {ElementType::kBool, torch::kBool},  {ElementType::kU8, torch::kUInt8},      {ElementType::kI8, torch::kInt8},
      {ElementType::kI16, torch::kInt16},  {ElementType::kU16, torch::kUInt16},    {ElementType::kI32, torch::kInt32},
      {ElementType::kU32, torch::kUInt32}, {ElementType::kI64, torch::kInt64},     {ElementType::kU64, torch::kUInt64},
      {ElementType::kF16, torch::kHalf},   {ElementType::kBF16, torch::kBFloat16}, {ElementType::kF32, torch::kFloat},
      {ElementType::kF64, torch::kDouble}};
  return pairs;
}

}  // namespace

ArrayView array_view(const torch::Tensor& tensor) {
  TORCH_CHECK(tensor.is_contiguous() && tensor.device().is_cpu(), "array_view needs a contiguous CPU tensor");
  const auto type = std::find_if(types().begin(), types().end(),
                                 [&](const auto& pair) { return pair.second == tensor.scalar_type(); });
  TORCH_CHECK(type != types().end(), "no array element type for ", tensor.scalar_type());
  return {type->first, tensor.sizes().vec(), tensor.const_data_ptr()};
}

torch::Tensor tensor_of(const ArrayView& array) {
  const auto type =
      std::find_if(types().begin(), types().end(), [&](const auto& pair) { return pair.first == array.type; });
  if (type == types().end())
    throw DataError("arrays of element type " + element_name(array.type) +
                    " cannot become tensors; store them as F64.");
  auto tensor = torch::empty(array.shape, type->second);
  if (tensor.nbytes() > 0) std::memcpy(tensor.data_ptr(), array.data, tensor.nbytes());  // the file may be unaligned
  return tensor;
}

void save_tensors(const std::filesystem::path& file, const NamedTensors& tensors,
                  const std::map<std::string, std::string>& metadata) {
  NamedTensors held;
  for (const auto& [name, tensor] : tensors) held.emplace_back(name, tensor.detach().to(torch::kCPU).contiguous());
  std::vector<std::pair<std::string, ArrayView>> views;
  for (const auto& [name, tensor] : held) views.emplace_back(name, array_view(tensor));
  write_safetensors(file, views, metadata);
}

NamedTensors state_of(const torch::nn::Module& module) {
  NamedTensors state;
  for (const auto& item : module.named_parameters()) state.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers()) state.emplace_back(item.key(), item.value());
  return state;
}

void load_tensors(const std::filesystem::path& file, const NamedTensors& state,
                  const std::vector<std::string>& ignore) {
  const torch::NoGradGuard no_grad;
  const SafetensorsFile source(file);
  std::vector<std::string> problems, known;
  for (const auto& [name, tensor] : state) {
    known.push_back(name);
    if (!source.has(name)) {
      problems.push_back("missing: " + name + " " + shape_text(tensor.sizes().vec()));
    } else if (source.at(name).shape != tensor.sizes().vec()) {
      problems.push_back("wrong shape: " + name + " is " + shape_text(source.at(name).shape) +
                         " in the file, the model needs " + shape_text(tensor.sizes().vec()));
    }
  }
  for (const auto& [name, array] : source.arrays()) {
    const bool ignored =
        std::any_of(ignore.begin(), ignore.end(), [&](const auto& pattern) { return matches_pattern(name, pattern); });
    if (!ignored && std::find(known.begin(), known.end(), name) == known.end())
      problems.push_back("unexpected: " + name);
  }
  if (!problems.empty())
    throw CheckpointError(file.string() + " does not fit the model; are the settings those it was trained with?\n  " +
                          join(problems, "\n  "));
  for (const auto& [name, tensor] : state) torch::Tensor(tensor).copy_(tensor_of(source.at(name)));
}

}  // namespace tvr
