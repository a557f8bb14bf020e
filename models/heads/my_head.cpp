// Largest cosine of the sentence with any frame.
#include <torch/torch.h>

#include "tvr/model/interaction_head.h"
#include "tvr/model/pooling.h"

namespace tvr {
namespace {
struct BestFrameOptions {
  double sharpness = 10;
  template <class Visit>
  void fields(Visit&& f) {
    f("sharpness", sharpness, "Of the soft maximum over frames", at_least(0));
  }
};
class BestFrame final : public InteractionHead {
 public:
  BestFrame(const BestFrameOptions& options, const HeadContext&) : options_(options) {}
  Needs needs() const override { return {}; }  // pooled texts and frames only
  std::vector<PartInfo> part_infos() const override { return {{"sentence-frame", 1}}; }
  Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext&) override {
    const auto cosines = torch::matmul(unit(video.frames), unit(text.pooled).t()).permute({2, 0, 1});  // [T,V,F]
    const auto weights = torch::softmax((cosines * options_.sharpness).masked_fill(video.mask.logical_not(), -1e9), 2);
    return {{"sentence-frame", (cosines * weights).sum(2), {}}};
  }

 private:
  BestFrameOptions options_;
};
}  // namespace
TVR_REGISTER_HEAD(my_head, BestFrame, BestFrameOptions)
}  // namespace tvr
