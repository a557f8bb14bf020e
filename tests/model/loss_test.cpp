#include "tvr/loss/loss.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace tvr {
namespace {
namespace F = torch::nn::functional;

std::shared_ptr<Loss> make_loss(const std::string& yaml) {
  const auto node = ConfigNode::parse("loss: " + yaml);
  const auto builder = read_loss(node, builtin_losses());
  node.finish();
  return builder();
}
std::shared_ptr<Loss> info_nce(const std::string& options) {
  return make_loss("{type: info_nce" + options + "}");
}
LossInput input(const torch::Tensor& logits, const torch::Tensor& videos) {
  return {logits, {{"a", logits, {}}, {"b", 2 * logits, {}}}, make_targets(videos), {}};
}

TEST(InfoNce, EqualsTheMeanOfTheTwoCrossEntropies) {
  const auto logits = torch::tensor({{2.0, 0.5, -1.0}, {0.1, 1.5, 0.3}, {-0.7, 0.2, 0.9}});
  const auto labels = torch::arange(3);
  const auto expected = 0.5 * (F::cross_entropy(logits, labels) + F::cross_entropy(logits.t(), labels));
  EXPECT_NEAR(info_nce("")->terms(input(logits, labels))[0].second.item<double>(), expected.item<double>(), 1e-6);
}

TEST(InfoNce, OtherCaptionsOfTheSameVideoAreNoNegatives) {
  const auto logits = torch::tensor({{2.0, 9.0, -1.0}, {9.0, 1.5, 0.3}, {-0.7, 0.2, 0.9}}).requires_grad_(true);
  const auto videos = torch::tensor({4, 4, 7});
  const auto loss = info_nce("")->terms(input(logits, videos))[0].second;
  loss.backward();
  EXPECT_EQ(logits.grad()[0][1].item<double>(), 0);
  EXPECT_EQ(logits.grad()[1][0].item<double>(), 0);
  EXPECT_NE(logits.grad()[0][2].item<double>(), 0);
  const auto strict = info_nce(", same_video: strict")->terms(input(logits, videos))[0].second;
  EXPECT_GT(strict.item<double>(), loss.item<double>() + 1);
}

TEST(InfoNce, EachPartHasATermOfItsOwn) {
  const auto terms = info_nce(", apply_to: parts")->terms(input(torch::eye(3), torch::arange(3)));
  ASSERT_EQ(terms.size(), 2u);
  EXPECT_EQ(terms[0].first, "info_nce.a");
  EXPECT_EQ(terms[1].first, "info_nce.b");
  EXPECT_GT(terms[0].second.item<double>(), terms[1].second.item<double>());
}

TEST(LossTerms, AreAddedByNameWithWeightsThatRise) {
  const auto both = make_loss(
      "{terms: {contrast: {type: info_nce, weight: 2}, parts: {type: info_nce, apply_to: parts, start: 0.25, ramp: "
      "0.5}}}");
  auto seen = input(torch::eye(3), torch::arange(3));
  seen.step = {true, 0, 0, 100};
  const double alone = info_nce("")->terms(seen)[0].second.item<double>();
  const auto early = both->terms(seen);
  ASSERT_EQ(early.size(), 2u);
  EXPECT_EQ(early[0].first, "contrast");
  EXPECT_NEAR(early[0].second.item<double>(), 2 * alone, 1e-6);
  EXPECT_EQ(early[1].second.item<double>(), 0);
  seen.step.step = 50;  // half of the ramp
  const auto later = both->terms(seen);
  ASSERT_EQ(later.size(), 3u);
  EXPECT_EQ(later[1].first, "parts.a");
  EXPECT_NEAR(later[1].second.item<double>(), 0.5 * alone, 1e-6);
}

TEST(LossTerms, RefusesUnknownOnes) {
  EXPECT_THROW(make_loss("{terms: {}}"), ConfigError);
  EXPECT_THROW(make_loss("{terms: {a: {type: info_nce, weight: -1}}}"), ConfigError);
  EXPECT_THROW(make_loss("{terms: {a: {type: info_nce, weight: 0}}}"), ConfigError);
  EXPECT_THROW(make_loss("{type: info_nce, weight: 0}"), ConfigError);
  EXPECT_THROW(make_loss("{terms: {a: {type: info_nce, start: 0.5}}}"), ConfigError);
  EXPECT_THROW(make_loss("{terms: {a: {type: info_nce, start: 1}}}"), ConfigError);
  EXPECT_THROW(make_loss("{terms: {'': {type: info_nce}}}"), ConfigError);
  EXPECT_THROW(make_loss("{terms: {a: {type: info}}}"), ConfigError);
  EXPECT_THROW(make_loss("{type: info_nce, terms: {a: {type: info_nce}}}"), ConfigError);
}

}  // namespace
}  // namespace tvr
