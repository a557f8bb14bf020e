// CLIP4Clip's tightTransf, DRL's XTI (baselines.md 3.1, 3.2): the sentence and
// the frames of one video pass a transformer together, and a linear layer makes
// a score of what comes out at the sentence's place. Every pair passes it. The
// score is no cosine: it has a range of its own and the original multiplies it
// with nothing, so configurations set model.score {logit_scale: 1,
// max_logit_scale: 1} and optim.rates {"score.*": 0}.
#include <torch/torch.h>

#include "tvr/model/initialize.h"
#include "tvr/model/pair_blocks.h"
#include "tvr/model/temporal.h"

namespace tvr {
namespace {
namespace nn = torch::nn;

constexpr double kNormEps = 1e-12;  // of the lineage's own norms

struct TightTransformerOptions {
  int64_t layers = 4, positions = 77;
  double dropout = 0.1;
  template <class Visit>
  void fields(Visit&& f) {
    f("layers", layers,
      "Blocks of the transformer; they begin as copies of the text tower's "
      "first blocks",
      within(1, 64));
    f("positions", positions, "Rows of the table of positions: the sentence and the most frames", within(2, 4096));
    f("dropout", dropout,
      "Share of the input's channels dropped in training, drawn once a text "
      "and once a video",
      within(0, 0.99));
  }
};

// Modules named as in the checkpoints.
struct Embeddings final : nn::Module {
  Embeddings(int64_t positions, int64_t dim)
      : rows(register_module("position_embeddings", nn::Embedding(positions, dim))) {}
  nn::Embedding rows;
};
struct Pooler final : nn::Module {
  explicit Pooler(int64_t dim)
      : ln_pool(register_module("ln_pool", nn::LayerNorm(nn::LayerNormOptions({dim}).eps(kNormEps)))),
        dense(register_module("dense", nn::Linear(dim, dim))) {}
  nn::LayerNorm ln_pool;
  nn::Linear dense;
};
struct Cross final : nn::Module {
  Cross(const TightTransformerOptions& options, int64_t dim)
      : embeddings(register_module("embeddings", std::make_shared<Embeddings>(options.positions, dim))),
        transformer(register_module("transformer", std::make_shared<Transformer>(lineage_blocks(dim, options.layers)))),
        pooler(register_module("pooler", std::make_shared<Pooler>(dim))) {}

  // tokens [N,S,D], mask [N,S] -> [N,D]
  torch::Tensor forward(const torch::Tensor& tokens, const torch::Tensor& mask) {
    AttentionTerms terms;
    terms.mask = mask;
    const auto first = transformer->forward(tokens, terms).select(1, 0);
    const auto dense = pooler->dense->forward(pooler->ln_pool->forward(first));
    return dense * torch::sigmoid(1.702 * dense);  // QuickGELU
  }

  std::shared_ptr<Embeddings> embeddings;
  std::shared_ptr<Transformer> transformer;
  std::shared_ptr<Pooler> pooler;
};

// Zeroes a share of the channels and scales up the rest.
torch::Tensor dropped(const torch::Tensor& values, double share, Random random) {
  auto kept = torch::empty(values.sizes(), torch::kFloat);
  auto* place = kept.data_ptr<float>();
  for (int64_t i = 0; i < kept.numel(); ++i)
    place[i] = random.chance(share) ? 0.f : static_cast<float>(1 / (1 - share));
  return values * kept.to(values.options().requires_grad(false));
}

class TightTransformer final : public InteractionHead {
 public:
  TightTransformer(const TightTransformerOptions& options, const HeadContext& context)
      : options_(options),
        block_bytes_(context.block_bytes),
        cross_(register_module("cross", std::make_shared<Cross>(options, context.dim))),
        similarity_(register_module("similarity_dense", nn::Linear(context.dim, 1))) {
    if (context.max_frames >= options.positions)
      throw ConfigError("model.head.positions is " + std::to_string(options.positions) +
                        ", but the sentence and the frames of a video are " + std::to_string(context.max_frames + 1) +
                        "; raise it, or lower model.video.frames.");
    initialize(*this, context.seed, "head.", {{"*position_embeddings*", 0.02}, {"*dense.weight", 0.02}});
    initialize_lineage_blocks(*cross_->transformer, context.seed, "head.cross.transformer.");
  }

  Needs needs() const override { return {}; }
  std::vector<PartInfo> part_infos() const override { return {{"sentence-frames", 1}}; }
  void start_from(const TextEncoder& text) override {
    copy_text_blocks(text, cross_->embeddings->rows->weight, *cross_->transformer);
  }

  TextFeatures prepare(TextFeatures text, const StepContext& step) override {
    text.pooled = placed(text.pooled, cross_->embeddings->rows->weight[0], "sentence dropout", step);
    return text;
  }
  VideoFeatures prepare(VideoFeatures video, const StepContext& step) override {
    const auto rows = cross_->embeddings->rows->weight.slice(0, 1, 1 + video.frames.size(1));
    video.frames = placed(video.frames, rows, "frame dropout", step);
    return video;
  }

  Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& /*step*/) override {
    const PairFunction score = [cross = cross_, similarity = similarity_](const PairTensors& pairs) mutable {
      const auto& sentences = pairs.text[0];  // [T,D]
      const auto &frames = pairs.video[0], &mask = pairs.video[1];
      const int64_t texts = sentences.size(0), videos = frames.size(0), dim = frames.size(2);
      const auto first = sentences.view({texts, 1, 1, dim}).expand({-1, videos, -1, -1});
      const auto tokens = torch::cat({first, frames.unsqueeze(0).expand({texts, -1, -1, -1})}, 2).flatten(0, 1);
      const auto real = torch::cat({torch::ones_like(mask.slice(1, 0, 1)), mask}, 1).repeat({texts, 1});
      return similarity->forward(cross->forward(tokens, real)).view({texts, videos});
    };
    auto parameters = cross_->parameters();
    for (const auto& parameter : similarity_->parameters()) parameters.push_back(parameter);
    return {{"sentence-frames",
             pair_blocks(score, {{text.pooled}, {video.frames, video.mask}, parameters}, bytes_per_pair(video.frames),
                         block_bytes_),
             {}}};
  }

 private:
  torch::Tensor placed(const torch::Tensor& values, const torch::Tensor& positions, const char* purpose,
                       const StepContext& step) const {
    const auto moved = values + positions;
    return step.training && options_.dropout > 0 ? dropped(moved, options_.dropout, step.random(purpose)) : moved;
  }
  // What the backward pass keeps of a block of pairs: some 20 tensors as large
  // as the tokens from each layer.
  int64_t bytes_per_pair(const torch::Tensor& frames) const {
    return 20 * options_.layers * (1 + frames.size(1)) * frames.size(2) * static_cast<int64_t>(frames.element_size());
  }

  TightTransformerOptions options_;
  int64_t block_bytes_;
  std::shared_ptr<Cross> cross_;
  nn::Linear similarity_;
};

}  // namespace
TVR_REGISTER_HEAD(tight_transformer, TightTransformer, TightTransformerOptions)
}  // namespace tvr
