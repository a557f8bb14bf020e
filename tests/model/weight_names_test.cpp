#include "tvr/model/weight_names.h"

#include <gmock/gmock.h>

#include <set>

#include "tvr/model/weight_families.h"
#include "weight_fixtures.h"

namespace tvr {
namespace {

struct Published {
  const char* name;
  int64_t image, patch, width, layers, mlp, text_width, text_layers, embed;
  int64_t vision_parameters, text_parameters, tensors;  // encoders.md 1.1 and 1.3
};
const Published kPublished[] = {
    {"ViT-B/32", 224, 32, 768, 12, 3072, 512, 12, 512, 87849216, 151277313 - 87849216 - 1, 302},
    {"ViT-B/16", 224, 16, 768, 12, 3072, 512, 12, 512, 86192640, 149620737 - 86192640 - 1, 302},
    {"ViT-L/14", 224, 14, 1024, 24, 4096, 768, 12, 768, 303966208, 123650304, 446},
    {"ViT-L/14@336px", 336, 14, 1024, 24, 4096, 768, 12, 768, 304293888, 123650304, 446},
    {"ViT-H-14", 224, 14, 1280, 32, 5120, 1024, 24, 1024, 632076800, 354032640, 686},
    {"ViT-g-14", 224, 14, 1408, 40, 6144, 1024, 24, 1024, 1012645632, 354032640, 782},
    {"ViT-bigG-14", 224, 14, 1664, 48, 8192, 1280, 32, 1280, 1844907264, 694659840, 974},
};

ClipConfig config_of(const Published& model) {
  ClipConfig config;
  config.vision.image_size = model.image;
  config.vision.patch_size = model.patch;
  config.vision.width = model.width;
  config.vision.layers = model.layers;
  config.vision.mlp_width = model.mlp;
  config.text.width = model.text_width;
  config.text.layers = model.text_layers;
  config.text.mlp_width = 4 * model.text_width;
  config.vision.embed_dim = config.text.embed_dim = model.embed;
  return config;
}

TEST(WeightNames, PublishedModelsHaveTheirNumbersOfParametersAndTensors) {
  for (const auto& model : kPublished) {
    const auto config = config_of(model);
    EXPECT_EQ(parameter_count(vision_parameters(config.vision)), model.vision_parameters) << model.name;
    EXPECT_EQ(parameter_count(text_parameters(config.text)), model.text_parameters) << model.name;
    EXPECT_EQ(clip_parameters(config, test::openai_names()).size(), static_cast<size_t>(model.tensors)) << model.name;
  }
}

TEST(WeightNames, PublishedModelsAreFoundByTheirShapes) {
  for (const auto& model : kPublished) {
    RecognisedWeights recognised;
    recognised.config = config_of(model);
    const bool is_openai = std::string(model.name).find('/') != std::string::npos;
    recognised.config.vision.activation = is_openai ? "quick_gelu" : "gelu";
    recognised.names = test::openai_names();
    EXPECT_EQ(nearest_architecture(recognised).name, model.name);
    EXPECT_TRUE(nearest_architecture(recognised).is_equal);
    recognised.config.text.vocabulary += 1;
    EXPECT_EQ(nearest_architecture(recognised).name, model.name);
    EXPECT_FALSE(nearest_architecture(recognised).is_equal);
  }
  RecognisedWeights small;
  small.config = test::small_clip();
  small.names = test::openai_names();
  EXPECT_EQ(nearest_architecture(small).name, "");
}

TEST(WeightNames, HuggingFaceHasFourMoreArraysABlock) {
  const auto arrays = test::foreign_shapes(config_of(kPublished[0]), test::hugging_face_names());
  EXPECT_EQ(arrays.size(), 398u);
  std::set<std::string> names;
  for (const auto& [name, shape] : arrays) names.insert(name);
  EXPECT_EQ(names.size(), 398u);
  for (const char* name : {"vision_model.pre_layrnorm.weight", "visual_projection.weight", "text_projection.weight",
                           "text_model.encoder.layers.11.self_attn.k_proj.bias", "logit_scale",
                           "vision_model.embeddings.class_embedding", "text_model.final_layer_norm.bias"})
    EXPECT_EQ(names.count(name), 1u) << name;
}

TEST(WeightNames, ATowersPrefixStandsBeforeItsNames) {
  const ClipNames custom{{NameStyle::kTimm, "visual.trunk."}, {NameStyle::kOpenAi, "text."}};
  EXPECT_EQ(foreign_names(custom, "ln_final.weight")[0][0].name, "text.ln_final.weight");
  EXPECT_EQ(foreign_names(custom, "visual.ln_post.bias")[0][0].name, "visual.trunk.norm.bias");
  EXPECT_EQ(foreign_names(custom, "logit_scale")[0][0].name, "logit_scale");
  const auto bias = foreign_names(custom, "visual.transformer.resblocks.3.attn.in_proj_bias");
  ASSERT_EQ(bias.size(), 3u);  // fused; EVA's, whose keys have none; with three projections
  ASSERT_EQ(bias[1].size(), 3u);
  EXPECT_EQ(bias[1][0].name, "visual.trunk.blocks.3.attn.q_bias");
  EXPECT_EQ(bias[1][1].name, "");
  const auto pool = foreign_names(custom, "visual.pool.attn.in_proj_weight")[0];
  ASSERT_EQ(pool.size(), 2u);
  EXPECT_EQ(pool[0].share, 1);
  EXPECT_EQ(pool[1].share, 2);
  const auto projection = foreign_names(custom, "visual.proj")[0];
  EXPECT_EQ(projection[0].name, "visual.trunk.head.weight");
  EXPECT_TRUE(projection[0].transposed);
}

TEST(WeightNames, AStyleHasNoPlaceForWhatItsModelsHaveNot) {
  EXPECT_TRUE(foreign_names(test::openai_names(), "visual.pool.probe").empty());
  EXPECT_TRUE(foreign_names(test::openai_names(), "visual.transformer.resblocks.0.mlp.c_gate.weight").empty());
  EXPECT_TRUE(foreign_names(test::hugging_face_names(), "visual.proj_bias").empty());
  EXPECT_TRUE(foreign_names({{NameStyle::kTimm, ""}, {}}, "ln_final.weight").empty());
  EXPECT_TRUE(foreign_names(test::openai_names(), "visual.transformer.resblocks.0").empty());
}

}  // namespace
}  // namespace tvr
