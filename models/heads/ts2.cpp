// TS2-Net (baselines.md 3.5): each frame keeps its class token and the patches
// that a small network finds telling, all of them see each other in order
// (CLIP4Clip's seqTransf), and the class tokens that come out are averaged with
// weights from their own similarity to the sentence. The token shift is an
// option of the encoder (model.video.token_shift). Different from the original
// on purpose: padding frames are left out of attention and score (its masks are
// laid out otherwise than its tokens), and nothing is random outside training.
#include <torch/torch.h>

#include <algorithm>

#include "tvr/model/pair_blocks.h"
#include "tvr/model/pooling.h"
#include "tvr/model/temporal.h"
#include "tvr/model/token_selector.h"

namespace tvr {
namespace {

struct Ts2Options {
  int64_t patches = 3, samples = 500, layers = 4, positions = 77;
  double sigma = 0.05, sharpness = 4;
  template <class Visit>
  void fields(Visit&& f) {
    f("patches", patches, "Patches that each frame keeps beside its class token", within(1, 4096));
    f("samples", samples, "Draws of noise that the choice is averaged over in training", within(1, 100'000));
    f("sigma", sigma, "Deviation of that noise; the scores of patches lie within -1 and 1", within(1e-6, 10));
    f("layers", layers, "Blocks over the kept tokens of all frames", within(1, 64));
    f("positions", positions, "Rows of the table of positions: frames x (1 + patches) of them are used",
      within(1, 65536));
    f("sharpness", sharpness, "Frames weigh by the softmax of this times their normalised similarity", within(0, 1000));
  }
};

class Ts2 final : public InteractionHead {
 public:
  Ts2(const Ts2Options& options, const HeadContext& context)
      : options_(options),
        block_bytes_(context.block_bytes),
        selector_(register_module(
            "visual_token_selector",
            std::make_shared<TokenSelector>(context.dim,
                                            TokenSelector::Settings{options.patches, options.samples, options.sigma},
                                            context.seed, "head.visual_token_selector."))),
        temporal_(*this, temporal(options), tokens_of(options, context)) {}

  Needs needs() const override { return {.patches = true}; }
  std::vector<PartInfo> part_infos() const override { return {{"sentence-frames", 1}}; }
  void start_from(const TextEncoder& text) override { temporal_.start_from(text); }

  // What remains of a video is its frames: patches are part of them then.
  VideoFeatures prepare(VideoFeatures video, const StepContext& step) override {
    const auto chosen = selector_->forward(video.frames, video.patches, step).values;
    const auto tokens = torch::cat({video.frames.unsqueeze(2), chosen}, 2);  // [V,F,1+K,D]
    const int64_t count = tokens.size(2);
    const auto moved = temporal_.forward(tokens.flatten(1, 2), video.mask.repeat_interleave(count, 1));
    video.frames = moved.unflatten(1, {-1, count}).select(2, 0);
    video.patches = video.patch_indices = torch::Tensor();
    return video;
  }

  Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& /*step*/) override {
    const PairFunction score = [sharpness = options_.sharpness](const PairTensors& pairs) {
      const auto cosines = frame_cosines(pairs.text[0], pairs.video[0], pairs.video[1]);
      return (weights_of(cosines, pairs.video[1], sharpness) * cosines).sum(2);
    };
    const int64_t bytes = 4 * video.frames.size(1) * static_cast<int64_t>(video.frames.element_size());
    return {{"sentence-frames",
             pair_blocks(score, {{unit(text.pooled)}, {unit(video.frames), video.mask}, {}}, bytes, block_bytes_),
             {}}};
  }

  std::vector<TokenMatch> explain(const TextFeatures& text, const VideoFeatures& video) override {
    const auto cosines = frame_cosines(unit(text.pooled), unit(video.frames), video.mask);
    const auto weights = weights_of(cosines, video.mask, options_.sharpness);
    std::vector<TokenMatch> matches;
    for (int64_t frame = 0; frame < cosines.size(2); ++frame)
      if (video.mask[0][frame].item<bool>())
        matches.push_back({-1, weights[0][0][frame].item<double>(), cosines[0][0][frame].item<double>(), frame, -1});
    std::stable_sort(matches.begin(), matches.end(),
                     [](const TokenMatch& a, const TokenMatch& b) { return a.weight > b.weight; });
    return matches;
  }

 private:
  static TemporalOptions temporal(const Ts2Options& options) {
    TemporalOptions temporal;
    temporal.temporal = "transformer";
    temporal.temporal_layers = options.layers;
    temporal.positions = options.positions;
    return temporal;
  }
  static HeadContext tokens_of(const Ts2Options& options, HeadContext context) {
    const int64_t frames = context.max_frames;
    context.max_frames *= 1 + options.patches;
    if (frames > 1 && context.max_frames > options.positions)  // 1 frame: only asked what it needs
      throw ConfigError("model.head.positions is " + std::to_string(options.positions) + ", but " +
                        std::to_string(frames) + " frames of " + std::to_string(1 + options.patches) + " tokens need " +
                        std::to_string(context.max_frames) +
                        "; raise it, or lower model.video.frames or model.head.patches.");
    return context;
  }
  // [T,V,F], 0 at padding
  static torch::Tensor frame_cosines(const torch::Tensor& sentences, const torch::Tensor& frames,
                                     const torch::Tensor& mask) {
    return torch::einsum("td,vfd->tvf", {sentences, frames}) * mask;
  }
  static torch::Tensor weights_of(const torch::Tensor& cosines, const torch::Tensor& mask, double sharpness) {
    const auto lowest = std::numeric_limits<float>::lowest();  // finite: an empty video must not
                                                               // become NaN
    return torch::softmax((sharpness * unit(cosines)).masked_fill(mask.logical_not(), lowest), 2);
  }

  Ts2Options options_;
  int64_t block_bytes_;
  std::shared_ptr<TokenSelector> selector_;
  Temporal temporal_;
};

}  // namespace
TVR_REGISTER_HEAD(ts2, Ts2, Ts2Options)
}  // namespace tvr
