#include "tvr/model/initialize.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace tvr {
namespace {

struct TwoLayers : torch::nn::Module {
  TwoLayers()
      : first(register_module("first", torch::nn::Linear(64, 64))),
        norm(register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({64})))) {}
  torch::nn::Linear first;
  torch::nn::LayerNorm norm;
};

TEST(Initialize, DependsOnSeedAndNameOnly) {
  TwoLayers a, b, c;
  initialize(a, 1, "x.");
  torch::rand({10});  // the global generator plays no part
  initialize(b, 1, "x.");
  initialize(c, 2, "x.");
  EXPECT_TRUE(a.first->weight.equal(b.first->weight));
  EXPECT_FALSE(a.first->weight.equal(c.first->weight));
  initialize(c, 1, "y.");
  EXPECT_FALSE(a.first->weight.equal(c.first->weight));
}

TEST(Initialize, FollowsTheRules) {
  TwoLayers module;
  initialize(module, 1, "", {{"first.w*", 0.5}});
  EXPECT_NEAR(module.first->weight.std().item<double>(), 0.5, 0.05);
  EXPECT_EQ(module.first->bias.abs().max().item<double>(), 0);
  EXPECT_EQ(module.norm->weight.min().item<double>(), 1);
  initialize(module, 1, "");
  EXPECT_LE(module.first->weight.abs().max().item<double>(), 0.125);
}

}  // namespace
}  // namespace tvr
