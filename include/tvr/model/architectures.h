#pragma once
#include <string>
#include <vector>

#include "tvr/model/tower_config.h"

namespace tvr {

/// Names of published architectures: OpenAI's ("ViT-B/32", …), open_clip's ("ViT-H-14", …; with "-quickgelu" behind it
/// the activation of OpenAI's, as open_clip calls them), EVA-CLIP's, SigLIP's and the multilingual XLM-R one.
std::vector<std::string> architecture_names();

/// The configuration of one of them, for weights that it names or for a start from nothing. Throws ConfigError for an
/// unknown name, with the nearest known one.
ClipConfig architecture(const std::string& name);

}  // namespace tvr
