// Token-wise interaction: every word meets every frame or patch (FILIP and DRL's TI with uniform weights, DRL's WTI
// with learned ones; baselines.md 3.2). Padding is left out of every maximum, where DRL offers it at similarity 0.
#include <torch/torch.h>

#include <algorithm>

#include "tvr/model/initialize.h"
#include "tvr/model/interaction_head.h"
#include "tvr/model/pooling.h"
#include "tvr/model/token_interaction.h"

namespace tvr {
namespace {
namespace nn = torch::nn;

struct TokenWiseOptions {
  std::string visual = "frames", weights = "learned", directions = "both";
  bool sentence = false;
  template <class Visit>
  void fields(Visit&& f) {
    f("visual", visual, "What a word meets", one_of({"frames", "patches"}));
    f("weights", weights, "How much a token counts: all alike, or softmax of a small network on it",
      one_of({"uniform", "learned"}));
    f("directions", directions, "Best visual token of each word, best word of each visual token, or the mean of both",
      one_of({"both", "text", "visual"}));
    f("sentence", sentence, "Add the whole-video cosine of mean_pool as a second part");
  }
};

// softmax over real tokens of Linear(D,D)-ReLU-Linear(D,1); the last layer starts at zero, so the weights start
// uniform.
class TokenWeights final : public nn::Module {
 public:
  TokenWeights(int64_t dim, uint64_t seed, const std::string& name)
      : hidden_(register_module("0", nn::Linear(dim, dim))), output_(register_module("2", nn::Linear(dim, 1))) {
    initialize(*this, seed, name, {{"2.weight", 0.0}});
  }
  torch::Tensor forward(const torch::Tensor& tokens, const torch::Tensor& mask) {
    const auto score = output_->forward(torch::relu(hidden_->forward(tokens))).squeeze(-1);
    const auto lowest = std::numeric_limits<float>::lowest();  // finite: a row without real tokens must not become NaN
    return torch::softmax(score.masked_fill(mask.logical_not(), lowest), 1) * mask;
  }

 private:
  nn::Linear hidden_, output_;
};

class TokenWise final : public InteractionHead {
 public:
  TokenWise(const TokenWiseOptions& options, const HeadContext& context) : options_(options) {
    if (options.weights == "uniform") return;
    if (options.directions != "visual")
      text_weights_ = register_module(
          "text_weight_fc", std::make_shared<TokenWeights>(context.dim, context.seed, "head.text_weight_fc."));
    if (options.directions != "text")
      visual_weights_ = register_module(
          "video_weight_fc", std::make_shared<TokenWeights>(context.dim, context.seed, "head.video_weight_fc."));
  }

  Needs needs() const override { return {.words = true, .patches = options_.visual == "patches"}; }
  std::vector<PartInfo> part_infos() const override {
    std::vector<PartInfo> infos{{"word-" + options_.visual, 1}};
    if (options_.sentence) infos.push_back({"sentence-video", 1});
    return infos;
  }

  Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& /*step*/) override {
    const auto words = word_tokens(text);
    const auto visual = visual_tokens(video);
    const auto cosines = token_cosines(words, visual);  // [T,V,L,S]
    torch::Tensor value;
    if (options_.directions != "visual") value = text_to_visual(cosines, words.weights);
    if (options_.directions != "text") {
      const auto back = visual_to_text(cosines, visual.weights);
      value = value.defined() ? 0.5 * (value + back) : back;
    }
    Parts parts{{"word-" + options_.visual, value, {}}};
    if (options_.sentence)
      parts.push_back({"sentence-video", torch::matmul(unit(text.pooled), unit(mean_frame(video, true)).t()), {}});
    return parts;
  }

  std::vector<TokenMatch> explain(const TextFeatures& text, const VideoFeatures& video) override {
    const auto words = word_tokens(text);
    const auto visual = visual_tokens(video);
    const auto [score, place] = token_cosines(words, visual)[0][0].max(1);  // [L]
    const int64_t patches = options_.visual == "patches" ? video.patches.size(2) : 1;
    std::vector<TokenMatch> matches;
    for (int64_t word = 0; word < words.values.size(1); ++word) {
      if (!words.mask[0][word].item<bool>()) continue;
      const int64_t token = place[word].item<int64_t>(), frame = token / patches;
      int64_t patch = options_.visual == "patches" ? token % patches : -1;
      if (patch >= 0 && video.patch_indices.defined()) patch = video.patch_indices[0][frame][patch].item<int64_t>();
      matches.push_back({word, words.weights[0][word].item<double>(), score[word].item<double>(), frame, patch});
    }
    std::stable_sort(matches.begin(), matches.end(),
                     [](const TokenMatch& a, const TokenMatch& b) { return a.weight * a.score > b.weight * b.score; });
    return matches;
  }

 private:
  WeightedTokens word_tokens(const TextFeatures& text) {
    return {text.tokens, text.mask, weights_of(text_weights_, text.tokens, text.mask)};
  }
  WeightedTokens visual_tokens(const VideoFeatures& video) {
    if (options_.visual == "frames")
      return {video.frames, video.mask, weights_of(visual_weights_, video.frames, video.mask)};
    const auto values = video.patches.flatten(1, 2);  // [V,F·P,D]
    const auto mask = video.mask.unsqueeze(-1).expand({-1, -1, video.patches.size(2)}).flatten(1, 2);
    return {values, mask, weights_of(visual_weights_, values, mask)};
  }
  static torch::Tensor weights_of(const std::shared_ptr<TokenWeights>& learned, const torch::Tensor& values,
                                  const torch::Tensor& mask) {
    return learned ? learned->forward(values, mask) : uniform_weights(mask, values.scalar_type());
  }

  TokenWiseOptions options_;
  std::shared_ptr<TokenWeights> text_weights_, visual_weights_;
};

}  // namespace
TVR_REGISTER_HEAD(token_wise, TokenWise, TokenWiseOptions)
}  // namespace tvr
