// Mean pooling (CLIP4Clip's meanP): cosine of the sentence and the mean of the video's normalised frames.
#include "mean_pool.h"

#include <torch/torch.h>

#include "tvr/model/pooling.h"

namespace tvr {

MeanPooled::MeanPooled(bool normalize_frames, const TemporalOptions& temporal, const HeadContext& context)
    : normalize_frames_(normalize_frames), temporal_(*this, temporal, context) {}

VideoFeatures MeanPooled::prepare(VideoFeatures video, const StepContext& /*step*/) {
  video.frames = temporal_.forward(video.frames, video.mask);  // explain() asks for them
  const auto whole = unit(mean_frame(video, normalize_frames_)).unsqueeze(1);
  video.sets["video"] = {whole, torch::ones_like(whole.select(2, 0), torch::kBool), {}, {}};
  return video;
}

Parts MeanPooled::parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& /*step*/) {
  const auto whole = video.sets.at("video").values.squeeze(1);
  return {{"sentence-video", torch::matmul(unit(text.pooled), whole.t()), {}}};
}

std::vector<TokenMatch> MeanPooled::explain(const TextFeatures& text, const VideoFeatures& video) {
  const auto cosines =
      torch::matmul(unit(video.frames[0]), unit(text.pooled[0])).masked_fill(video.mask[0].logical_not(), -2);
  const auto [score, frame] = cosines.max(0);
  return {{-1, 1.0, score.item<double>(), frame.item<int64_t>(), -1}};
}

namespace {

struct MeanPoolOptions {
  bool normalize_frames = true;
  template <class Visit>
  void fields(Visit&& f) {
    f("normalize_frames", normalize_frames, "Normalise each frame before averaging");
  }
};

class MeanPool final : public MeanPooled {
 public:
  MeanPool(const MeanPoolOptions& options, const HeadContext& context)
      : MeanPooled(options.normalize_frames, {}, context) {}
};

}  // namespace
TVR_REGISTER_HEAD(mean_pool, MeanPool, MeanPoolOptions)
}  // namespace tvr
