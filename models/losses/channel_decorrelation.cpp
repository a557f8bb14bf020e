// DRL's channel decorrelation (CDCR; baselines.md 3.2): each channel of a text should vary with the same channel of its
// video, and with no other. Matched pairs only, so that nothing is pushed apart. DRL weights it with 0.001.
#include <torch/torch.h>

#include <algorithm>

#include "tvr/base/error.h"
#include "tvr/loss/loss.h"
#include "tvr/model/pooling.h"
#include "tvr/model/token_interaction.h"

namespace tvr {
namespace {

struct ChannelDecorrelationOptions {
  std::string tokens = "weighted";
  double alpha1 = 0.11, alpha2 = 0;
  template <class Visit>
  void fields(Visit&& f) {
    f("tokens", tokens,
      "What is compared: every word with its best frame and every frame with its best word, each counting as the head "
      "weights it (DRL's cdcr 3) or all alike (mean, cdcr 2); a word and a frame of each pair drawn at random (one, "
      "cdcr 1); sentence and mean frame (pooled). There are no negatives: captions of one video cannot push each other "
      "apart",
      one_of({"weighted", "mean", "one", "pooled"}));
    f("alpha1", alpha1, "Weight of what matched channels lack of correlation 1", at_least(0));
    f("alpha2", alpha2, "Weight of the correlations of different channels", at_least(0));
  }
};

// Rows that belong together.
struct Matched {
  torch::Tensor mine, other;  ///< [K,D]
  torch::Tensor weights;      ///< [K]
};

// Less spread than rounding makes of a constant channel counts as none.
constexpr double kSmallestSpread = 1e-6;

// [K,D] -> mean 0 and deviation 1 in every channel.
torch::Tensor standardised(const torch::Tensor& rows) {
  const auto centred = rows - rows.mean(0, true);
  const auto variance = centred.square().sum(0, true) / std::max<int64_t>(1, rows.size(0) - 1);
  return centred / variance.clamp_min(kSmallestSpread * kSmallestSpread).sqrt();
}

torch::Tensor correlation(const Matched& matched) {  // [D,D]
  const auto weighted = standardised(matched.mine) * matched.weights.unsqueeze(1);
  return torch::matmul(weighted.t(), standardised(matched.other));
}

// One side's real tokens, each with the best token of the other side of its pair.
Matched best_of(const WeightedTokens& mine, const WeightedTokens& other) {
  const auto cosines = torch::matmul(mine.values.detach(), other.values.detach().transpose(1, 2));  // [B,S,R]
  const auto best = cosines.masked_fill(other.mask.logical_not().unsqueeze(1), kPadded).argmax(2, true);
  const auto partners = other.values.gather(1, best.expand({-1, -1, other.values.size(2)}));
  const auto real = mine.mask.logical_and(other.mask.any(1, true));
  return {mine.values.index({real}), partners.index({real}), mine.weights.index({real})};
}

// A mask with one of the real tokens of each row.
torch::Tensor drawn(const torch::Tensor& mask, Random random) {
  auto draws = torch::empty(mask.sizes(), torch::kDouble);
  for (int64_t i = 0; i < draws.numel(); ++i) draws.data_ptr<double>()[i] = random.uniform();
  const auto best = draws.to(mask.device()).masked_fill(mask.logical_not(), -1).argmax(1, true);
  return torch::zeros_like(mask).scatter(1, best, true).logical_and(mask);
}

class ChannelDecorrelation final : public Loss {
 public:
  explicit ChannelDecorrelation(const ChannelDecorrelationOptions& options) : options_(options) {}

  LossTerms terms(const LossInput& input) override {
    const auto matrix = correlations(input);
    const auto diagonal = matrix.diagonal();
    const auto others = matrix.square().sum() - diagonal.square().sum();
    return {{"channel_decorrelation", options_.alpha1 * (diagonal - 1).square().sum() + options_.alpha2 * others}};
  }

 private:
  torch::Tensor correlations(const LossInput& input) const {
    TORCH_CHECK(input.text != nullptr && input.video != nullptr, "channel_decorrelation needs the batch's features");
    if (options_.tokens == "pooled") {
      const auto text = unit(input.text->pooled);
      return correlation({text, unit(mean_frame(*input.video, true)), even(text)});
    }
    const auto words = words_of(*input.text);
    const auto frames = tokens_of(input.video->frames, input.video->mask, input.video->weights);
    if (options_.tokens == "one") return correlation(random_pairs(words, frames, input.step));
    auto of_words = best_of(words, frames), of_frames = best_of(frames, words);
    for (auto* matched : {&of_words, &of_frames})
      matched->weights = options_.tokens == "mean" ? even(matched->mine) : matched->weights / input.text->mask.size(0);
    return 0.5 * (correlation(of_words) + correlation(of_frames));
  }

  static Matched random_pairs(const WeightedTokens& words, const WeightedTokens& frames, const StepContext& step) {
    const auto seen = frames.mask.any(1, true);
    const auto word = drawn(words.mask.logical_and(seen), step.random("decorrelated tokens", 0));
    const auto frame = drawn(frames.mask.logical_and(words.mask.any(1, true)), step.random("decorrelated tokens", 1));
    const auto chosen = words.values.index({word});
    return {chosen, frames.values.index({frame}), even(chosen)};
  }

  static torch::Tensor even(const torch::Tensor& rows) {
    return torch::full({rows.size(0)}, 1.0 / static_cast<double>(std::max<int64_t>(1, rows.size(0))), rows.options());
  }

  static WeightedTokens words_of(const TextFeatures& text) {
    if (!text.tokens.defined())
      throw ConfigError(
          "loss {type: channel_decorrelation}: the head of this model reads no words; set tokens: pooled, or take a "
          "head that does, such as token_wise.");
    return tokens_of(text.tokens, text.mask, text.weights);
  }
  static WeightedTokens tokens_of(const torch::Tensor& values, const torch::Tensor& mask,
                                  const torch::Tensor& weights) {
    return {unit(values), mask, weights.defined() ? weights : uniform_weights(mask, values.scalar_type())};
  }

  ChannelDecorrelationOptions options_;
};

}  // namespace
TVR_REGISTER_LOSS(channel_decorrelation, ChannelDecorrelation, ChannelDecorrelationOptions)
}  // namespace tvr
