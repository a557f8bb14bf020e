// CAMoE's dual softmax loss: InfoNCE of logits times a prior, the softmax over the queries of the same direction, so
// that a pair counts where each is the other's best. Gradients pass through the prior.
#include <torch/torch.h>

#include "contrastive.h"

namespace tvr {
namespace {

struct DualSoftmaxOptions {
  std::string apply_to = "sum", same_video = "ignore";
  double temperature = 1000;
  template <class Visit>
  void fields(Visit&& f) {
    f("apply_to", apply_to, "The summed score, or each part by itself", one_of({"sum", "parts"}));
    f("temperature", temperature, "The logits are divided by this in the prior; CAMoE's code has 1000",
      within(1e-3, 1e6));
    f("same_video", same_video,
      "Other captions of the same video in the batch: left out of both softmaxes, or negatives as in the literature "
      "(strict)",
      one_of({"ignore", "strict"}));
  }
};

class DualSoftmax final : public Loss {
 public:
  explicit DualSoftmax(const DualSoftmaxOptions& options) : options_(options) {}

  LossTerms terms(const LossInput& input) override {
    const auto& targets = input.targets;
    const auto others = other_captions(targets.same_video);
    return contrastive_terms("dual_softmax", options_.apply_to, input, [&](const torch::Tensor& logits) {
      return 0.5 * (one_direction(logits, targets.text_to_video, others) +
                    one_direction(logits.t(), targets.video_to_text, others));
    });
  }

 private:
  // Rows are queries.
  torch::Tensor one_direction(const torch::Tensor& logits, const torch::Tensor& target,
                              const torch::Tensor& others) const {
    const auto out = options_.same_video == "ignore" ? others : torch::zeros_like(others);
    const auto prior = torch::softmax((logits / options_.temperature).masked_fill(out, kLeftOut), 0);
    const auto revised = (logits * prior * logits.size(0)).masked_fill(out, kLeftOut);
    return -(without(target, others) * torch::log_softmax(revised, 1)).sum(1).mean();
  }

  DualSoftmaxOptions options_;
};

}  // namespace
TVR_REGISTER_LOSS(dual_softmax, DualSoftmax, DualSoftmaxOptions)
}  // namespace tvr
