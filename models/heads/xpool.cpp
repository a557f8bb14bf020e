// X-Pool (baselines.md 3.4): the sentence attends to the frames and pools them
// as it needs; the score is the cosine of the sentence and what it pooled.
// Padding is left out of the attention (the original repeats a short video's
// last frame and has no mask). All projections begin as the identity.
#include <torch/torch.h>

#include <algorithm>

#include "tvr/model/interaction_head.h"
#include "tvr/model/pair_blocks.h"
#include "tvr/model/pooling.h"

namespace tvr {
namespace {
namespace nn = torch::nn;

struct XPoolOptions {
  int64_t heads = 1;
  double dropout = 0.3;
  template <class Visit>
  void fields(Visit&& f) {
    f("heads", heads, "Attention heads; they divide the channels", within(1, 256));
    f("dropout", dropout,
      "Share of the pooled video's projection dropped in training (0.4 on "
      "MSR-VTT 7k and MSVD)",
      within(0, 0.99));
  }
};

// Modules named as in the checkpoints.
struct CrossAttention final : nn::Module {
  explicit CrossAttention(int64_t dim)
      : q_proj(register_module("q_proj", nn::Linear(dim, dim))),
        k_proj(register_module("k_proj", nn::Linear(dim, dim))),
        v_proj(register_module("v_proj", nn::Linear(dim, dim))),
        out_proj(register_module("out_proj", nn::Linear(dim, dim))) {}
  nn::Linear q_proj, k_proj, v_proj, out_proj;
};
struct PoolFrames final : nn::Module {
  explicit PoolFrames(int64_t dim)
      : attention(register_module("cross_attn", std::make_shared<CrossAttention>(dim))),
        linear(register_module("linear_proj", nn::Linear(dim, dim))),
        norm_in(register_module("layer_norm1", nn::LayerNorm(nn::LayerNormOptions({dim})))),
        norm_pooled(register_module("layer_norm2", nn::LayerNorm(nn::LayerNormOptions({dim})))),
        norm_out(register_module("layer_norm3", nn::LayerNorm(nn::LayerNormOptions({dim})))) {
    const torch::NoGradGuard no_grad;
    for (const auto& layer : {attention->q_proj, attention->k_proj, attention->v_proj, attention->out_proj, linear}) {
      nn::init::eye_(layer->weight);
      layer->bias.zero_();
    }
  }
  std::shared_ptr<CrossAttention> attention;
  nn::Linear linear;
  nn::LayerNorm norm_in, norm_pooled, norm_out;
};

// Dropout of vectors [T,V,D] of pairs that are made block by block, and again
// in the backward pass: which channels are kept depends on the seed, the two
// rows' numbers and the channel alone.
struct PairDropout {
  double share = 0;
  int64_t seed = 0;

  torch::Tensor operator()(const torch::Tensor& values, const torch::Tensor& texts, const torch::Tensor& videos) const {
    if (share == 0) return values;
    constexpr int64_t kWord = 0xFFFFFFFF, kMultiplier = 0x45D9F3B;
    const auto channels = torch::arange(values.size(2), texts.options());
    auto bits = torch::zeros({1}, texts.options()) + (seed & kWord);
    for (const auto& number : {texts.view({-1, 1, 1}), videos.view({1, -1, 1}), channels.view({1, 1, -1})}) {
      bits = bits.bitwise_xor(number);
      for (int round = 0; round < 2; ++round)  // of a mixer of 32 bits, within int64
        bits = (bits.bitwise_xor(bits.bitwise_right_shift(16)) * kMultiplier).bitwise_and(kWord);
      bits = bits.bitwise_xor(bits.bitwise_right_shift(16));
    }
    return values * (bits >= static_cast<int64_t>(share * 4294967296.0)).to(values.scalar_type()) / (1 - share);
  }
};

class XPool final : public InteractionHead {
 public:
  XPool(const XPoolOptions& options, const HeadContext& context)
      : options_(options),
        block_bytes_(context.block_bytes),
        pool_(register_module("pool_frames", std::make_shared<PoolFrames>(context.dim))) {
    if (context.dim > 1 && context.dim % options.heads != 0)  // 1: only asked what it needs
      throw ConfigError("model.head.heads is " + std::to_string(options.heads) + ", which does not divide the " +
                        std::to_string(context.dim) + " channels of the encoders.");
  }

  Needs needs() const override { return {}; }
  std::vector<PartInfo> part_infos() const override { return {{"sentence-pooled", 1}}; }

