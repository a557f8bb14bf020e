// Mean pooling (CLIP4Clip's meanP): cosine of the sentence and the mean of the video's normalised frames.
#include <torch/torch.h>

#include "tvr/model/interaction_head.h"
#include "tvr/model/pooling.h"

namespace tvr {
namespace {

struct MeanPoolOptions {
  bool normalize_frames = true;
  template <class Visit>
  void fields(Visit&& f) {
    f("normalize_frames", normalize_frames, "Normalise each frame before averaging");
  }
};

class MeanPool final : public InteractionHead {
 public:
  MeanPool(const MeanPoolOptions& options, const HeadContext& /*context*/) : options_(options) {}

  Needs needs() const override { return {}; }
  std::vector<PartInfo> part_infos() const override { return {{"sentence-video", 1}}; }

  Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& /*step*/) override {
    return {{"sentence-video",
             torch::matmul(unit(text.pooled), unit(mean_frame(video, options_.normalize_frames)).t()),
             {}}};
  }

  std::vector<TokenMatch> explain(const TextFeatures& text, const VideoFeatures& video) override {
    const auto cosines =
        torch::matmul(unit(video.frames[0]), unit(text.pooled[0])).masked_fill(video.mask[0].logical_not(), -2);
    const auto [score, frame] = cosines.max(0);
    return {{-1, 1.0, score.item<double>(), frame.item<int64_t>(), -1}};
  }

 private:
  MeanPoolOptions options_;
};

}  // namespace
TVR_REGISTER_HEAD(mean_pool, MeanPool, MeanPoolOptions)
}  // namespace tvr
