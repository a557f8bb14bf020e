// HCMI, the head of HunYuan_tvr (reconstruction: the paper's text gives no more than its outline; hcmi.md): frames make
// clips and clips a video, words make phrases and phrases a sentence; each level meets its own. Two views of a video
// tell which other videos of a batch are as near to it as it is to itself: their captions are no negatives.
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>

#include "tvr/model/aggregation.h"
#include "tvr/model/initialize.h"
#include "tvr/model/interaction_head.h"
#include "tvr/model/pooling.h"
#include "tvr/model/temporal.h"
#include "tvr/model/token_interaction.h"
#include "tvr/model/token_weights.h"

namespace tvr {
namespace {

struct HcmiOptions : TemporalOptions {
  std::string agg_type = "query_attn", text_global_base = "eot", weights = "learned", views = "both";
  int64_t clips = 0, phrases = 0;
  bool agg_residual_meanpool = true, mask_zero = false, denoise = true;
  double denoise_start = 0;
  template <class Visit>
  void fields(Visit&& f) {
    f("agg_type", agg_type,
      "How few tokens are made of many (reconstruction): learned queries attend to the tokens, tokens are shared out "
      "among the queries, or HBI's merging around density peaks",
      one_of({"query_attn", "assign_softmax_clusters", "dpc_knn"}));
    f("clips", clips, "Clips made of the frames; 0: a quarter of model.video.frames, at least 2", within(0, 4096));
    f("phrases", phrases, "Phrases made of the words; 0: a quarter of model.text.context_length, at least 2",
      within(0, 4096));
    f("agg_residual_meanpool", agg_residual_meanpool,
      "Clusters are added to the means of equal segments, so that an untrained head is mean pooling; not with dpc_knn");
    f("text_global_base", text_global_base,
      "What a sentence is added to then: the text tower's own vector (CLIP: of the end token), or the mean of phrases",
      one_of({"eot", "mean"}));
    f("weights", weights,
      "How much a word, frame, phrase or clip counts: all alike, or softmax of a small network on it",
      one_of({"uniform", "learned"}));
    f("mask_zero", mask_zero, "Padding offers a similarity of 0 to every maximum, as in DRL's code, instead of none");
    f("denoise", denoise,
      "Adaptive label denoising: a second view of each video; the batch's videos that are as near to a video as its "
      "own "
      "two views to each other share its target. A loss with targets does the rest: info_nce, or multi_positive with "
      "its forms soft, mask and logsum");
    f("denoise_start", denoise_start, "Share of the run after which the denoised targets are used", within(0, 1));
    f("views", views, "With denoise: the views that are trained, at the mean of their losses, or the first alone",
      one_of({"both", "first"}));
    TemporalOptions::fields(f);
  }
};

// A quarter, but not one alone of several tokens: that would be the next level already.
int64_t quarter(int64_t chosen, int64_t tokens) {
  return chosen > 0 ? chosen : std::min(tokens, std::max<int64_t>(2, (tokens + 3) / 4));
}

class Hcmi final : public InteractionHead {
 public:
  Hcmi(const HcmiOptions& options, const HeadContext& context)
      : options_(options),
        block_bytes_(context.block_bytes),
        temporal_(*this, options, context),
        to_clips_(aggregation("to_clips", quarter(options.clips, context.max_frames), context)),
        to_video_(aggregation("to_video", 1, context)),
        to_phrases_(aggregation("to_phrases", quarter(options.phrases, context.max_words), context)),
        to_sentence_(aggregation("to_sentence", 1, context)),
        word_weights_(token_weights("word_weight_fc", context.max_words, context)),
        frame_weights_(token_weights("frame_weight_fc", context.max_frames, context)),
        phrase_weights_(token_weights("phrase_weight_fc", quarter(options.phrases, context.max_words), context)),
        clip_weights_(token_weights("clip_weight_fc", quarter(options.clips, context.max_frames), context)) {
    if (options.temporal != "none" || options.agg_type == "dpc_knn") return;  // nothing here would read positions
    if (context.max_frames > options.positions)
      throw ConfigError("model.head.positions is " + std::to_string(options.positions) + ", but a video has " +
                        std::to_string(context.max_frames) + " frames; raise it, or lower model.video.frames.");
    positions_ = register_module("frame_position_embeddings", torch::nn::Embedding(options.positions, context.dim));
    initialize(*positions_, context.seed, "head.frame_position_embeddings.", {{"*", 0.02}});
  }

