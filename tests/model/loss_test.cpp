#include "tvr/loss/loss.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace tvr {
namespace {
namespace F = torch::nn::functional;

std::shared_ptr<Loss> info_nce(const std::string& options) {
  const auto node = ConfigNode::parse("loss: {type: info_nce" + options + "}");
  const auto builder = read_plugin(builtin_losses(), node, "loss", "");
  node.finish();
  return builder();
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

}  // namespace
}  // namespace tvr
