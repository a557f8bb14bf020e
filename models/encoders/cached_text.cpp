// Features of captions made once by a frozen text encoder and read back, beside model.video.type: cached.
#include <torch/torch.h>

#include <limits>

#include "tvr/model/architectures.h"
#include "tvr/model/encoder.h"

namespace tvr {
namespace {

struct CachedTextOptions {
  std::string source, arch, tokenizer;
  int64_t dim = 512, context_length = 77;
  template <class Visit>
  void fields(Visit&& f) {
    f("source", source, "Run directory whose text encoder makes the features, once, into its folder features/",
      existing());
    f("dim", dim, "Channels of the features (D)", within(1, 65536));
    f("context_length", context_length, "Most tokens of a caption, start and end included; longer ones are cut",
      within(3, 4096));
    f("arch", arch, "The source's, if it reads other tokens than CLIP's (SigLIP-B/16, XLM-R-B/32, …)");
    f("tokenizer", tokenizer, "The sentencepiece model of such a source, FILE.model", existing());
  }
  TextInputSpec text() const { return text_input(arch.empty() ? TextConfig() : architecture(arch).text, tokenizer); }
  std::string validate() const {
    if (source.empty()) return "source is missing; name the run directory whose text encoder makes the features";
    try {
      text();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }
};

class CachedText final : public TextEncoder {
 public:
  CachedText(const CachedTextOptions& options, const EncoderContext& /*context*/) : options_(options) {}

  int64_t dim() const override { return options_.dim; }
  int64_t context_length() const override { return options_.context_length; }
  TextInputSpec input() const override {
    auto spec = options_.text();
    spec.vocabulary = std::numeric_limits<int64_t>::max();  // ids are not looked up here
    spec.source = options_.source;
    return spec;
  }
  TextFeatures encode(const TextInput& text, const StepContext& /*step*/) override {
    auto features = text.cached;
    features.mask = text.mask;
    return features;
  }

 private:
  CachedTextOptions options_;
};

}  // namespace
TVR_REGISTER_TEXT_ENCODER(cached_text, CachedText, CachedTextOptions)
}  // namespace tvr
