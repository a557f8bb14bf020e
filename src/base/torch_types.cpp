#include "base/torch_types.h"

#include <algorithm>
#include <iterator>

namespace tvr {
namespace {

struct TorchName {
  std::string_view name;
  ElementType type;
};

constexpr TorchName kStorages[] = {
    {"torch.FloatStorage", ElementType::kF32}, {"torch.DoubleStorage", ElementType::kF64},
    {"torch.HalfStorage", ElementType::kF16},  {"torch.BFloat16Storage", ElementType::kBF16},
    {"torch.LongStorage", ElementType::kI64},  {"torch.IntStorage", ElementType::kI32},
    {"torch.ShortStorage", ElementType::kI16}, {"torch.CharStorage", ElementType::kI8},
    {"torch.ByteStorage", ElementType::kU8},   {"torch.BoolStorage", ElementType::kBool},
};
constexpr TorchName kDtypes[] = {
    {"torch.float32", ElementType::kF32},   {"torch.float", ElementType::kF32},   {"torch.float64", ElementType::kF64},
    {"torch.double", ElementType::kF64},    {"torch.float16", ElementType::kF16}, {"torch.half", ElementType::kF16},
    {"torch.bfloat16", ElementType::kBF16}, {"torch.int64", ElementType::kI64},   {"torch.long", ElementType::kI64},
    {"torch.int32", ElementType::kI32},     {"torch.int", ElementType::kI32},     {"torch.int16", ElementType::kI16},
    {"torch.short", ElementType::kI16},     {"torch.int8", ElementType::kI8},     {"torch.uint8", ElementType::kU8},
    {"torch.uint16", ElementType::kU16},    {"torch.uint32", ElementType::kU32},  {"torch.uint64", ElementType::kU64},
    {"torch.bool", ElementType::kBool},
};
constexpr std::string_view kUntypedStorages[] = {"torch.storage.UntypedStorage", "torch.UntypedStorage"};
constexpr std::string_view kTensorFunctions[] = {"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
                                                 "torch._utils._rebuild_tensor_v3"};
constexpr std::string_view kParameterFunctions[] = {"torch._utils._rebuild_parameter",
                                                    "torch._utils._rebuild_parameter_with_state"};
constexpr std::string_view kOthers[] = {"collections.OrderedDict",
                                        "torch._tensor._rebuild_from_type_v2",
                                        "torch.Tensor",
                                        "torch.nn.parameter.Parameter",
                                        "torch.nn.parameter.Buffer",
                                        "torch.Size",
                                        "torch.device"};

constexpr std::string_view kScriptLists[] = {"torch.jit._pickle.build_tensorlist", "torch.jit._pickle.build_intlist",
                                             "torch.jit._pickle.build_doublelist", "torch.jit._pickle.build_boollist",
                                             "torch.jit._pickle.restore_type_tag"};

template <size_t Size>
std::optional<ElementType> type_of(const TorchName (&names)[Size], std::string_view name) {
  const auto* found = std::find_if(std::begin(names), std::end(names), [&](const auto& n) { return n.name == name; });
  if (found == std::end(names)) return std::nullopt;
  return found->type;
}
template <size_t Size>
bool is_in(const std::string_view (&names)[Size], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

std::optional<ElementType> type_of_torch_storage(std::string_view name) {
  return type_of(kStorages, name);
}
std::optional<ElementType> type_of_torch_dtype(std::string_view name) {
  return type_of(kDtypes, name);
}
bool is_untyped_storage(std::string_view name) {
  return is_in(kUntypedStorages, name);
}
bool is_tensor_function(std::string_view name) {
  return is_in(kTensorFunctions, name);
}
bool is_parameter_function(std::string_view name) {
  return is_in(kParameterFunctions, name);
}

bool is_known_torch_global(std::string_view name) {
  return type_of_torch_storage(name) || type_of_torch_dtype(name) || is_untyped_storage(name) ||
         is_tensor_function(name) || is_parameter_function(name) || is_in(kOthers, name);
}
bool is_script_class(std::string_view name) {
  return name.starts_with("__torch__.");
}
bool is_script_list(std::string_view name) {
  return is_in(kScriptLists, name);
}

}  // namespace tvr
