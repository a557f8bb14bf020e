#pragma once
#include <filesystem>
#include <string>

#include "tvr/model/weight_families.h"
#include "tvr/model/weights.h"

namespace tvr {

/// "tvr", "openai", "open_clip" or "huggingface"; throws ConfigError with the nearest for anything else.
WeightFormat parse_weight_format(const std::string& name);

/// Writes a folder that the format's own library opens: the weights as safetensors and, beside them,
///
///   huggingface  config.json and preprocessor_config.json, for CLIPModel and SiglipModel
///   open_clip    open_clip_config.json, for create_model("local-dir:FOLDER")
///   openai       nothing: build_model() tells all from the shapes
///   tvr          nothing: the configuration is in the file's metadata; `head` goes into the file too
///
/// `state` holds all parameters of the towers, contiguous, of one type. The folder is written beside and renamed.
/// Throws ConfigError as check_writable() does.
void write_clip(const std::filesystem::path& folder, WeightFormat format, const RecognisedWeights& recognised,
                const NamedTensors& state, const NamedTensors& head = {});

/// What write_clip() would refuse, before anything is read: throws ConfigError if the folder exists and is not empty,
/// or naming everything of the architecture that the library cannot express.
void check_writable(const std::filesystem::path& folder, WeightFormat format, const RecognisedWeights& recognised);

}  // namespace tvr
