#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>

#include <optional>
#include <string>
#include <vector>

#include "tvr/model/tower_config.h"

namespace tvr {

/// TS2-Net's token shift (baselines.md 3.5): in the last blocks some patches of a frame attend with the tokens that
/// their place has in the frame before or after. The class token stays, and so do the ends and what would come from
/// padding.
struct TokenShift {
  torch::Tensor mask;  ///< [V,F] bool, the frames that are real; the images of a pass are V videos of F frames
  int64_t blocks = 0;  ///< how many blocks, the last ones, shift
  int64_t fold = 7;    ///< of every so many patches one takes the frame before and one, half as many on, that after
};

/// What all blocks of a pass share, beside the tokens.
struct AttentionTerms {
  torch::Tensor mask;    ///< [N,S] bool, true: the token may be attended to; undefined: all may
  torch::Tensor rotary;  ///< [2,S,width/heads] cosines and sines that turn queries and keys; undefined: none
  TokenShift shift;      ///< of tokens whose first is the class token; mask undefined: none
};

/// The blocks of a tower, parameters named as tower_config.h says: pre-norm x += attention(ln_1 x); x += mlp(ln_2 x),
/// or with norm_after x = ln_1(x + attention(x)); x = ln_2(x + mlp(x)), or x += ln_1(attention(x)); … Attention is
/// at::scaled_dot_product_attention. (encoders.md 1)
class Transformer final : public torch::nn::Module {
 public:
  explicit Transformer(const TransformerConfig& config);

  /// [N,S,width] -> the same. The output of every block is added to `states`, if given.
  torch::Tensor forward(torch::Tensor tokens, const AttentionTerms& terms = {},
                        std::vector<torch::Tensor>* states = nullptr);

  /// Keeps only each block's input for the backward pass, which computes the rest again: equal gradients, memory of one
  /// block instead of all, a third more time.
  void set_checkpointing(bool on) { checkpointing_ = on; }

  int64_t heads() const { return heads_; }
  int64_t layers() const { return static_cast<int64_t>(blocks_->size()); }

 private:
  int64_t heads_;
  bool causal_, checkpointing_ = false;
  torch::nn::ModuleList blocks_;
};

/// [V·F,S,width] with the tokens of shift.mask's neighbours in their places: patch 1, 1 + fold, … of a frame from the
/// frame before it, patch 1 + fold/2, … from the one after; token 0, the class, is no patch.
torch::Tensor shifted(const torch::Tensor& tokens, const TokenShift& shift);

/// Cosines and sines [2,1+grid²,width] of 2-D rotary positions for a class token (left alone) and a grid of patches in
/// rows, coordinates scaled to a grid of `reference`; float32 on the CPU. width: channels of a head, a multiple of 4.
torch::Tensor rotary_table(int64_t grid, int64_t reference, int64_t width);

/// How deep in a tower the parameter lies: 0 for embeddings and what else comes before the blocks, 1 + i for block i,
/// nothing for what comes after them or is of no tower.
std::optional<int64_t> block_of(const std::string& parameter);

/// Takes the parameters of embeddings and of the first `blocks` blocks out of training; none if `blocks` is 0.
void freeze_first_blocks(torch::nn::Module& tower, int64_t blocks);

}  // namespace tvr
