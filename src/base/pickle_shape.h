#pragma once
#include <cstddef>
#include <optional>
#include <string>

#include "tvr/base/pickle.h"

namespace tvr {

/// The child of that number, null behind the last one.
PickleRef pickle_child(const PickleValue& value, size_t number);

/// What forbids to walk along the values below `root`: a cycle, a path longer than Pickle::kMaxDepth, or so many ways
/// to shared values that following all of them would never end. Nothing if there is no such thing.
std::optional<std::string> shape_problem(PickleRef root);

}  // namespace tvr
