#include "tvr/train/optimizer.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>

#include "tvr/base/error.h"

namespace tvr {
namespace {

TEST(Schedule, WarmsUpHoldsAndFalls) {
  OptimizerOptions options;
  options.warmup_steps = 4;
  options.cosine_from = 0.5;
  EXPECT_DOUBLE_EQ(schedule_factor(options, 0, 20), 0.25);
  EXPECT_DOUBLE_EQ(schedule_factor(options, 3, 20), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(options, 10, 20), 1);
  EXPECT_DOUBLE_EQ(schedule_factor(options, 15, 20), 0.5);
  EXPECT_NEAR(schedule_factor(options, 20, 20), 0, 1e-12);
  options.final_rate = 0.1;
  EXPECT_NEAR(schedule_factor(options, 20, 20), 0.1, 1e-12);
  options.cosine_from = 1;
  EXPECT_DOUBLE_EQ(schedule_factor(options, 19, 20), 1);
}

TEST(Schedule, WarmUpCanBeAShareOfTheRun) {
  OptimizerOptions options, share;
  options.warmup_steps = 4;
  share.warmup = 0.1;
  for (int64_t step = 0; step < 40; ++step)
    EXPECT_DOUBLE_EQ(schedule_factor(options, step, 40), schedule_factor(share, step, 40)) << step;
  EXPECT_EQ(share.validate(), "");
  share.warmup_steps = 3;
  EXPECT_THAT(share.validate(), testing::HasSubstr("give one of them"));
}

torch::Tensor parameter(double value = 0) {
  return torch::full({1}, value).requires_grad_();
}

// Loshchilov and Hutter 2019, algorithm 2, in double precision.
double adamw_by_hand(double parameter, const std::vector<double>& gradients, const OptimizerOptions& o, double decay) {
  double mean = 0, square = 0;
  for (size_t i = 0; i < gradients.size(); ++i) {
    const auto step = static_cast<double>(i + 1);
    parameter -= o.lr * decay * parameter;
    mean = o.beta1 * mean + (1 - o.beta1) * gradients[i];
    square = o.beta2 * square + (1 - o.beta2) * gradients[i] * gradients[i];
    parameter -=
        o.lr * (mean / (1 - std::pow(o.beta1, step))) / (std::sqrt(square / (1 - std::pow(o.beta2, step))) + o.eps);
  }
  return parameter;
}

TEST(AdamW, FollowsTheFormulaWithAndWithoutDecay) {
  OptimizerOptions options;
  options.lr = 0.1;
  auto weight = parameter(2), bias = parameter(2);
  AdamW optimizer(options,
                  {{"x.weight", weight}, {"x.bias", bias}, {"ln_1", parameter(1)}, {"logit_scale", parameter(1)}});
  const std::vector<double> gradients{0.5, -0.2, 0.9};
  for (const double gradient : gradients) {
    for (auto* tensor : {&weight, &bias}) tensor->mutable_grad() = torch::tensor({gradient});
    optimizer.step(1);
  }
  EXPECT_NEAR(weight.item<double>(), adamw_by_hand(2, gradients, options, options.weight_decay), 1e-6);
  EXPECT_NEAR(bias.item<double>(), adamw_by_hand(2, gradients, options, 0), 1e-6);
}

TEST(AdamW, TheLongestPatternSetsTheRateAndZeroFreezes) {
  OptimizerOptions options;
  options.no_decay = {};
  options.rates = {{"text.*", 0.5}, {"text.head.*", 0}};
  auto a = parameter(), b = parameter(), c = parameter();
  const AdamW optimizer(options, {{"text.x", a}, {"text.head.x", b}, {"video.x", c}});
  EXPECT_TRUE(a.requires_grad());
  EXPECT_FALSE(b.requires_grad());
  EXPECT_EQ(optimizer.trainable().size(), 2u);
  EXPECT_EQ(optimizer.rates(1).at("text.*"), options.lr * 0.5);
}

TEST(AdamW, LeavesAloneWhatItsModuleHasFrozen) {
  OptimizerOptions options;
  options.no_decay = {};
  auto frozen = torch::zeros({1}), free = parameter();
  const AdamW optimizer(options, {{"text.frozen", frozen}, {"text.free", free}});
  EXPECT_FALSE(frozen.requires_grad());
  EXPECT_EQ(optimizer.trainable().size(), 1u);
}

TEST(AdamW, LayerDecayScalesTheBlocksOfTowersAlone) {
  OptimizerOptions options;
  options.no_decay = {};
  options.lr = 1;
  options.layer_decay = 0.5;
  options.rates = {{"video.*", 0.1}};
  const AdamW optimizer(options, {{"text.token_embedding.weight", parameter()},
                                  {"text.transformer.resblocks.0.ln_1.weight", parameter()},
                                  {"text.transformer.resblocks.2.ln_1.weight", parameter()},
                                  {"text.text_projection", parameter()},
                                  {"video.visual.transformer.resblocks.0.ln_1.weight", parameter()},
                                  {"video.visual.transformer.resblocks.1.ln_1.weight", parameter()},
                                  {"head.transformer.resblocks.0.ln_1.weight", parameter()}});
  const std::map<std::string, double> expected{
      {"*", 1}, {"* x 0.125", 0.125}, {"* x 0.25", 0.25}, {"video.*", 0.1}, {"video.* x 0.5", 0.05}};
  EXPECT_EQ(optimizer.rates(1), expected);
  EXPECT_EQ(optimizer.trainable().size(), 7u);
}

TEST(AdamW, RefusesPatternsThatMatchNothingAndFullFreezing) {
  OptimizerOptions options;
  options.no_decay = {};
  options.rates = {{"txet.*", 0.5}};
  EXPECT_THAT(
      [&] {
        AdamW(options, {{"text.x", parameter()}});
      },
      testing::ThrowsMessage<ConfigError>(testing::HasSubstr("'txet.*' matches no parameter")));
  options.rates = {{"*", 0}};
  EXPECT_THROW(AdamW(options, {{"text.x", parameter()}}), ConfigError);
}

}  // namespace
}  // namespace tvr
