#include "tvr/model/transformer.h"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "model/recompute.h"
#include "model/transformer_layers.h"

namespace tvr {
namespace nn = torch::nn;
namespace {

class Block final : public nn::Module {
 public:
  explicit Block(const TransformerConfig& config)
      : norm_after_(config.norm_after),
        norm_sum_(config.norm_sum),
        ln_1_(register_module("ln_1", make_norm(config.width, config.norm_eps))),
        attention_(register_module("attn", std::make_shared<Attention>(config))),
        ln_2_(register_module("ln_2", make_norm(config.width, config.norm_eps))),
        mlp_(register_module("mlp", std::make_shared<Mlp>(config))) {}

  torch::Tensor forward(const torch::Tensor& x, const AttentionTerms& terms) {
    if (!norm_after_) {
      const auto attended = x + attention_->forward(shifted(ln_1_->forward(x), terms.shift), terms);
      return attended + mlp_->forward(ln_2_->forward(attended));
    }
    const auto attended = add(x, attention_->forward(shifted(x, terms.shift), terms), ln_1_);
    return add(attended, mlp_->forward(attended), ln_2_);
  }

 private:
  torch::Tensor add(const torch::Tensor& x, const torch::Tensor& addition, nn::LayerNorm& norm) const {
    return norm_sum_ ? norm->forward(x + addition) : x + norm->forward(addition);
  }

  bool norm_after_, norm_sum_;
  nn::LayerNorm ln_1_;
  std::shared_ptr<Attention> attention_;
  nn::LayerNorm ln_2_;
  std::shared_ptr<Mlp> mlp_;
};

constexpr std::string_view kBlocks = "transformer.resblocks.";
constexpr std::array kBeforeBlocks{"conv1.weight",           "conv1.bias",           "class_embedding",
                                   "positional_embedding",   "ln_pre.weight",        "ln_pre.bias",
                                   "token_embedding.weight", "token_type_embedding", "ln_embedding.weight",
                                   "ln_embedding.bias"};

}  // namespace

Transformer::Transformer(const TransformerConfig& config)
    : heads_(config.heads), causal_(config.causal), blocks_(register_module("resblocks", nn::ModuleList())) {
  TORCH_CHECK(config.width % config.heads == 0, "width ", config.width, " is not a multiple of ", config.heads,
              " heads");
  for (int64_t i = 0; i < config.layers; ++i) blocks_->push_back(std::make_shared<Block>(config));
}

torch::Tensor Transformer::forward(torch::Tensor tokens, const AttentionTerms& terms,
                                   std::vector<torch::Tensor>* states) {
  auto without_shift = terms;
  without_shift.shift = {};
  const auto first_shifting = static_cast<int64_t>(blocks_->size()) - terms.shift.blocks;
  int64_t index = 0;
  TORCH_CHECK(!causal_ || !terms.mask.defined(), "causal attention takes no mask: nothing sees what comes after it");
  for (const auto& module : *blocks_) {
    const auto block = std::static_pointer_cast<Block>(module);
    const auto& its = index++ < first_shifting ? without_shift : terms;
    if (checkpointing_ && at::GradMode::is_enabled()) {
      tokens = recomputed([block, its](const torch::Tensor& x) { return block->forward(x, its); }, tokens,
                          block->parameters());
    } else {
      tokens = block->forward(tokens, its);
    }
    if (states != nullptr) states->push_back(tokens);
  }
  return tokens;
}

torch::Tensor shifted(const torch::Tensor& tokens, const TokenShift& shift) {
  if (!shift.mask.defined()) return tokens;
  const int64_t frames = shift.mask.size(1), count = tokens.size(1);
  TORCH_CHECK(tokens.size(0) == shift.mask.numel(), "the token shift needs whole videos: ", tokens.size(0),
              " images are not those of ", shift.mask.sizes());
  const auto frame = torch::arange(frames, shift.mask.options().dtype(torch::kLong)).expand_as(shift.mask);
  const auto real_at = [&](const torch::Tensor& at) { return shift.mask.gather(1, at); };
  const auto before = (frame - 1).clamp_min(0), after = (frame + 1).clamp_max(frames - 1);
  const auto place = torch::arange(count, frame.options());
  const auto takes = [&](int64_t first) {
    return place.ge(first).logical_and((place - first).remainder(shift.fold).eq(0));
  };
  // [V,F,S]: the frame that each token comes from.
  auto source = frame.unsqueeze(2).expand({-1, -1, count});
  source = torch::where(takes(1).logical_and(real_at(before).unsqueeze(2)), before.unsqueeze(2), source);
  source = torch::where(takes(1 + shift.fold / 2).logical_and(real_at(after).unsqueeze(2)), after.unsqueeze(2), source);
  const auto of_videos = tokens.unflatten(0, {-1, frames});
  return of_videos.gather(1, source.unsqueeze(3).expand_as(of_videos)).flatten(0, 1);
}

torch::Tensor rotary_table(int64_t grid, int64_t reference, int64_t width) {
  TORCH_CHECK(width % 4 == 0, "rotary positions need heads of a multiple of 4 channels, not ", width);
  const int64_t bands = width / 4;
  const auto frequencies =
      torch::pow(10000.0, torch::arange(bands, torch::kDouble) / -static_cast<double>(bands)).repeat_interleave(2);
  const auto places =
      torch::arange(grid, torch::kDouble) * (static_cast<double>(reference) / static_cast<double>(grid));
  const auto angles = torch::outer(places, frequencies);  // [grid,width/2]
  const auto rows = angles.unsqueeze(1).expand({grid, grid, -1}),
             columns = angles.unsqueeze(0).expand({grid, grid, -1});
  auto all = torch::cat({rows, columns}, 2).flatten(0, 1);
  all = torch::cat({torch::zeros({1, width}, torch::kDouble), all});  // the class token is not turned
  return torch::stack({all.cos(), all.sin()}).to(torch::kFloat);
}

std::optional<int64_t> block_of(const std::string& parameter) {
  if (const auto found = parameter.find(kBlocks); found != std::string::npos)
    return 1 + std::stoll(parameter.substr(found + kBlocks.size()));
  const bool is_before = std::any_of(kBeforeBlocks.begin(), kBeforeBlocks.end(), [&](const std::string& name) {
    return parameter == name || parameter.ends_with("." + name);
  });
  return is_before ? std::optional<int64_t>(0) : std::nullopt;
}

void freeze_first_blocks(nn::Module& tower, int64_t blocks) {
  if (blocks == 0) return;
  for (auto& item : tower.named_parameters())
    if (const auto depth = block_of(item.key()); depth && *depth <= blocks) item.value().requires_grad_(false);
}

}  // namespace tvr
