// The vision tower of CLIP and its relatives applied to each sampled frame; patches share the class token's norm and
// projection, as CLIP4Clip's hidden states do.
#include <torch/torch.h>

#include <algorithm>
#include <tuple>

#include "tvr/model/architectures.h"
#include "tvr/model/encoder.h"
#include "tvr/model/initialize.h"
#include "tvr/model/patch_selection.h"
#include "tvr/model/vision_tower.h"

namespace tvr {
namespace {

struct ClipFramesOptions {
  std::string arch;
  int64_t frames = 12, image_size = 224, patch_size = 32, width = 768, layers = 12, heads = 12, embed_dim = 512,
          keep_patches = 0, chunk = 256, frozen_layers = 0, token_shift = 0, shift_fold = 7;
  double mlp_ratio = 4, position_std = 0.03;
  std::string activation = "quick_gelu";
  std::vector<double> mean = VisionConfig().mean, std = VisionConfig().std;
  bool checkpointing = false;
  template <class Visit>
  void fields(Visit&& f) {
    f("arch", arch, "A published architecture (ViT-B/32, EVA01-g-14, SigLIP-B/16, …) in place of single shapes");
    f("frames", frames, "Frames taken of each video; loader.sampling says which", within(1, 4096));
    f("image_size", image_size, "Height and width of a frame in pixels; with arch: 224 stands for its own size",
      within(1, 4096));
    f("patch_size", patch_size, "Height and width of a patch in pixels", within(1, 4096));
    f("width", width, "Channels inside the transformer", within(1, 65536));
    f("layers", layers, "Blocks", within(0, 256));
    f("heads", heads, "Attention heads", within(1, 256));
    f("embed_dim", embed_dim, "Channels of the features (D)", within(1, 65536));
    f("mlp_ratio", mlp_ratio, "Hidden channels of a block's MLP over width", within(0.01, 64));
    f("activation", activation, "OpenAI's weights use quick_gelu, most of open_clip's gelu",
      one_of({"quick_gelu", "gelu", "gelu_tanh"}));
    f("mean", mean, "Subtracted from the pixels (scaled to 0 … 1), one a channel");
    f("std", std, "Then divided by this, one a channel", at_least(1e-6));
    f("keep_patches", keep_patches, "Most salient patches kept of each frame; 0 keeps all", within(0, 1'000'000));
    f("chunk", chunk, "Frames encoded at a time outside training: bounds memory", within(1, 1'000'000));
    f("position_std", position_std, "Deviation of the initial positions and class embedding", within(0, 10));
    f("frozen_layers", frozen_layers, "First blocks left as they are, and with them the embeddings; 0 freezes nothing",
      within(0, 256));
    f("token_shift", token_shift,
      "Last blocks in which patches attend with tokens of the frame before and after (TS2-Net: 2); 0 shifts nothing",
      within(0, 256));
    f("shift_fold", shift_fold,
      "Of so many patches one takes the frame before and one that after (TS2-Net: tokens / 7)", within(2, 65536));
    f("checkpointing", checkpointing, "Computes blocks again in the backward pass: less memory, a third more time");
  }

  // What an architecture fixes.
  auto shape() const { return std::tie(patch_size, width, layers, heads, embed_dim, mlp_ratio, activation, mean, std); }

  VisionConfig tower() const {
    VisionConfig config;
    if (!arch.empty()) {
      config = architecture(arch).vision;
      if (image_size != ClipFramesOptions().image_size) config.image_size = image_size;
      return config;
    }
    config.width = width;
    config.layers = layers;
    config.heads = heads;
    config.mlp_width = static_cast<int64_t>(static_cast<double>(width) * mlp_ratio);
    config.activation = activation;
    config.image_size = image_size;
    config.patch_size = patch_size;
    config.embed_dim = embed_dim;
    config.mean = mean;
    config.std = std;
    return config;
  }

