#pragma once
#include <cstdint>
#include <string_view>

#include "tvr/base/random.h"

namespace tvr {

/// What a computation may know of the step it belongs to, handed in so that a step can be replayed: there is no global
/// generator. Evaluation is the default.
struct StepContext {
  bool training = false;
  uint64_t seed = 0;
  int64_t step = 0;

  /// A stream for one purpose of this step ("dropout", "clip frames"); `item` separates rows, layers, views.
  Random random(std::string_view purpose, int64_t item = 0) const {
    return Random(seed, purpose, static_cast<uint64_t>(step), static_cast<uint64_t>(item));
  }
};

}  // namespace tvr
