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
  int64_t steps = 0;  ///< of the whole run; 0: unknown
  int64_t view = 0;   ///< 1: the second look at the same videos

  /// Share of the run that is done, 0 … 1; 1 where its length is unknown.
  double done() const { return steps > 0 ? static_cast<double>(step) / static_cast<double>(steps) : 1; }
  /// A stream for one purpose of this step ("dropout", "clip frames"); `item` separates rows and layers. Each view has
  /// streams of its own.
  Random random(std::string_view purpose, int64_t item = 0) const {
    return Random(seed, purpose, static_cast<uint64_t>(step),
                  static_cast<uint64_t>(item) | static_cast<uint64_t>(view) << 62U);
  }
};

}  // namespace tvr