  TextFeatures prepare(TextFeatures text, const StepContext& /*step*/) override {
    const auto queries = pool_->attention->q_proj->forward(pool_->norm_in->forward(text.pooled)).unsqueeze(1);
    text.sets["queries"] = {queries, torch::ones_like(queries.select(2, 0), torch::kBool), {}, {}};
    return text;
  }

  VideoFeatures prepare(VideoFeatures video, const StepContext& /*step*/) override {
    const auto frames = pool_->norm_in->forward(video.frames);
    video.sets["keys"] = {pool_->attention->k_proj->forward(frames), video.mask, {}, {}};
    video.sets["values"] = {pool_->attention->v_proj->forward(frames), video.mask, {}, {}};
    return video;
  }

  Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& step) override {
    PairDropout dropout;
    if (step.training) dropout = {options_.dropout, static_cast<int64_t>(step.random("pooled dropout").bits() >> 1U)};
    const PairFunction score = [pool = pool_, heads = options_.heads, dropout](const PairTensors& pairs) {
      const auto& texts = pairs.text;    // sentence, query, number
      const auto& videos = pairs.video;  // keys, values, mask, number
      const auto weights = attention(texts[1], videos[0], videos[2], heads);
      const auto mixed = torch::einsum("tvhf,vfhd->tvhd", {weights, videos[1].unflatten(2, {heads, -1})}).flatten(2);
      const auto pooled = pool->norm_pooled->forward(pool->attention->out_proj->forward(mixed));
      const auto output = pool->norm_out->forward(pooled + dropout(pool->linear->forward(pooled), texts[2], videos[3]));
      return torch::einsum("td,tvd->tv", {unit(texts[0]), unit(output)});
    };
    const auto numbers = [](const torch::Tensor& mask) {
      return torch::arange(mask.size(0), mask.options().dtype(torch::kLong));
    };
    const auto &keys = video.sets.at("keys"), &values = video.sets.at("values");
    const PairTensors tensors{{text.pooled, text.sets.at("queries").values, numbers(text.mask)},
                              {keys.values, values.values, keys.mask, numbers(keys.mask)},
                              pool_->parameters()};
    // What the backward pass keeps of a pair: some 16 vectors, those of the
    // dropout included.
    const int64_t bytes = 16 * text.pooled.size(1) * static_cast<int64_t>(text.pooled.element_size());
    return {{"sentence-pooled", pair_blocks(score, tensors, bytes, block_bytes_), {}}};
  }

  std::vector<TokenMatch> explain(const TextFeatures& text, const VideoFeatures& video) override {
    const auto weights =
        attention(text.sets.at("queries").values, video.sets.at("keys").values, video.mask, options_.heads)[0][0].mean(
            0);
    const auto cosines = torch::matmul(unit(video.frames[0]), unit(text.pooled[0]));
    std::vector<TokenMatch> matches;
    for (int64_t frame = 0; frame < weights.size(0); ++frame)
      if (video.mask[0][frame].item<bool>())
        matches.push_back({-1, weights[frame].item<double>(), cosines[frame].item<double>(), frame, -1});
    std::stable_sort(matches.begin(), matches.end(),
                     [](const TokenMatch& a, const TokenMatch& b) { return a.weight > b.weight; });
    return matches;
  }

 private:
  // queries [T,1,D], keys [V,F,D], mask [V,F] -> [T,V,heads,F], 0 at padding,
  // rows sum to 1
  static torch::Tensor attention(const torch::Tensor& queries, const torch::Tensor& keys, const torch::Tensor& mask,
                                 int64_t heads) {
    const auto split = [&](const torch::Tensor& channels) { return channels.unflatten(2, {heads, -1}); };
    const double scale = 1 / std::sqrt(static_cast<double>(keys.size(2)) / static_cast<double>(heads));
    const auto scores = torch::einsum("thd,vfhd->tvhf", {split(queries).squeeze(1), split(keys)}) * scale;
    const auto real = mask.unsqueeze(1);                       // [V,1,F]
    const auto lowest = std::numeric_limits<float>::lowest();  // finite: an empty video must not
                                                               // become NaN
    return torch::softmax(scores.masked_fill(real.logical_not(), lowest), 3) * real;
  }

  XPoolOptions options_;
  int64_t block_bytes_;
  std::shared_ptr<PoolFrames> pool_;
};

}  // namespace
TVR_REGISTER_HEAD(xpool, XPool, XPoolOptions)
}  // namespace tvr
