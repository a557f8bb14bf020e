// Contrastive loss with several positives a row: what a head's targets name beside the pair itself (hcmi.md b.2).
#include <torch/torch.h>

#include "contrastive.h"

namespace tvr {
namespace {

struct MultiPositiveOptions {
  std::string apply_to = "sum", form = "soft", same_video = "ignore";
  template <class Visit>
  void fields(Visit&& f) {
    f("apply_to", apply_to, "The summed score, or each part by itself", one_of({"sum", "parts"}));
    f("form", form,
      "soft: cross-entropy with the targets; mask: the pair itself is the only positive, the others leave the "
      "denominator; logsum: logarithm of the positives' summed probability (MIL-NCE)",
      one_of({"soft", "mask", "logsum"}));
    f("same_video", same_video,
      "Other captions of the same video in the batch: left out, positives of the same target (by form soft the more "
      "probable of several positives are pushed down to their share), or negatives as in the literature (strict)",
      one_of({"ignore", "positive", "strict"}));
  }
};

class MultiPositive final : public Loss {
 public:
  explicit MultiPositive(const MultiPositiveOptions& options) : options_(options) {}

  LossTerms terms(const LossInput& input) override {
    const auto& targets = input.targets;
    const auto others = other_captions(targets.same_video);
    return contrastive_terms("multi_positive", options_.apply_to, input, [&](const torch::Tensor& logits) {
      return 0.5 * (one_direction(logits, targets.text_to_video, others) +
                    one_direction(logits.t(), targets.video_to_text, others));
    });
  }

 private:
  torch::Tensor one_direction(torch::Tensor logits, torch::Tensor target, const torch::Tensor& others) const {
    if (options_.same_video == "ignore") logits = logits.masked_fill(others, kLeftOut);
    target = chosen(target, others);
    const auto positive = target.gt(0);
    if (options_.form == "soft") return -(target * torch::log_softmax(logits, 1)).sum(1).mean();
    if (options_.form == "mask") {
      logits = logits.masked_fill(other_captions(positive), kLeftOut);
      return -torch::log_softmax(logits, 1).diagonal().mean();
    }
    const auto of_positives = logits.masked_fill(positive.logical_not(), kLeftOut);
    return (torch::logsumexp(logits, 1) - torch::logsumexp(of_positives, 1)).mean();
  }

  // The targets after same_video: other captions get what the pair itself has, or nothing; rows sum to 1.
  torch::Tensor chosen(const torch::Tensor& target, const torch::Tensor& others) const {
    if (options_.same_video != "positive") return without(target, others);
    const auto own = target.diagonal().unsqueeze(1);
    const auto added = torch::where(others.logical_and(target.eq(0)), own, target);
    return added / added.sum(1, true);
  }

  MultiPositiveOptions options_;
};

}  // namespace
TVR_REGISTER_LOSS(multi_positive, MultiPositive, MultiPositiveOptions)
}  // namespace tvr
