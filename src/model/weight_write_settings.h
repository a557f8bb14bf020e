#pragma once
#include <string>
#include <vector>

#include "tvr/model/weight_families.h"

namespace tvr {

/// What the format's library has no parameter or setting for, in words; none: it can be written.
std::vector<std::string> inexpressible(WeightFormat format, const RecognisedWeights& recognised);

/// Contents of the files that go beside the weights. `type`: as torch calls it, "float32".
std::string hugging_face_config(const ClipConfig& config, const std::string& type);
std::string hugging_face_preprocessor(const ClipConfig& config);
std::string open_clip_config(const ClipConfig& config);

}  // namespace tvr
