// Symmetric InfoNCE: mean of the cross-entropies over rows (text to video) and columns (video to text).
#include <torch/torch.h>

#include "contrastive.h"

namespace tvr {
namespace {

struct InfoNceOptions {
  std::string apply_to = "sum", same_video = "ignore";
  template <class Visit>
  void fields(Visit&& f) {
    f("apply_to", apply_to, "The summed score, or each part by itself", one_of({"sum", "parts"}));
    f("same_video", same_video,
      "Other captions of the same video in the batch: left out, whatever the targets say, or negatives as in the "
      "literature (strict)",
      one_of({"ignore", "strict"}));
  }
};

class InfoNce final : public Loss {
 public:
  explicit InfoNce(const InfoNceOptions& options) : options_(options) {}

  LossTerms terms(const LossInput& input) override {
    const auto& targets = input.targets;
    const auto others = other_captions(targets.same_video);
    return contrastive_terms("info_nce", options_.apply_to, input, [&](const torch::Tensor& logits) {
      return 0.5 * (cross_entropy(logits, targets.text_to_video, others) +
                    cross_entropy(logits.t(), targets.video_to_text, others));
    });
  }

 private:
  torch::Tensor cross_entropy(torch::Tensor logits, const torch::Tensor& target, const torch::Tensor& others) const {
    if (options_.same_video == "ignore") logits = logits.masked_fill(others, kLeftOut);
    return -(without(target, others) * torch::log_softmax(logits, 1)).sum(1).mean();
  }

  InfoNceOptions options_;
};

}  // namespace
TVR_REGISTER_LOSS(info_nce, InfoNce, InfoNceOptions)
}  // namespace tvr