  Needs needs() const override {
    const bool both = options_.denoise && options_.views == "both";
    return {.words = true, .views = options_.denoise ? 2 : 1, .trained_views = both ? 2 : 1};
  }
  std::vector<PartInfo> part_infos() const override {
    return {{"frame-word", 1.0 / 3}, {"clip-phrase", 1.0 / 3}, {"video-sentence", 1.0 / 3}};
  }

  void start_from(const TextEncoder& text) override {
    temporal_.start_from(text);
    for (const auto& [level, block] : {std::pair(to_clips_, 0), {to_phrases_, 0}, {to_video_, 1}, {to_sentence_, 1}})
      level->start_from(text, block);
    const auto theirs = text.named_parameters();
    const auto* found = theirs.find("positional_embedding");
    if (!positions_ || found == nullptr || found->size(-1) != positions_->weight.size(1)) return;
    const torch::NoGradGuard no_grad;
    const int64_t rows = std::min(found->size(0), positions_->weight.size(0));
    positions_->weight.slice(0, 0, rows).copy_(found->slice(0, 0, rows));
  }

  TextFeatures prepare(TextFeatures text, const StepContext& /*step*/) override {
    text.weights = weights_of(word_weights_, text.tokens, text.mask);
    const auto phrases = to_phrases_->forward({text.tokens, text.mask});
    text.sets["phrases"] = token_set(phrases, phrase_weights_);
    const auto base = options_.text_global_base == "eot" ? text.pooled : torch::Tensor();
    text.pooled = to_sentence_->forward({phrases.tokens, phrases.mask, {}, base}).tokens.squeeze(1);
    return text;
  }

  VideoFeatures prepare(VideoFeatures video, const StepContext& /*step*/) override {
    video.frames = temporal_.forward(video.frames, video.mask);
    video.weights = weights_of(frame_weights_, video.frames, video.mask);
    const auto positions = positions_ ? positions_->weight.slice(0, 0, video.frames.size(1)) : torch::Tensor();
    const auto clips = to_clips_->forward({video.frames, video.mask, positions});
    video.sets["clips"] = token_set(clips, clip_weights_);
    const auto whole = to_video_->forward({clips.tokens, clips.mask});
    video.sets["video"] = {whole.tokens * whole.mask.unsqueeze(-1), whole.mask, {}, {}};
    return video;
  }

  Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& /*step*/) override {
    TokenSimilarity settings;
    if (options_.mask_zero) settings.padded = 0;
    settings.block_bytes = block_bytes_;
    const auto &phrases = text.sets.at("phrases"), &clips = video.sets.at("clips");
    return {{"frame-word", token_similarity(words_of(text), frames_of(video), settings), {}},
            {"clip-phrase",
             token_similarity({phrases.values, phrases.mask, phrases.weights},
                              {clips.values, clips.mask, clips.weights}, settings),
             {}},
            {"video-sentence", torch::matmul(unit(text.pooled), whole_video(video).t()), {}}};
  }

