// The text tower of CLIP: causal transformer, the sentence is the token at the end mark (encoders.md 1.1).
#include <torch/torch.h>

#include "tvr/model/encoder.h"
#include "tvr/model/initialize.h"
#include "tvr/model/transformer.h"

namespace tvr {
namespace {
namespace nn = torch::nn;

struct ClipTextOptions {
  int64_t context_length = 77, vocabulary = 49408, width = 512, layers = 12, heads = 8, embed_dim = 512;
  double mlp_ratio = 4, token_std = 0.02, position_std = 0.01;
  std::string activation = "quick_gelu";
  template <class Visit>
  void fields(Visit&& f) {
    f("context_length", context_length,
      "Most tokens of a caption, start and end included; longer ones are cut and counted", within(3, 4096));
    f("vocabulary", vocabulary, "Rows of the token embedding", within(3, 10'000'000));
    f("width", width, "Channels inside the transformer", within(1, 65536));
    f("layers", layers, "Blocks", within(0, 256));
    f("heads", heads, "Attention heads", within(1, 256));
    f("embed_dim", embed_dim, "Channels of the features (D)", within(1, 65536));
    f("mlp_ratio", mlp_ratio, "Hidden channels of a block's MLP over width", within(0.01, 64));
    f("activation", activation, "OpenAI's weights use quick_gelu, most of open_clip's gelu",
      one_of({"quick_gelu", "gelu"}));
    f("token_std", token_std, "Deviation of the initial token embedding", within(0, 10));
    f("position_std", position_std, "Deviation of the initial positions", within(0, 10));
  }
  std::string validate() const { return width % heads == 0 ? "" : "width must be a multiple of heads"; }
};

class ClipText final : public TextEncoder {
 public:
  ClipText(const ClipTextOptions& options, const EncoderContext& context)
      : options_(options),
        tokens_(register_module("token_embedding", nn::Embedding(options.vocabulary, options.width))),
        positions_(register_parameter("positional_embedding", torch::empty({options.context_length, options.width}))),
        transformer_(register_module("transformer", std::make_shared<Transformer>(shape(options)))),
        norm_(register_module("ln_final", nn::LayerNorm(nn::LayerNormOptions({options.width})))),
        projection_(register_parameter("text_projection", torch::empty({options.width, options.embed_dim}))) {
    initialize(*this, context.seed, "text.",
               {{"token_embedding.weight", options.token_std},
                {"positional_embedding", options.position_std},
                {"*out_proj.weight", 0.02},
                {"*c_proj.weight", 0.02}});
  }

  int64_t dim() const override { return options_.embed_dim; }
  int64_t context_length() const override { return options_.context_length; }

  TextFeatures encode(const TextInput& text, const StepContext& /*step*/) override {
    const int64_t length = text.ids.size(1);
    TORCH_CHECK(length <= options_.context_length, "texts of ", length, " tokens, the context length is ",
                options_.context_length);
    auto x = tokens_->forward(text.ids) + positions_.slice(0, 0, length);
    x = norm_->forward(transformer_->forward(x));
    TextFeatures features;
    features.tokens = torch::matmul(x, projection_);
    const auto end = text.mask.sum(1) - 1;  // the end mark is the last real token
    features.pooled = features.tokens.gather(1, end.view({-1, 1, 1}).expand({-1, 1, options_.embed_dim})).squeeze(1);
    features.mask = text.mask;
    return features;
  }

 private:
  static TransformerShape shape(const ClipTextOptions& o) {
    return {o.width, o.layers, o.heads, o.mlp_ratio, o.activation, true};
  }

  ClipTextOptions options_;
  nn::Embedding tokens_;
  torch::Tensor positions_;
  std::shared_ptr<Transformer> transformer_;
  nn::LayerNorm norm_;
  torch::Tensor projection_;
};

}  // namespace
TVR_REGISTER_TEXT_ENCODER(clip_text, ClipText, ClipTextOptions)
}  // namespace tvr
