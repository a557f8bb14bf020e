#include "tvr/model/encoder.h"

#include "tvr/base/error.h"

namespace tvr {

TextInputSpec text_input(const TextConfig& config, const std::string& model_file) {
  if (config.tokenizer == "clip") {
    if (!model_file.empty())
      throw ConfigError("the text tower reads CLIP's own tokens, not those of '" + model_file + "'; leave it out.");
    return {"clip", config.vocabulary};
  }
  if (model_file.empty())
    throw ConfigError("the text tower reads the pieces of a sentencepiece model (" + config.tokenizer +
                      "); name the FILE.model that came with its weights.");
  return {config.tokenizer + ":" + model_file, config.vocabulary};
}

}  // namespace tvr
