// X-CLIP (baselines.md 3.3): sentence and words meet video and frames, four
// similarities of equal weight. Where one side has several tokens, they are
// summed with weights from a sharp softmax of the similarities themselves,
// mixed by learned matrices (AOSM). The video is the mean of frames that saw
// each other; the frames themselves are the encoder's. The original masks no
// padding; here it is left out unless aosm_mask is false.
#include <torch/torch.h>

#include <algorithm>

#include "tvr/model/pair_blocks.h"
#include "tvr/model/pooling.h"
#include "tvr/model/similarity_attention.h"
#include "tvr/model/temporal.h"

namespace tvr {
namespace {

struct XClipOptions : TemporalOptions {
  bool aosm_mask = true;
  double temperature = 0.01;
  int64_t words = 0, frames = 0;
  XClipOptions() { temporal = "transformer"; }
  template <class Visit>
  void fields(Visit&& f) {
    f("aosm_mask", aosm_mask,
      "Padding is left out of the attention; false: it takes part up to "
      "`words` and `frames` with similarities of 0, "
      "as nearly as X-CLIP's code can be had (there its similarities depend on "
      "what the towers make of padding)");
    f("temperature", temperature, "Of the attention over similarities", within(1e-4, 100));
    f("words", words,
      "Rows of the learned matrices over words (max_words of a checkpoint); 0: "
      "those of the encoder",
      within(0, 4096));
    f("frames", frames,
      "Rows of the learned matrices over frames (max_frames of a checkpoint); "
      "0: those of the encoder",
      within(0, 4096));
    TemporalOptions::fields(f);
  }
};

class XClip final : public InteractionHead {
 public:
  XClip(const XClipOptions& options, const HeadContext& context)
      : options_(options), block_bytes_(context.block_bytes), temporal_(*this, options, context) {
    if (options.words == 0) options_.words = context.max_words;
    if (options.frames == 0) options_.frames = context.max_frames;
    const auto identity = [&](const char* name, int64_t size) { return register_parameter(name, torch::eye(size)); };
    global_ = identity("global_mat_weight", context.dim);
    local_ = identity("local_mat_weight", context.dim);
    word_ = identity("word_logit_weight", options_.words);
    frame_ = identity("frame_logit_weight", options_.frames);
    matrices_.words_first = identity("word_mat_weight", options_.words);
    matrices_.words_second = identity("word_mat_weight2", options_.words);
    matrices_.visual_first = identity("frame_mat_weight", options_.frames);
    matrices_.visual_second = identity("frame_mat_weight2", options_.frames);
  }

  Needs needs() const override { return {.words = true}; }
  std::vector<PartInfo> part_infos() const override {
    return {{"sentence-video", 0.25}, {"word-video", 0.25}, {"sentence-frames", 0.25}, {"word-frames", 0.25}};
  }
  void start_from(const TextEncoder& text) override { temporal_.start_from(text); }

  VideoFeatures prepare(VideoFeatures video, const StepContext& /*step*/) override {
    auto moved = video;
    moved.frames = temporal_.forward(video.frames, video.mask);
    const auto whole = unit(mean_frame(moved, true)).unsqueeze(1);
    video.sets["video"] = {whole, torch::ones_like(whole.select(2, 0), torch::kBool), {}, {}};
    return video;
  }

  Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& /*step*/) override {
    const auto sentence = unit(text.pooled), whole = video.sets.at("video").values.squeeze(1);
    const auto words = tokens(text.tokens, text.mask, options_.words);
    const auto frames = tokens(video.frames, video.mask, options_.frames);
    const AttentionTokens local{torch::matmul(frames.values, local_.t()), frames.mask};
    return {{"sentence-video", torch::matmul(torch::matmul(sentence, global_), whole.t()), {}},
            {"word-video", of_words(words, whole), {}},
            {"sentence-frames", of_frames(sentence, frames), {}},
            {"word-frames", similarity_attention(words, local, matrices_, {options_.temperature, block_bytes_}), {}}};
  }

  std::vector<TokenMatch> explain(const TextFeatures& text, const VideoFeatures& video) override {
    const auto frames = torch::matmul(unit(video.frames[0]), local_.t());
    const auto padding = video.mask[0].logical_not();
    const auto [score, frame] = torch::matmul(unit(text.tokens[0]), frames.t()).masked_fill(padding, -2).max(1);  // [L]
    const auto sharp = (score / options_.temperature).masked_fill(text.mask[0].logical_not(), -1e9);
    const auto weight = torch::softmax(sharp, 0);
    std::vector<TokenMatch> matches;
    for (int64_t word = 0; word < text.mask.size(1); ++word)
      if (text.mask[0][word].item<bool>())
        matches.push_back(
            {word, weight[word].item<double>(), score[word].item<double>(), frame[word].item<int64_t>(), -1});
    std::stable_sort(matches.begin(), matches.end(),
                     [](const TokenMatch& a, const TokenMatch& b) { return a.weight > b.weight; });
    return matches;
  }

 private:
  // Normalised; where padding takes part, as zeros up to `length`.
  AttentionTokens tokens(const torch::Tensor& values, const torch::Tensor& mask, int64_t length) const {
    if (options_.aosm_mask) return {unit(values), mask};
    const int64_t there = values.size(1);
    if (there > length && mask.slice(1, length).any().item<bool>())
      throw ConfigError("model.head: a text or video has more than the " + std::to_string(length) +
                        " words or frames that the matrices are made for; "
                        "raise words or frames, or set aosm_mask.");
    const auto cut = (unit(values) * mask.unsqueeze(2)).slice(1, 0, length);
    const auto filled = torch::constant_pad_nd(cut, {0, 0, 0, std::max<int64_t>(0, length - there)});
    return {filled, torch::ones_like(filled.select(2, 0), torch::kBool)};
  }

  torch::Tensor of_words(const AttentionTokens& words, const torch::Tensor& videos) const {
    const PairFunction score = [temperature = options_.temperature](const PairTensors& pairs) {
      const auto cosines = torch::einsum("tld,vd->tvl", {pairs.text[0], pairs.video[0]});
      return attended(cosines, pairs.text[1].unsqueeze(1), pairs.shared[0], temperature);
    };
    return pair_blocks(score, {{words.values, words.mask}, {videos}, {fitted(word_, words.mask.size(1))}}, bytes(words),
                       block_bytes_);
  }
  torch::Tensor of_frames(const torch::Tensor& sentences, const AttentionTokens& frames) const {
    const PairFunction score = [temperature = options_.temperature](const PairTensors& pairs) {
      const auto cosines = torch::einsum("td,vfd->tvf", {pairs.text[0], pairs.video[0]});
      return attended(cosines, pairs.video[1].unsqueeze(0), pairs.shared[0], temperature);
    };
    return pair_blocks(score, {{sentences}, {frames.values, frames.mask}, {fitted(frame_, frames.mask.size(1))}},
                       bytes(frames), block_bytes_);
  }
  static int64_t bytes(const AttentionTokens& tokens) {
    return tokens.values.size(1) * static_cast<int64_t>(tokens.values.element_size());
  }

  XClipOptions options_;
  int64_t block_bytes_;
  Temporal temporal_;
  torch::Tensor global_, local_, word_, frame_;
  AttentionMatrices matrices_;
};

}  // namespace
TVR_REGISTER_HEAD(xclip, XClip, XClipOptions)
}  // namespace tvr
