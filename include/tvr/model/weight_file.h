#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tvr/base/array_file.h"

namespace tvr {

/// Arrays of a weight file or folder under the names of the model itself, mapped and not yet read.
struct StoredWeights {
  std::filesystem::path path;                 ///< as it was given, for messages
  std::vector<std::filesystem::path> files;   ///< those that hold the arrays
  std::map<std::string, StoredArray> arrays;  ///< of the towers
  std::map<std::string, StoredArray> head;    ///< what lies beside "clip." in files of the CLIP4Clip family
  std::vector<std::pair<std::string, std::string>> ignored;  ///< names in the file, and why nothing is lost by it
  std::vector<std::string> unwrapped;                        ///< prefixes that were taken off: "state_dict.", "clip."
  std::map<std::string, std::string> metadata;               ///< of safetensors
  std::map<std::string, std::filesystem::path> configurations;  ///< files beside it that say more, by their usual names

  bool has(const std::string& name) const { return arrays.count(name) > 0; }
  /// The towers lay below "clip.", as CLIP4Clip and what descends from it save them.
  bool of_clip4clip() const;
};

/// Opens weights of other programs and of tvr:
///
///   a file   whatever read_arrays() reads: OpenAI's TorchScript archives, safetensors, torch.save files (.bin, .pt)
///   an index  *.safetensors.index.json or *.bin.index.json, whose shards lie beside it
///   a folder  as Hugging Face and open_clip have them, one that `tvr weights convert` made, or a run of tvr
///
/// What wraps a state dict is taken off: {state_dict, model, model_state_dict, module}, "module." of parallel training,
/// "clip.". Constants that are no weights (masks, position numbers, OpenAI's three integers) and what lies beside a
/// wrapped state dict are listed in `ignored`. LayerNorms named gamma and beta, as BERT's code did, are renamed.
///
/// Throws DataError naming the file: damaged, a folder without weights, a shard that is missing, named with a folder or
/// does not hold what the index says, names that are no names, ResNet towers.
StoredWeights open_weights(const std::filesystem::path& path);

}  // namespace tvr
