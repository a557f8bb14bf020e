#include "tvr/model/vision_tower.h"

#include <torch/torch.h>

#include <cmath>

#include "model/transformer_layers.h"
#include "tvr/base/error.h"

namespace tvr {
namespace nn = torch::nn;

// SigLIP's pooling: a learned query attends to all patches, then an MLP.
class AttentionPool final : public nn::Module {
 public:
  explicit AttentionPool(const VisionConfig& config)
      : probe_(register_parameter("probe", torch::empty({1, 1, config.width}))),
        attention_(register_module("attn", std::make_shared<Attention>(config))),
        norm_(register_module("ln", make_norm(config.width, config.norm_eps))),
        mlp_(register_module("mlp", std::make_shared<Mlp>(config))) {}

  torch::Tensor forward(const torch::Tensor& tokens) {  // [N,S,width] -> [N,width]
    const auto pooled = attention_->attend(probe_.expand({tokens.size(0), 1, -1}), tokens);
    return (pooled + mlp_->forward(norm_->forward(pooled))).squeeze(1);
  }

 private:
  torch::Tensor probe_;
  std::shared_ptr<Attention> attention_;
  nn::LayerNorm norm_;
  std::shared_ptr<Mlp> mlp_;
};

VisionTower::VisionTower(const VisionConfig& config)
    : config_(config),
      patches_(nn::Conv2dOptions(3, config.width, config.patch_size).stride(config.patch_size).bias(config.patch_bias)),
      transformer_(std::make_shared<Transformer>(config)) {
  const int64_t width = config.width, tokens = config.grid() * config.grid() + (config.class_token ? 1 : 0);
  if (config.class_token) class_ = register_parameter("class_embedding", torch::empty({width}));
  positions_ = register_parameter("positional_embedding", torch::empty({tokens, width}));
  if (config.projection != "none") projection_ = register_parameter("proj", torch::empty({width, config.embed_dim}));
  if (config.projection == "linear")
    projection_bias_ = register_parameter("proj_bias", torch::empty({config.embed_dim}));
  register_module("conv1", patches_);
  if (config.norm_before) norm_before_ = register_module("ln_pre", make_norm(width, config.norm_eps));
  register_module("transformer", transformer_);
  if (config.norm_final) norm_after_ = register_module("ln_post", make_norm(width, config.norm_eps));
  if (config.pool == "attention") pool_ = register_module("pool", std::make_shared<AttentionPool>(config));
}

// [N,3,H,W] -> [N,P,width]: the strided convolution is one matrix product over cut-out patches. (x/255 - mean) / std is
// linear in the byte x and therefore goes into the matrix; x - 128 is exact in every floating-point type and keeps the
// sums small.
torch::Tensor VisionTower::embed_patches(const torch::Tensor& pixels) {
  const int64_t count = pixels.size(0), patch = config_.patch_size, grid = config_.grid(), side = grid * patch;
  auto weight = patches_->weight.flatten(2);  // [width,3,patch²]
  auto bias = patches_->bias;
  auto cut = pixels.slice(2, 0, side)
                 .slice(3, 0, side)
                 .reshape({count, 3, grid, patch, grid, patch})
                 .permute({0, 2, 4, 1, 3, 5})
                 .reshape({count, grid * grid, 3 * patch * patch})
                 .to(weight.dtype());
  if (pixels.scalar_type() == torch::kByte) {
    const auto mean = torch::tensor(config_.mean, torch::kDouble),
               deviation = torch::tensor(config_.std, torch::kDouble);
    const auto scale = (1 / (255 * deviation)).to(weight.options()), start = ((128 / 255.0 - mean) / deviation);
    const auto shift = torch::matmul(weight.sum(2), start.to(weight.options()));
    bias = bias.defined() ? bias + shift : shift;
    weight = weight * scale.unsqueeze(1);
    cut.sub_(128);  // of a copy: bytes were converted
  }
  return torch::linear(cut, weight.flatten(1), bias);
}

torch::Tensor VisionTower::project(const torch::Tensor& tokens) const {
  if (!projection_.defined()) return tokens;
  const auto projected = torch::matmul(tokens, projection_);
  return projection_bias_.defined() ? projected + projection_bias_ : projected;
}

VisionOutput VisionTower::forward(const torch::Tensor& pixels, bool with_states, const TokenShift& shift) {
  const int64_t size = config_.image_size;
  TORCH_CHECK(pixels.dim() == 4 && pixels.size(1) == 3 && pixels.size(2) == size && pixels.size(3) == size,
              "pixels are ", pixels.sizes(), "; the tower takes [N,3,", size, ",", size, "]");
  TORCH_CHECK(pixels.scalar_type() == torch::kByte || pixels.is_floating_point(),
              "pixels must be bytes, or floating-point and normalised");
  auto x = embed_patches(pixels);
  if (class_.defined()) x = torch::cat({class_.expand({x.size(0), 1, -1}), x}, 1);
  x = x + positions_;
  TORCH_CHECK(!shift.mask.defined() || class_.defined(), "the token shift is made for towers with a class token");
  AttentionTerms terms;
  terms.shift = shift;
  if (config_.rotary)
    terms.rotary =
        rotary_table(config_.grid(), config_.rotary_grid, config_.width / config_.heads).to(positions_.device());
  VisionOutput output;
  x = transformer_->forward(norm_before_ ? norm_before_->forward(x) : x, terms, with_states ? &output.states : nullptr);
  if (norm_after_) x = norm_after_->forward(x);
  const auto projected = project(x);
  output.patches = projected.slice(1, class_.defined() ? 1 : 0);
  if (pool_)
    output.pooled = project(pool_->forward(x));
  else
    output.pooled = config_.pool == "mean" ? output.patches.mean(1) : projected.select(1, 0);
  return output;
}

torch::Tensor resize_positions(const torch::Tensor& positions, int64_t grid, bool class_token) {
  const int64_t first = class_token ? 1 : 0, rows = positions.size(0) - first, width = positions.size(1);
  const auto old_grid = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(rows))));
  if (old_grid < 1 || old_grid * old_grid != rows)
    throw DataError("The positions have " + std::to_string(rows) + " rows of patches" +
                    (class_token ? " beside the class token's" : "") +
                    ", which is no square grid; they cannot be resized to another resolution.");
  const auto image = positions.slice(0, first).view({1, old_grid, old_grid, width}).permute({0, 3, 1, 2});
  const auto resized = at::_upsample_bicubic2d_aa(image.to(torch::kFloat), {grid, grid}, /*align_corners=*/false);
  const auto patches = resized.permute({0, 2, 3, 1}).reshape({grid * grid, width}).to(positions.dtype());
  return torch::cat({positions.slice(0, 0, first), patches});
}

}  // namespace tvr
