// The vision tower of CLIP applied to each sampled frame (encoders.md 1.1); patches share the class token's norm and
// projection, as CLIP4Clip's hidden states do.
#include <torch/torch.h>

#include <algorithm>

#include "tvr/model/encoder.h"
#include "tvr/model/initialize.h"
#include "tvr/model/patch_selection.h"
#include "tvr/model/transformer.h"

namespace tvr {
namespace {
namespace nn = torch::nn;

struct ClipFramesOptions {
  int64_t frames = 12, image_size = 224, patch_size = 32, width = 768, layers = 12, heads = 12, embed_dim = 512,
          keep_patches = 0, chunk = 256;
  double mlp_ratio = 4, position_std = 0.03;
  std::string activation = "quick_gelu";
  std::vector<double> mean = {0.48145466, 0.4578275, 0.40821073}, std = {0.26862954, 0.26130258, 0.27577711};
  template <class Visit>
  void fields(Visit&& f) {
    f("frames", frames, "Frames taken of each video; loader.sampling says which", within(1, 4096));
    f("image_size", image_size, "Height and width of a frame in pixels", within(1, 4096));
    f("patch_size", patch_size, "Height and width of a patch in pixels", within(1, 4096));
    f("width", width, "Channels inside the transformer", within(1, 65536));
    f("layers", layers, "Blocks", within(0, 256));
    f("heads", heads, "Attention heads", within(1, 256));
    f("embed_dim", embed_dim, "Channels of the features (D)", within(1, 65536));
    f("mlp_ratio", mlp_ratio, "Hidden channels of a block's MLP over width", within(0.01, 64));
    f("activation", activation, "OpenAI's weights use quick_gelu, most of open_clip's gelu",
      one_of({"quick_gelu", "gelu"}));
    f("mean", mean, "Subtracted from the pixels (scaled to 0 … 1), one a channel");
    f("std", std, "Then divided by this, one a channel", at_least(1e-6));
    f("keep_patches", keep_patches, "Most salient patches kept of each frame; 0 keeps all", within(0, 1'000'000));
    f("chunk", chunk, "Frames encoded at a time outside training: bounds memory", within(1, 1'000'000));
    f("position_std", position_std, "Deviation of the initial positions and class embedding", within(0, 10));
  }
  std::string validate() const {
    if (width % heads != 0) return "width must be a multiple of heads";
    if (image_size % patch_size != 0) return "image_size must be a multiple of patch_size";
    if (mean.size() != 3 || std.size() != 3) return "mean and std need three numbers each";
    return "";
  }
};

// Named `visual` below the encoder, so that parameters carry CLIP's own names.
class VisionTower final : public nn::Module {
 public:
  explicit VisionTower(const ClipFramesOptions& options)
      : options_(options),
        grid_(options.image_size / options.patch_size),
        class_(register_parameter("class_embedding", torch::empty({options.width}))),
        positions_(register_parameter("positional_embedding", torch::empty({1 + grid_ * grid_, options.width}))),
        projection_(register_parameter("proj", torch::empty({options.width, options.embed_dim}))),
        patches_(
            register_module("conv1", nn::Conv2d(nn::Conv2dOptions(3, options.width, options.patch_size).bias(false)))),
        norm_before_(register_module("ln_pre", nn::LayerNorm(nn::LayerNormOptions({options.width})))),
        transformer_(register_module("transformer", std::make_shared<Transformer>(TransformerShape{
                                                        options.width, options.layers, options.heads, options.mlp_ratio,
                                                        options.activation, false}))),
        norm_after_(register_module("ln_post", nn::LayerNorm(nn::LayerNormOptions({options.width})))) {}

  /// [N,3,H,W] uint8 -> [N,1+P,D], the class token first.
  torch::Tensor forward(const torch::Tensor& pixels) {
    const int64_t count = pixels.size(0), patch = options_.patch_size, width = options_.width;
    const auto type = class_.options();
    const auto mean = torch::tensor(options_.mean, type).view({1, 3, 1, 1}),
               deviation = torch::tensor(options_.std, type).view({1, 3, 1, 1});
    const auto scaled = (pixels.to(type.dtype()) / 255.0 - mean) / deviation;
    // The strided convolution is one matrix product over cut-out patches.
    auto cut = scaled.view({count, 3, grid_, patch, grid_, patch})
                   .permute({0, 2, 4, 1, 3, 5})
                   .reshape({count, grid_ * grid_, 3 * patch * patch});
    auto x = torch::matmul(cut, patches_->weight.view({width, -1}).t());
    x = torch::cat({class_.expand({count, 1, width}), x}, 1) + positions_;
    x = transformer_->forward(norm_before_->forward(x));
    return torch::matmul(norm_after_->forward(x), projection_);
  }

 private:
  ClipFramesOptions options_;
  int64_t grid_;
  torch::Tensor class_, positions_, projection_;
  nn::Conv2d patches_;
  nn::LayerNorm norm_before_;
  std::shared_ptr<Transformer> transformer_;
  nn::LayerNorm norm_after_;
};

class ClipFrames final : public VideoEncoder {
 public:
  ClipFrames(const ClipFramesOptions& options, const EncoderContext& context)
      : options_(options),
        needs_(context.needs),
        tower_(register_module("visual", std::make_shared<VisionTower>(options))) {
    initialize(*this, context.seed, "video.",
               {{"visual.class_embedding", options.position_std},
                {"visual.positional_embedding", options.position_std},
                {"*out_proj.weight", 0.02},
                {"*c_proj.weight", 0.02}});
  }

  int64_t dim() const override { return options_.embed_dim; }
  int64_t grid() const override { return options_.image_size / options_.patch_size; }
  VideoInputSpec input() const override {
    return {false, options_.frames, options_.image_size, "", options_.keep_patches};
  }

  VideoFeatures encode(const VideoInput& video, const StepContext& step) override {
    const int64_t videos = video.pixels.size(0), frames = video.pixels.size(1);
    const auto pixels = video.pixels.flatten(0, 1);
    const int64_t chunk = step.training ? pixels.size(0) : options_.chunk;
    std::vector<torch::Tensor> pieces;
    for (int64_t begin = 0; begin < pixels.size(0); begin += chunk) {
      auto tokens = tower_->forward(pixels.slice(0, begin, begin + chunk));
      pieces.push_back(needs_.patches ? tokens : tokens.slice(1, 0, 1));
    }
    const auto tokens = torch::cat(pieces).unflatten(0, {videos, frames});  // [V,F,1+P,D]
    VideoFeatures features;
    features.frames = tokens.select(2, 0);
    features.mask = video.mask;
    features.times = video.times;
    if (needs_.patches) features.patches = tokens.slice(2, 1);
    return needs_.patches && options_.keep_patches > 0 ? select_salient_patches(features, options_.keep_patches)
                                                       : features;
  }

 private:
  ClipFramesOptions options_;
  Needs needs_;
  std::shared_ptr<VisionTower> tower_;
};

}  // namespace
TVR_REGISTER_VIDEO_ENCODER(clip_frames, ClipFrames, ClipFramesOptions)
}  // namespace tvr
