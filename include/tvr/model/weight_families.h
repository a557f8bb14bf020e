#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tvr/model/weight_file.h"
#include "tvr/model/weight_names.h"

namespace tvr {

/// What the towers in a weight file are.
struct RecognisedWeights {
  std::string family;  ///< for people: "OpenAI CLIP (TorchScript)", "SigLIP in Hugging Face names", …
  ClipNames names;
  ClipConfig config;             ///< an activation that nothing tells is ""
  bool activation_told = false;  ///< by a configuration or OpenAI's own files, not by what such files usually have
  std::vector<std::string> assumptions;  ///< sentences: what neither shapes nor configuration files tell
};

/// Recognises both towers, or one of them, by names and shapes. What shapes cannot tell (activation, heads, epsilon,
/// constants of the pixels) comes from config.json, open_clip_config.json and preprocessor_config.json where they lie
/// beside it, from tvr's own metadata, or from what all files of the family have in common; a guess is written into
/// `assumptions`. Throws DataError if there is no tower tvr knows, or shapes or configuration make no sense.
RecognisedWeights recognise_weights(const StoredWeights& weights);

/// Sets the activation of the towers' MLPs where nothing tells it, or only custom does. Throws ConfigError if it is
/// open and `activation` is "": QuickGELU and GELU cannot be told from the weights, and the wrong one costs accuracy in
/// silence; or if it contradicts what is told.
void settle_activation(RecognisedWeights& recognised, const StoredWeights& weights, const std::string& activation);

/// The published architecture (architectures.h) with these parameters, or the one nearest to it in their number.
struct NearestArchitecture {
  std::string name;       ///< "" if none has between half and twice as many
  bool is_equal = false;  ///< all names and shapes are the same, of the towers that there are
};
NearestArchitecture nearest_architecture(const RecognisedWeights& recognised);

/// The configuration as JSON, as tvr keeps it in the metadata of its own weight files under this key.
inline constexpr const char* kClipMetadata = "tvr_clip";
std::string clip_config_json(const ClipConfig& config);
/// Strict: unknown keys, wrong types and sizes out of range throw DataError beginning with `origin`.
ClipConfig parse_clip_config(const std::string& json, const std::string& origin);

/// The model of an OpenAI file with this SHA-256; "" if it is none of them.
std::string known_file(const std::string& sha256);

}  // namespace tvr
