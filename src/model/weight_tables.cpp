#include "model/weight_tables.h"

#include <stdexcept>

namespace tvr {
namespace {

const NameRules kSameBlock{{"ln_1", "ln_1"},
                           {"attn.in_proj_weight", "attn.in_proj_weight"},
                           {"attn.in_proj_bias", "attn.in_proj_bias"},
                           {"attn.out_proj", "attn.out_proj"},
                           {"ln_2", "ln_2"},
                           {"mlp.c_fc", "mlp.c_fc"},
                           {"mlp.c_proj", "mlp.c_proj"}};
const NameRules kOpenAiVision{{"conv1.weight", "conv1.weight"},
                              {"class_embedding", "class_embedding"},
                              {"positional_embedding", "positional_embedding"},
                              {"ln_pre", "ln_pre"},
                              {"ln_post", "ln_post"},
                              {"proj", "proj"}};
// Some towers of open_clip project by a linear layer instead of a matrix.
const NameRules kOpenAiText{{"token_embedding.weight", "token_embedding.weight"},
                            {"positional_embedding", "positional_embedding"},
                            {"ln_final", "ln_final"},
                            {"text_projection", "text_projection;^text_projection.weight"},
                            {"text_projection_bias", "text_projection.bias"}};

const NameRules kHuggingFaceBlock{
    {"ln_1", "layer_norm1"},
    {"attn.in_proj_weight", "self_attn.q_proj.weight|self_attn.k_proj.weight|self_attn.v_proj.weight"},
    {"attn.in_proj_bias", "self_attn.q_proj.bias|self_attn.k_proj.bias|self_attn.v_proj.bias"},
    {"attn.out_proj", "self_attn.out_proj"},
    {"ln_2", "layer_norm2"},
    {"mlp.c_fc", "mlp.fc1"},
    {"mlp.c_proj", "mlp.fc2"}};
const NameRules kHuggingFaceVision{{"conv1", "embeddings.patch_embedding"},
                                   {"class_embedding", "embeddings.class_embedding"},
                                   {"positional_embedding", "embeddings.position_embedding.weight"},
                                   {"ln_pre", "pre_layrnorm"},  // theirs is misspelt
                                   {"ln_post", "post_layernorm"},
                                   {"pool.probe", "head.probe"},
                                   {"pool.attn.in_proj_weight", "head.attention.in_proj_weight"},
                                   {"pool.attn.in_proj_bias", "head.attention.in_proj_bias"},
                                   {"pool.attn.out_proj", "head.attention.out_proj"},
                                   {"pool.ln", "head.layernorm"},
                                   {"pool.mlp.c_fc", "head.mlp.fc1"},
                                   {"pool.mlp.c_proj", "head.mlp.fc2"},
                                   {"proj", "^/visual_projection.weight"}};
const NameRules kHuggingFaceText{{"token_embedding.weight", "embeddings.token_embedding.weight"},
                                 {"positional_embedding", "embeddings.position_embedding.weight"},
                                 {"ln_final", "final_layer_norm"},
                                 {"text_projection", "^/text_projection.weight;^head.weight"},
                                 {"text_projection_bias", "head.bias"}};

// timm's vision transformers, EVA-CLIP's own names beside them.
const NameRules kTimmBlock{
    {"ln_1", "norm1"},
    {"attn.in_proj_weight", "attn.qkv.weight;attn.q_proj.weight|attn.k_proj.weight|attn.v_proj.weight"},
    {"attn.in_proj_bias", "attn.qkv.bias;attn.q_bias||attn.v_bias;attn.q_proj.bias||attn.v_proj.bias"},
    {"attn.ln", "attn.norm;attn.inner_attn_ln"},
    {"attn.out_proj", "attn.proj"},
    {"ln_2", "norm2"},
    {"mlp.c_gate", "mlp.fc1_g;mlp.w1"},
    {"mlp.c_fc", "mlp.fc1;mlp.fc1_x;mlp.w2"},
    {"mlp.ln", "mlp.norm;mlp.ffn_ln"},
    {"mlp.c_proj", "mlp.fc2;mlp.w3"}};
const NameRules kTimmVision{{"conv1", "patch_embed.proj"},
                            {"class_embedding", "cls_token"},
                            {"positional_embedding", "pos_embed"},
                            {"ln_pre", "norm_pre"},
                            {"ln_post", "norm"},
                            {"pool.probe", "attn_pool.latent"},
                            {"pool.attn.in_proj_weight", "attn_pool.q.weight|2*attn_pool.kv.weight"},
                            {"pool.attn.in_proj_bias", "attn_pool.q.bias|2*attn_pool.kv.bias"},
                            {"pool.attn.out_proj", "attn_pool.proj"},
                            {"pool.ln", "attn_pool.norm"},
                            {"pool.mlp.c_fc", "attn_pool.mlp.fc1"},
                            {"pool.mlp.c_proj", "attn_pool.mlp.fc2"},
                            {"proj", "^head.weight;^/visual.head.proj.weight"},
                            {"proj_bias", "head.bias"}};

const NameRules kXlmRobertaBlock{
    {"ln_1", "attention.output.LayerNorm"},
    {"attn.in_proj_weight", "attention.self.query.weight|attention.self.key.weight|attention.self.value.weight"},
    {"attn.in_proj_bias", "attention.self.query.bias|attention.self.key.bias|attention.self.value.bias"},
    {"attn.out_proj", "attention.output.dense"},
    {"ln_2", "output.LayerNorm"},
    {"mlp.c_fc", "intermediate.dense"},
    {"mlp.c_proj", "output.dense"}};
const NameRules kXlmRobertaText{{"token_embedding.weight", "transformer.embeddings.word_embeddings.weight"},
                                {"positional_embedding", "transformer.embeddings.position_embeddings.weight"},
                                {"token_type_embedding", "transformer.embeddings.token_type_embeddings.weight"},
                                {"ln_embedding", "transformer.embeddings.LayerNorm"},
                                {"proj.0.weight", "proj.0.weight"},
                                {"proj.2.weight", "proj.2.weight"}};

}  // namespace

NameTables name_tables(NameStyle style, bool is_vision) {
  switch (style) {
    case NameStyle::kOpenAi:
      return {is_vision ? &kOpenAiVision : &kOpenAiText, &kSameBlock, "transformer.resblocks."};
    case NameStyle::kHuggingFace:
      return {is_vision ? &kHuggingFaceVision : &kHuggingFaceText, &kHuggingFaceBlock, "encoder.layers."};
    case NameStyle::kTimm:
      return {&kTimmVision, &kTimmBlock, "blocks."};
    case NameStyle::kXlmRoberta:
      return {&kXlmRobertaText, &kXlmRobertaBlock, "transformer.encoder.layer."};
    case NameStyle::kNone:
    case NameStyle::kTvr:
      break;
  }
  throw std::logic_error("this style of names has no table");
}

}  // namespace tvr
