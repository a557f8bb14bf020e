// Features of a frozen video encoder, made once and read back: any head becomes an experiment of seconds on a CPU.
#include <torch/torch.h>

#include "tvr/model/encoder.h"

namespace tvr {
namespace {

struct CachedOptions {
  std::string source;
  int64_t frames = 12, dim = 512, grid = 7, keep_patches = 0, training_frames = 0;
  template <class Visit>
  void fields(Visit&& f) {
    f("source", source, "Run directory whose video encoder makes the features, once, into its folder features/",
      existing());
    f("frames", frames, "Frames taken of each video; loader.sampling says which", within(1, 4096));
    f("dim", dim, "Channels of the features (D)", within(1, 65536));
    f("grid", grid, "Rows and columns of the source's patch grid", within(1, 1024));
    f("keep_patches", keep_patches, "Most salient patches kept of each frame; 0 keeps all", within(0, 1'000'000));
    f("training_frames", training_frames,
      "Frames used in a training step, one drawn from each of as many equal runs; 0 all", within(0, 4096));
  }
  std::string validate() const {
    if (source.empty()) return "source is missing; name the run directory whose video encoder makes the features";
    if (training_frames > 0 && frames % training_frames != 0) return "frames must be a multiple of training_frames";
    return "";
  }
};

class Cached final : public VideoEncoder {
 public:
  Cached(const CachedOptions& options, const EncoderContext& context) : options_(options), needs_(context.needs) {}

  int64_t dim() const override { return options_.dim; }
  int64_t grid() const override { return options_.grid; }
  VideoInputSpec input() const override {
    return {true, options_.frames, 0, options_.source, needs_.patches ? options_.keep_patches : -1};
  }

  VideoFeatures encode(const VideoInput& video, const StepContext& step) override {
    auto features = video.cached;
    if (!step.training || options_.training_frames == 0) return features;
    const int64_t videos = features.mask.size(0), run = options_.frames / options_.training_frames;
    auto random = step.random("training frames");
    auto index = torch::empty({videos, options_.training_frames}, torch::kLong);
    auto* places = index.data_ptr<int64_t>();
    for (int64_t i = 0; i < index.numel(); ++i) places[i] = i % options_.training_frames * run + random.integer(run);
    index = index.to(features.mask.device());
    return transformed(features, [&](const torch::Tensor& tensor) {  // every tensor of cached features is [V,F,…]
      auto place = index;
      while (place.dim() < tensor.dim()) place = place.unsqueeze(-1);
      auto shape = tensor.sizes().vec();
      shape[1] = options_.training_frames;
      return tensor.gather(1, place.expand(shape));
    });
  }

 private:
  CachedOptions options_;
  Needs needs_;
};

}  // namespace
TVR_REGISTER_VIDEO_ENCODER(cached, Cached, CachedOptions)
}  // namespace tvr
