#pragma once
#include "tvr/model/weight_families.h"

namespace tvr {

/// What shapes cannot tell, from configuration files of others beside the weights: config.json and
/// preprocessor_config.json for Hugging Face's names, open_clip_config.json for open_clip's and timm's, config.yaml for
/// runs of tvr. Throws DataError naming file and key.
void read_settings(RecognisedWeights& recognised, const StoredWeights& weights);

}  // namespace tvr
