#pragma once
#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "tvr/model/weight_families.h"
#include "tvr/model/weights.h"

namespace tvr {

/// What load_clip() did with every array of a file.
struct LoadReport {
  int64_t used = 0;                          ///< arrays that were copied
  std::map<std::string, int64_t> converted;  ///< "float16 to float32": how many arrays
  std::vector<std::string> left;             ///< towers or heads that were not asked for, by name
  std::vector<std::string> ignored;          ///< constants, what lies beside the weights, what `ignore` names
  std::vector<std::string> not_finite;       ///< arrays that hold NaN or infinity
};

/// Copies the towers of a file into `state`, tensors of any floating type and device under the names of tower_config.h;
/// it may be one tower of two. Arrays are renamed, turned over, put below one another and converted on the way, a piece
/// at a time, and their pages given back: beside `state` it needs memory for one piece.
///
/// Strict: throws CheckpointError listing every missing, unexpected, wrongly shaped and wrongly typed array at once,
/// and nothing is copied then. `ignore`: arrays of the file that match one of these patterns ('*') are no error. Throws
/// DataError if a number is too large for the type it is converted to.
LoadReport load_clip(const StoredWeights& weights, const RecognisedWeights& recognised, const NamedTensors& state,
                     const std::vector<std::string>& ignore = {});

/// What load_clip() would refuse if all parameters of the towers that the file has were asked for; none: nothing.
std::vector<std::string> weight_problems(const StoredWeights& weights, const RecognisedWeights& recognised);

/// Tensors for all parameters that the file has, not filled. Throws the CheckpointError of load_clip() before any
/// memory is taken, which a damaged file may want much of.
NamedTensors empty_clip(const StoredWeights& weights, const RecognisedWeights& recognised, torch::ScalarType type,
                        const std::vector<std::string>& ignore = {});

/// A tensor that lies in the mapped file and must not be written to. Throws DataError for element types without one.
torch::Tensor mapped_tensor(const StoredArray& array);

}  // namespace tvr