  std::string validate() const {
    if (!arch.empty()) {
      if (shape() != ClipFramesOptions().shape())
        return "arch says patch_size, width, layers, heads, embed_dim, mlp_ratio, activation, mean and std; leave them "
               "out, or leave out arch";
      try {
        architecture(arch);
      } catch (const ConfigError& error) {
        return std::string("arch: ") + error.what();
      }
    }
    const auto config = tower();
    if (config.width % config.heads != 0) return "width must be a multiple of heads";
    if (arch.empty() && config.image_size % config.patch_size != 0)
      return "image_size must be a multiple of patch_size";
    if (mean.size() != 3 || std.size() != 3) return "mean and std need three numbers each";
    for (const auto& [name, blocks] : {std::pair{"frozen_layers", frozen_layers}, {"token_shift", token_shift}})
      if (blocks > config.layers)
        return name + (" is " + std::to_string(blocks)) + ", the tower has " + std::to_string(config.layers) +
               " layers";
    if (token_shift > 0 && !config.class_token) return "token_shift needs a tower with a class token";
    return "";
  }
};

class ClipFrames final : public VideoEncoder {
 public:
  ClipFrames(const ClipFramesOptions& options, const EncoderContext& context)
      : options_(options),
        needs_(context.needs),
        tower_(register_module("visual", std::make_shared<VisionTower>(options.tower()))) {
    initialize(*this, context.seed, "video.",
               {{"visual.class_embedding", options.position_std},
                {"visual.positional_embedding", options.position_std},
                {"*out_proj.weight", 0.02},
                {"*c_proj.weight", 0.02}});
    freeze_first_blocks(*this, options.frozen_layers);
    tower_->set_checkpointing(options.checkpointing);
  }

  int64_t dim() const override { return tower_->config().dim(); }
  int64_t grid() const override { return tower_->config().grid(); }
  VideoInputSpec input() const override {
    const auto& tower = tower_->config();
    return {false, options_.frames, tower.image_size, "", options_.keep_patches, tower.fit, tower.interpolation};
  }

  VideoFeatures encode(const VideoInput& video, const StepContext& step) override {
    const int64_t videos = video.pixels.size(0), frames = video.pixels.size(1);
    const auto pixels = video.pixels.flatten(0, 1);
    const int64_t whole_videos = std::max<int64_t>(1, options_.chunk / frames) * frames;  // they see their neighbours
    const int64_t chunk = step.training ? pixels.size(0) : options_.token_shift > 0 ? whole_videos : options_.chunk;
    std::vector<torch::Tensor> pooled, patches;
    for (int64_t begin = 0; begin < pixels.size(0); begin += chunk) {
      const auto output =
          tower_->forward(pixels.slice(0, begin, begin + chunk), false, shift(video.mask, begin, chunk));
      pooled.push_back(output.pooled);
      if (needs_.patches) patches.push_back(output.patches);
    }
    VideoFeatures features;
    features.frames = torch::cat(pooled).unflatten(0, {videos, frames});
    features.mask = video.mask;
    features.times = video.times;
    if (needs_.patches) features.patches = torch::cat(patches).unflatten(0, {videos, frames});
    return needs_.patches && options_.keep_patches > 0 ? select_salient_patches(features, options_.keep_patches)
                                                       : features;
  }

 private:
  // Of the videos whose frames begin at `begin`.
  TokenShift shift(const torch::Tensor& mask, int64_t begin, int64_t chunk) const {
    if (options_.token_shift == 0) return {};
    const int64_t frames = mask.size(1);
    return {mask.slice(0, begin / frames, (begin + chunk) / frames), options_.token_shift, options_.shift_fold};
  }

  ClipFramesOptions options_;
  Needs needs_;
  std::shared_ptr<VisionTower> tower_;
};

}  // namespace
TVR_REGISTER_VIDEO_ENCODER(clip_frames, ClipFrames, ClipFramesOptions)
}  // namespace tvr
