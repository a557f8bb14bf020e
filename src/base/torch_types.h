#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "tvr/base/arrays.h"

// The names that PyTorch's files use.
namespace tvr {

/// Of "torch.FloatStorage" and its like; of "torch.float32" and its like.
std::optional<ElementType> type_of_torch_storage(std::string_view name);
std::optional<ElementType> type_of_torch_dtype(std::string_view name);

bool is_untyped_storage(std::string_view name);

/// Functions that make a tensor from a storage: those whose names begin with torch._utils._rebuild_tensor.
bool is_tensor_function(std::string_view name);
/// Functions whose first argument is the tensor itself.
bool is_parameter_function(std::string_view name);

/// True for every class or function that a file of tensors may name.
bool is_known_torch_global(std::string_view name);

/// True for what TorchScript archives name beside these: the classes of their own modules, and makers of lists.
bool is_script_class(std::string_view name);
bool is_script_list(std::string_view name);

}  // namespace tvr
