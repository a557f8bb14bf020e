// Token-wise interaction: every word meets every frame or patch (FILIP and DRL's TI with uniform weights, DRL's WTI
// with learned ones; baselines.md 3.2). Padding is left out of every maximum unless mask_zero asks for DRL's rule.
#include <torch/torch.h>

#include <algorithm>

#include "tvr/model/interaction_head.h"
#include "tvr/model/pooling.h"
#include "tvr/model/temporal.h"
#include "tvr/model/token_interaction.h"
#include "tvr/model/token_weights.h"

namespace tvr {
namespace {

struct TokenWiseOptions : TemporalOptions {
  std::string visual = "frames", weights = "learned", directions = "both";
  int64_t weight_layers = 2;
  bool sentence = false, mask_zero = false;
  template <class Visit>
  void fields(Visit&& f) {
    f("visual", visual, "What a word meets", one_of({"frames", "patches"}));
    f("weights", weights, "How much a token counts: all alike, or softmax of a small network on it",
      one_of({"uniform", "learned"}));
    f("weight_layers", weight_layers, "Linear layers of that network (DRL's wti_arch)", within(1, 3));
    f("directions", directions, "Best visual token of each word, best word of each visual token, or the mean of both",
      one_of({"both", "text", "visual"}));
    f("sentence", sentence, "Add the whole-video cosine of mean_pool as a second part");
    f("mask_zero", mask_zero,
      "Padding offers a similarity of 0 to every maximum, as in DRL's code, instead of none: a score then depends on "
      "whether the longest text or video beside it is longer");
    TemporalOptions::fields(f);
  }
};

class TokenWise final : public InteractionHead {
 public:
  TokenWise(const TokenWiseOptions& options, const HeadContext& context)
      : options_(options), block_bytes_(context.block_bytes), temporal_(*this, options, context) {
    if (options.weights == "uniform") return;
    const auto weights = [&](const std::string& name) {
      return register_module(
          name, std::make_shared<TokenWeights>(context.dim, options.weight_layers, context.seed, "head." + name + "."));
    };
    if (options.directions != "visual") text_weights_ = weights("text_weight_fc");
    if (options.directions != "text") visual_weights_ = weights("video_weight_fc");
  }

  Needs needs() const override { return {.words = true, .patches = patches()}; }
  std::vector<PartInfo> part_infos() const override {
    std::vector<PartInfo> infos{{"word-" + options_.visual, 1}};
    if (options_.sentence) infos.push_back({"sentence-video", 1});
    return infos;
  }
  void start_from(const TextEncoder& text) override { temporal_.start_from(text); }

  TextFeatures prepare(TextFeatures text, const StepContext& /*step*/) override {
    text.weights = weights_of(text_weights_, text.tokens, text.mask);
    return text;
  }

  VideoFeatures prepare(VideoFeatures video, const StepContext& /*step*/) override {
    video.frames = temporal_.forward(video.frames, video.mask);
    if (patches())
      video.patch_weights = weights_of(visual_weights_, video.patches.flatten(1, 2), patch_mask(video))
                                .unflatten(1, {video.patches.size(1), video.patches.size(2)});
    else
      video.weights = weights_of(visual_weights_, video.frames, video.mask);
    return video;
  }

  Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& /*step*/) override {
    TokenSimilarity settings;
    settings.direction = options_.directions == "both"   ? Direction::kBoth
                         : options_.directions == "text" ? Direction::kText
                                                         : Direction::kVisual;
    if (options_.mask_zero) settings.padded = 0;
    settings.block_bytes = block_bytes_;
    Parts parts{{"word-" + options_.visual, token_similarity(word_tokens(text), visual_tokens(video), settings), {}}};
    if (options_.sentence)
      parts.push_back({"sentence-video", torch::matmul(unit(text.pooled), unit(mean_frame(video, true)).t()), {}});
    return parts;
  }

  std::vector<TokenMatch> explain(const TextFeatures& text, const VideoFeatures& video) override {
    const auto [score, place] = token_cosines(word_tokens(text), visual_tokens(video))[0][0].max(1);  // [L]
    std::vector<TokenMatch> matches;
    for (int64_t word = 0; word < text.mask.size(1); ++word) {
      if (!text.mask[0][word].item<bool>()) continue;
      TokenMatch match{word, text.weights[0][word].item<double>(), score[word].item<double>(), 0, -1};
      place_match(match, place[word].item<int64_t>(), video);
      matches.push_back(match);
    }
    std::stable_sort(matches.begin(), matches.end(),
                     [](const TokenMatch& a, const TokenMatch& b) { return a.weight * a.score > b.weight * b.score; });
    return matches;
  }

 private:
  bool patches() const { return options_.visual == "patches"; }
  static torch::Tensor patch_mask(const VideoFeatures& video) {
    return video.mask.unsqueeze(-1).expand({-1, -1, video.patches.size(2)}).flatten(1, 2);
  }
  static WeightedTokens word_tokens(const TextFeatures& text) { return {text.tokens, text.mask, text.weights}; }
  WeightedTokens visual_tokens(const VideoFeatures& video) const {
    if (!patches()) return {video.frames, video.mask, video.weights};
    return {video.patches.flatten(1, 2), patch_mask(video), video.patch_weights.flatten(1, 2)};
  }
  static torch::Tensor weights_of(const std::shared_ptr<TokenWeights>& learned, const torch::Tensor& values,
                                  const torch::Tensor& mask) {
    return learned ? learned->forward(values, mask) : uniform_weights(mask, values.scalar_type());
  }
  void place_match(TokenMatch& match, int64_t token, const VideoFeatures& video) const {
    match.frame = token;
    if (!patches()) return;
    const int64_t count = video.patches.size(2);
    match.frame = token / count;
    match.patch = token % count;
    if (video.patch_indices.defined()) match.patch = video.patch_indices[0][match.frame][match.patch].item<int64_t>();
  }

  TokenWiseOptions options_;
  int64_t block_bytes_;
  Temporal temporal_;
  std::shared_ptr<TokenWeights> text_weights_, visual_weights_;
};

}  // namespace
TVR_REGISTER_HEAD(token_wise, TokenWise, TokenWiseOptions)
}  // namespace tvr
