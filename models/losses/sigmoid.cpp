// SigLIP's loss: every pair of the batch is a yes or no of its own (encoders.md 1.5). Set model.score.logit_scale
// to 10.
#include <torch/torch.h>

#include "contrastive.h"

namespace tvr {
namespace {

struct SigmoidOptions {
  std::string apply_to = "sum", same_video = "positive";
  double logit_bias = -10;
  template <class Visit>
  void fields(Visit&& f) {
    f("apply_to", apply_to, "The summed score, or each part by itself", one_of({"sum", "parts"}));
    f("logit_bias", logit_bias, "Initial value of the learned number added to all logits", within(-1e4, 1e4));
    f("same_video", same_video,
      "Other captions of the same video in the batch: positives, left out, or negatives as in the literature (strict). "
      "What the targets name in either direction is positive",
      one_of({"positive", "ignore", "strict"}));
  }
};

class Sigmoid final : public Loss {
 public:
  explicit Sigmoid(const SigmoidOptions& options)
      : options_(options), bias_(register_parameter("logit_bias", torch::full({}, options.logit_bias))) {}

  LossTerms terms(const LossInput& input) override {
    const auto others = other_captions(input.targets.same_video);
    auto positive = input.targets.text_to_video.gt(0).logical_or(input.targets.video_to_text.t().gt(0));
    positive =
        options_.same_video == "positive" ? positive.logical_or(others) : positive.logical_and(others.logical_not());
    return contrastive_terms("sigmoid", options_.apply_to, input, [&](const torch::Tensor& logits) {
      const auto biased = logits + bias_;
      auto wrong = -torch::log_sigmoid(torch::where(positive, biased, -biased));
      if (options_.same_video == "ignore") wrong = wrong.masked_fill(others, 0);
      return wrong.sum(1).mean();
    });
  }

 private:
  SigmoidOptions options_;
  torch::Tensor bias_;
};

}  // namespace
TVR_REGISTER_LOSS(sigmoid, Sigmoid, SigmoidOptions)
}  // namespace tvr
