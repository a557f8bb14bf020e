#include "tvr/model/token_selector.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "model/seeded_weights.h"
#include "tvr/model/weights.h"

namespace tvr {
namespace {

using test::seeded;

void expect_values(const torch::Tensor& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.numel(), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(found.flatten()[static_cast<int64_t>(i)].item<double>(), expected[i], 1e-6) << i;
}
torch::Tensor weight(const std::string& name, at::IntArrayRef shape) {
  return seeded(name, shape, std::sqrt(3.0 / static_cast<double>(shape[1])));
}
torch::Tensor norm_weight(const std::string& name) {
  return seeded(name, {4}, 0.1) + 1.0f;
}

// V_t of crosstvr.md d.1, [1,2,3,4]: two frames, each a class token and two patches.
torch::Tensor vision_tokens() {
  const auto raw = seeded("cross.vision", {1, 2, 3, 4}, 2).to(torch::kDouble);
  const auto normed = torch::layer_norm(raw, {4}, norm_weight("cross.ln_v.weight").to(torch::kDouble),
                                        seeded("cross.ln_v.bias", {4}, 0.1).to(torch::kDouble));
  return torch::linear(normed, weight("cross.w_v.weight", {4, 4}).to(torch::kDouble),
                       seeded("cross.w_v.bias", {4}, 0.1).to(torch::kDouble));
}

// The scorer of the same example, which keeps one patch beside the class token.
TokenSelector worked_selector(TokenSelector::Settings settings = {.kept = 1}) {
  TokenSelector selector(4, settings, 1, "");
  const std::map<std::string, torch::Tensor> values = {
      {"score_predictor.in_conv.0.weight", norm_weight("sel.ln.weight")},
      {"score_predictor.in_conv.0.bias", seeded("sel.ln.bias", {4}, 0.1)},
      {"score_predictor.in_conv.1.weight", weight("sel.w1", {2, 4})},
      {"score_predictor.out_conv.0.weight", weight("sel.w2", {2, 4})},
      {"score_predictor.out_conv.2.weight", weight("sel.w3", {1, 2})}};
  const torch::NoGradGuard no_grad;
  for (auto& item : selector.named_parameters()) item.value().copy_(values.at(item.key()));
  selector.to(torch::kDouble);
  return selector;
}

TEST(TokenSelector, HasTheNamesOfTs2NetsCheckpoints) {
  TokenSelector selector(8, {}, 1, "head.visual_token_selector.");
  std::vector<std::string> names;
  for (const auto& [name, tensor] : state_of(selector)) names.push_back(name);
  EXPECT_THAT(names,
              testing::UnorderedElementsAre("score_predictor.in_conv.0.weight", "score_predictor.in_conv.0.bias",
                                            "score_predictor.in_conv.1.weight", "score_predictor.out_conv.0.weight",
                                            "score_predictor.out_conv.2.weight"));
}

TEST(TokenSelector, ScoresAndChoosesAsInTheWorkedExample) {
  const auto tokens = vision_tokens();
  expect_values(tokens[0][0][0], {0.465275, -0.691601, -0.736857, -2.388774});
  const auto frames = tokens.select(2, 0), patches = tokens.slice(2, 1);
  auto selector = worked_selector();
  expect_values(selector.scores(frames, patches), {0.104969, 0.054934, -0.084371, -0.137181});
  expect_values(selector.scores(frames, frames.unsqueeze(2)), {0.117286, -0.199164});
  const auto kept = selector.forward(frames, patches, {});
  EXPECT_TRUE(kept.places.equal(torch::zeros({1, 2, 1}, torch::kLong)));
  EXPECT_TRUE(kept.values.squeeze(2).equal(patches.select(2, 0)));
}

struct Perturbed {
  torch::Tensor scores = torch::tensor({{0.9, 0.5, 0.8, 0.1}}, torch::kDouble);
  torch::Tensor noise = torch::tensor(
      {{{0.0, 0.0, 0.0, 0.0}, {-1.0, 1.0, 0.0, 0.5}, {0.2, 0.9, -0.8, 0.0}, {-2.0, 0.0, -1.0, 1.5}}}, torch::kDouble);
  torch::Tensor gradient = torch::tensor({{{0.1, 0.2, 0.3, 0.4}, {0.2, 0.4, 0.6, 0.8}}}, torch::kDouble);
};

TEST(PerturbedTopK, GivesTheWorkedIndicatorAndGradients) {
  Perturbed worked;
  const auto indicator = perturbed_top_k(worked.scores, worked.noise, 2, 0.5);
  expect_values(indicator, {0.5, 0.5, 0, 0, 0, 0.25, 0.5, 0.25});
  const auto patches = torch::tensor({{1.0, 0.0}, {0.0, 1.0}, {2.0, 2.0}, {-1.0, 3.0}}, torch::kDouble);
  expect_values(torch::matmul(indicator[0], patches), {0.5, 0.5, 0.75, 2});
  EXPECT_TRUE(top_places(worked.scores, 2).equal(torch::tensor({{0, 2}})));
  for (const auto& [kind, expected] : std::vector<std::pair<PerturbedGradient, std::vector<double>>>{
           {PerturbedGradient::kFull, {-1.35, 0.625, -0.7, 0.95}},
           {PerturbedGradient::kDiagonal, {0.01, 0.28, 0, 0.6}}}) {
    auto scores = worked.scores.clone().requires_grad_();
    (perturbed_top_k(scores, worked.noise, 2, 0.5, kind) * worked.gradient).sum().backward();
    expect_values(scores.grad(), expected);
  }
}

TEST(PerturbedTopK, EqualScoresKeepTheLowerPlace) {
  EXPECT_TRUE(top_places(torch::tensor({{0.5, 0.7, 0.7, 0.7}}), 2).equal(torch::tensor({{1, 2}})));
}

TEST(TokenSelector, TrainingDrawsFromTheStepAlone) {
  const auto tokens = vision_tokens();
  const auto frames = tokens.select(2, 0), patches = tokens.slice(2, 1);
  auto selector = worked_selector({.kept = 1, .samples = 20, .sigma = 0.05});
  const auto values = [&](int64_t step) {
    return selector.forward(frames, patches, {.training = true, .seed = 5, .step = step}).values;
  };
  EXPECT_TRUE(values(1).equal(values(1)));
  EXPECT_FALSE(values(1).equal(values(2)));
  // Within what is kept lies a mixture of the frame's patches, whose shares are multiples of 1/20.
  const auto share = (values(1) - patches.slice(2, 1)) / (patches.slice(2, 0, 1) - patches.slice(2, 1));
  EXPECT_TRUE(torch::allclose(share * 20, (share * 20).round(), 1e-9, 1e-9)) << share;
}

TEST(TokenSelector, TrainingReachesTheScorerAndAFrameOfFewPatchesKeepsAll) {
  const auto tokens = vision_tokens();
  auto selector = worked_selector({.kept = 1, .samples = 50, .sigma = 0.05});
  selector.forward(tokens.select(2, 0), tokens.slice(2, 1), {.training = true}).values.sum().backward();
  for (const auto& item : selector.named_parameters()) EXPECT_GT(item.value().grad().abs().max().item<double>(), 1e-9);
  auto greedy = worked_selector({.kept = 7});
  EXPECT_TRUE(greedy.forward(tokens.select(2, 0), tokens.slice(2, 1), {}).values.equal(tokens.slice(2, 1)));
}

}  // namespace
}  // namespace tvr
