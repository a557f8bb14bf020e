// The text tower of CLIP and its relatives.
#include <torch/torch.h>

#include <algorithm>
#include <tuple>

#include "tvr/model/architectures.h"
#include "tvr/model/encoder.h"
#include "tvr/model/initialize.h"
#include "tvr/model/text_tower.h"

namespace tvr {
namespace {

struct ClipTextOptions {
  std::string arch;
  int64_t context_length = 77, vocabulary = 49408, width = 512, layers = 12, heads = 8, embed_dim = 512,
          frozen_layers = 0;
  double mlp_ratio = 4, token_std = 0.02, position_std = 0.01;
  std::string activation = "quick_gelu", tokenizer;
  bool checkpointing = false;
  template <class Visit>
  void fields(Visit&& f) {
    f("arch", arch, "A published architecture (ViT-B/32, SigLIP-B/16, XLM-R-B/32, …) in place of single shapes");
    f("context_length", context_length,
      "Most tokens of a caption, start and end included; longer ones are cut and counted. With arch: at most its own",
      within(3, 4096));
    f("vocabulary", vocabulary, "Rows of the token embedding", within(3, 10'000'000));
    f("width", width, "Channels inside the transformer", within(1, 65536));
    f("layers", layers, "Blocks", within(0, 256));
    f("heads", heads, "Attention heads", within(1, 256));
    f("embed_dim", embed_dim, "Channels of the features (D)", within(1, 65536));
    f("mlp_ratio", mlp_ratio, "Hidden channels of a block's MLP over width", within(0.01, 64));
    f("activation", activation, "OpenAI's weights use quick_gelu, most of open_clip's gelu",
      one_of({"quick_gelu", "gelu", "gelu_tanh"}));
    f("tokenizer", tokenizer, "Sentencepiece model (FILE.model) of SigLIP's and XLM-R's towers; CLIP's need none",
      existing());
    f("token_std", token_std, "Deviation of the initial token embedding", within(0, 10));
    f("position_std", position_std, "Deviation of the initial positions", within(0, 10));
    f("frozen_layers", frozen_layers, "First blocks left as they are, and with them the embeddings; 0 freezes nothing",
      within(0, 256));
    f("checkpointing", checkpointing, "Computes blocks again in the backward pass: less memory, a third more time");
  }

  // What an architecture fixes.
  auto shape() const { return std::tie(vocabulary, width, layers, heads, embed_dim, mlp_ratio, activation); }

  TextConfig tower() const {
    if (!arch.empty()) return architecture(arch).text;
    TextConfig config;
    config.width = width;
    config.layers = layers;
    config.heads = heads;
    config.mlp_width = static_cast<int64_t>(static_cast<double>(width) * mlp_ratio);
    config.activation = activation;
    config.vocabulary = vocabulary;
    config.context_length = context_length;
    config.embed_dim = embed_dim;
    return config;
  }

  std::string validate() const {
    if (!arch.empty()) {
      if (shape() != ClipTextOptions().shape())
        return "arch says vocabulary, width, layers, heads, embed_dim, mlp_ratio and activation; leave them out, or "
               "leave out arch";
      try {
        architecture(arch);
      } catch (const ConfigError& error) {
        return std::string("arch: ") + error.what();
      }
    }
    const auto config = tower();
    try {
      text_input(config, tokenizer);
    } catch (const ConfigError& error) {
      return std::string("tokenizer: ") + error.what();
    }
    if (config.width % config.heads != 0) return "width must be a multiple of heads";
    if (frozen_layers > config.layers)
      return "frozen_layers is " + std::to_string(frozen_layers) + ", the tower has " + std::to_string(config.layers) +
             " layers";
    return "";
  }
};

class ClipText final : public TextEncoder {
 public:
  ClipText(const ClipTextOptions& options, const EncoderContext& context)
      : options_(options), tower_(std::make_shared<TextTower>(options.tower())) {
    adopt(*tower_);
    initialize(*this, context.seed, "text.",
               {{"token_embedding.weight", options.token_std},
                {"positional_embedding", options.position_std},
                {"*out_proj.weight", 0.02},
                {"*c_proj.weight", 0.02}});
    freeze_first_blocks(*this, options.frozen_layers);
    tower_->set_checkpointing(options.checkpointing);
  }

  int64_t dim() const override { return tower_->config().embed_dim; }
  int64_t heads() const override { return tower_->config().heads; }
  int64_t context_length() const override { return std::min(options_.context_length, tower_->longest()); }
  TextInputSpec input() const override { return text_input(tower_->config(), options_.tokenizer); }

  TextFeatures encode(const TextInput& text, const StepContext& /*step*/) override {
    const auto output = tower_->forward(text.ids, text.mask);
    TextFeatures features;
    features.pooled = output.pooled;
    features.tokens = output.tokens;
    features.mask = text.mask;
    return features;
  }

 private:
  // OpenAI's names of the text tower have no prefix: its parameters are registered as if they were the encoder's own.
  void adopt(TextTower& tower) {
    for (auto& item : tower.named_parameters(/*recurse=*/false)) register_parameter(item.key(), item.value());
    for (auto& item : tower.named_children()) register_module(item.key(), item.value());
  }

  ClipTextOptions options_;
  std::shared_ptr<TextTower> tower_;
};

}  // namespace
TVR_REGISTER_TEXT_ENCODER(clip_text, ClipText, ClipTextOptions)
}  // namespace tvr
