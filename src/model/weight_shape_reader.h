#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tvr/model/weight_file.h"
#include "tvr/model/weight_names.h"

namespace tvr {

/// The alternative of `ours` of which the file has every part; else nothing.
std::optional<ForeignName> present_name(const StoredWeights& weights, const ClipNames& names, const std::string& ours);

/// Shapes of parameters of ours as the arrays of a file imply them.
class WeightShapes {
 public:
  WeightShapes(const StoredWeights& weights, const ClipNames& names) : weights_(weights), names_(names) {}

  bool has(const std::string& ours) const { return present_name(weights_, names_, ours).has_value(); }
  /// With `rank` extents; leading ones more or less are overlooked. Throws DataError if it is absent, has another rank
  /// or an extent outside of 1 … 2^24.
  std::vector<int64_t> shape(const std::string& ours, size_t rank) const;
  /// How many blocks are numbered there: one more than the largest number.
  int64_t blocks(const std::string& tower) const;

 private:
  const StoredWeights& weights_;
  const ClipNames& names_;
};

}  // namespace tvr
