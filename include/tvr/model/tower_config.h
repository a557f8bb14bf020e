#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace tvr {

// What a tower is, apart from its weights: carried with them, recognised from files of others, and all that the one
// implementation of each tower needs. Defaults are OpenAI's ViT-B/32. (encoders.md 1)
//
// Parameters have OpenAI's names, with slots of our own for what other families have (encoders.md 1.7):
//   visual.conv1.{weight, bias?}  visual.class_embedding?  visual.positional_embedding [S,width]  visual.ln_pre?
//   visual.transformer.resblocks.N.{ln_1, attn.in_proj_weight, attn.in_proj_bias?, attn.ln?, attn.out_proj, ln_2,
//       mlp.c_gate?, mlp.c_fc, mlp.ln?, mlp.c_proj}
//   visual.ln_post?  visual.pool.{probe [1,1,width], attn.…, ln, mlp.…}?  visual.proj [width,D]?  visual.proj_bias [D]?
//   token_embedding.weight  token_type_embedding [1,width]?  positional_embedding [context_length,width]
//   ln_embedding?  transformer.resblocks.N.…  ln_final?  text_projection [width,D]?  text_projection_bias [D]?
//   proj.{0,2}.weight?  logit_scale  logit_bias?

/// A transformer of either tower.
struct TransformerConfig {
  int64_t width = 768, layers = 12, heads = 12, mlp_width = 3072;
  std::string activation = "quick_gelu";  ///< quick_gelu, gelu (erf), gelu_tanh, or silu (of gated MLPs)
  double norm_eps = 1e-5;
  bool causal = false;
  bool norm_after = false;     ///< blocks normalise what they make (EVA02-E, XLM-R) instead of what they read
  bool norm_sum = false;       ///< then: input plus addition (XLM-R; so in text towers) or the addition (EVA02-E)
  bool gated_mlp = false;      ///< EVA02: c_proj(ln(silu(c_gate x) * c_fc x))
  bool sub_norm = false;       ///< EVA02: a norm before attn.out_proj and mlp.c_proj
  bool attention_bias = true;  ///< of queries, keys and values; EVA's missing key bias is a bias of zeros
  bool rotary = false;         ///< EVA02: 2-D rotary positions of patches, beside the learned ones
  int64_t rotary_grid = 16;    ///< the grid the rotary coordinates are scaled to
};

struct VisionConfig : TransformerConfig {
  int64_t image_size = 224, patch_size = 32, embed_dim = 512;
  bool class_token = true, patch_bias = false, norm_before = true, norm_final = true;
  std::string pool = "class";         ///< class token; mean of patches; or attention: SigLIP's pooling head
  std::string projection = "matrix";  ///< matrix; linear: with a bias (EVA); none (SigLIP)
  std::string fit = "crop";           ///< crop: short side, then the centre; square: SigLIP
  std::string interpolation = "bicubic";
  std::vector<double> mean = {0.48145466, 0.4578275, 0.40821073}, std = {0.26862954, 0.26130258, 0.27577711};
  int64_t grid() const { return image_size / patch_size; }  ///< pixels that fill no patch are left out
  /// Channels of the features.
  int64_t dim() const { return projection == "none" ? width : embed_dim; }
};

struct TextConfig : TransformerConfig {
  TextConfig() {
    width = 512;
    heads = 8;
    mlp_width = 2048;
    causal = true;
    norm_sum = true;
  }
  int64_t vocabulary = 49408, embed_dim = 512;
  int64_t context_length = 77;        ///< rows of the positions; XLM-R's first pad_id + 1 stand for no token
  std::string family = "clip";        ///< clip, siglip or xlm_roberta
  std::string pool = "end";           ///< end: the end token; last: the last position (SigLIP); mean: of real tokens
  std::string projection = "matrix";  ///< matrix; linear: with a bias (SigLIP); mlp: two layers, GELU between (XLM-R)
  int64_t projection_width = 0;       ///< of the mlp's hidden layer
  std::string tokenizer = "clip";     ///< clip, or the kind of sentencepiece model: siglip, xlm_roberta
  int64_t pad_id = 0;
};

/// Both towers and the constants of their score.
struct ClipConfig {
  VisionConfig vision;
  TextConfig text;
  bool logit_bias = false;  ///< SigLIP's
};

}  // namespace tvr
