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
  auto weight = torch::tensor({2.0}), bias = torch::tensor({2.0});
  AdamW optimizer(
      options, {{"x.weight", weight}, {"x.bias", bias}, {"ln_1", torch::ones({1})}, {"logit_scale", torch::ones({1})}});
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
  auto a = torch::zeros({1}), b = torch::zeros({1}), c = torch::zeros({1});
  const AdamW optimizer(options, {{"text.x", a}, {"text.head.x", b}, {"video.x", c}});
  EXPECT_TRUE(a.requires_grad());
  EXPECT_FALSE(b.requires_grad());
  EXPECT_EQ(optimizer.trainable().size(), 2u);
  EXPECT_EQ(optimizer.rates(1).at("text.*"), options.lr * 0.5);
}

TEST(AdamW, RefusesPatternsThatMatchNothingAndFullFreezing) {
  OptimizerOptions options;
  options.no_decay = {};
  options.rates = {{"txet.*", 0.5}};
  EXPECT_THAT(
      [&] {
        AdamW(options, {{"text.x", torch::zeros({1})}});
      },
      testing::ThrowsMessage<ConfigError>(testing::HasSubstr("'txet.*' matches no parameter")));
  options.rates = {{"*", 0}};
  EXPECT_THROW(AdamW(options, {{"text.x", torch::zeros({1})}}), ConfigError);
}

}  // namespace
}  // namespace tvr
