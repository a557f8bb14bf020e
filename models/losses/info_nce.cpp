// Symmetric InfoNCE: mean of the cross-entropies over rows (text to video) and columns (video to text).
#include <torch/torch.h>

#include "tvr/loss/loss.h"

namespace tvr {
namespace {

struct InfoNceOptions {
  std::string apply_to = "sum", same_video = "ignore";
  template <class Visit>
  void fields(Visit&& f) {
    f("apply_to", apply_to, "The summed score, or each part by itself", one_of({"sum", "parts"}));
    f("same_video", same_video,
      "Other captions of the same video in the batch: left out of the denominator, or negatives as in the literature "
      "(strict)",
      one_of({"ignore", "strict"}));
  }
};

class InfoNce final : public Loss {
 public:
  explicit InfoNce(const InfoNceOptions& options) : options_(options) {}

  LossTerms terms(const LossInput& input) override {
    if (options_.apply_to == "sum") return {{"info_nce", symmetric(input.logits, input.targets)}};
    LossTerms terms;
    for (const auto& part : input.parts)
      terms.emplace_back("info_nce." + part.name, symmetric(part.value, input.targets));
    return terms;
  }

 private:
  torch::Tensor symmetric(const torch::Tensor& logits, const Targets& targets) const {
    return 0.5 * (cross_entropy(logits, targets.text_to_video, targets.same_video) +
                  cross_entropy(logits.t(), targets.video_to_text, targets.same_video.t()));
  }
  torch::Tensor cross_entropy(torch::Tensor logits, const torch::Tensor& target,
                              const torch::Tensor& same_video) const {
    if (options_.same_video == "ignore")  // finite, since 0 x -inf would be NaN
      logits = logits.masked_fill(same_video.logical_and(target.eq(0)), -1e9);
    return -(target * torch::log_softmax(logits, 1)).sum(1).mean();
  }

  InfoNceOptions options_;
};

}  // namespace
TVR_REGISTER_LOSS(info_nce, InfoNce, InfoNceOptions)
}  // namespace tvr