  // Video j is a potential positive of video i if the mean cosine of their views is at least that of i's own two views.
  Targets refine(const Targets& targets, const VideoFeatures& first, const VideoFeatures& second,
                 const StepContext& step) override {
    if (step.done() < options_.denoise_start) return targets;
    const auto a = whole_video(first).to(torch::kFloat), b = whole_video(second).to(torch::kFloat);
    warn_of_equal_views(a, b);
    const auto both = a + b;
    const auto mean = torch::matmul(both, both.t()) / 4, agreement = (a * b).sum(1, true);
    const auto seen = first.sets.at("video").mask.logical_and(second.sets.at("video").mask);  // [B,1] has frames
    const auto positive = mean.ge(agreement).logical_and(seen).logical_and(seen.t()).logical_or(targets.same_video);
    const auto shared = positive / positive.sum(1, true).to(targets.text_to_video.scalar_type());
    return {shared, shared, targets.same_video};
  }

  std::vector<TokenMatch> explain(const TextFeatures& text, const VideoFeatures& video) override {
    const auto [score, frame] = token_cosines(words_of(text), frames_of(video))[0][0].max(1);  // [L]
    std::vector<TokenMatch> matches;
    for (int64_t word = 0; word < text.mask.size(1); ++word)
      if (text.mask[0][word].item<bool>())
        matches.push_back(
            {word, text.weights[0][word].item<double>(), score[word].item<double>(), frame[word].item<int64_t>(), -1});
    std::stable_sort(matches.begin(), matches.end(),
                     [](const TokenMatch& a, const TokenMatch& b) { return a.weight * a.score > b.weight * b.score; });
    return matches;
  }

 private:
  std::shared_ptr<Aggregation> aggregation(const std::string& name, int64_t outputs, const HeadContext& context) {
    const int64_t heads = context.dim % 64 == 0 ? context.dim / 64 : 1;  // of 64 channels, as CLIP's
    const AggregationConfig config{options_.agg_type, context.dim, heads, outputs, options_.agg_residual_meanpool};
    return register_module(name, make_aggregation(config, context.seed, "head." + name + "."));
  }
  // None for a single token, which counts fully.
  std::shared_ptr<TokenWeights> token_weights(const std::string& name, int64_t tokens, const HeadContext& context) {
    if (options_.weights == "uniform" || tokens == 1) return {};
    return register_module(name, std::make_shared<TokenWeights>(context.dim, 2, context.seed, "head." + name + "."));
  }
  static torch::Tensor weights_of(const std::shared_ptr<TokenWeights>& learned, const torch::Tensor& values,
                                  const torch::Tensor& mask) {
    return learned ? learned->forward(values, mask) : uniform_weights(mask, values.scalar_type());
  }
  static TokenSet token_set(const Aggregated& made, const std::shared_ptr<TokenWeights>& weights) {
    return {made.tokens, made.mask, {}, weights_of(weights, made.tokens, made.mask)};
  }
  static WeightedTokens words_of(const TextFeatures& text) { return {text.tokens, text.mask, text.weights}; }
  static WeightedTokens frames_of(const VideoFeatures& video) { return {video.frames, video.mask, video.weights}; }
  static torch::Tensor whole_video(const VideoFeatures& video) {  // [V,D], zero without frames
    return unit(video.sets.at("video").values.squeeze(1));
  }

  void warn_of_equal_views(const torch::Tensor& a, const torch::Tensor& b) {
    if (warned_ || !a.equal(b)) return;
    warned_ = true;
    spdlog::warn(
        "model.head.denoise: both views of every video are the same, so that only equal videos share targets; draw "
        "frames by loader.train_sampling=random, or with cached features by model.video.training_frames, or set "
        "model.head.denoise=false");
  }

  HcmiOptions options_;
  int64_t block_bytes_;
  bool warned_ = false;
  Temporal temporal_;
  std::shared_ptr<Aggregation> to_clips_, to_video_, to_phrases_, to_sentence_;
  std::shared_ptr<TokenWeights> word_weights_, frame_weights_, phrase_weights_, clip_weights_;
  torch::nn::Embedding positions_ = nullptr;
};

}  // namespace
TVR_REGISTER_HEAD(hcmi, Hcmi, HcmiOptions)
}  // namespace tvr
