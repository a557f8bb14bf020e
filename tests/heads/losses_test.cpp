// Losses against losses.json, which tests/reference/heads/losses.py made, and the worked numbers of hcmi.md b.5 and
// encoders.md 7.2.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "heads/golden.h"
#include "model/seeded_weights.h"
#include "tvr/loss/loss.h"

namespace tvr {
namespace {

using test::seeded;

std::shared_ptr<Loss> make_loss(const std::string& yaml) {
  const auto node = ConfigNode::parse("loss: " + yaml);
  const auto builder = read_loss(node, builtin_losses());
  node.finish();
  return builder();
}
torch::Tensor total(const LossTerms& terms) {
  torch::Tensor sum;
  for (const auto& [name, term] : terms) sum = sum.defined() ? sum + term : term;
  return sum;
}

// The batch of losses.py.
struct Batch {
  static constexpr int64_t kPairs = 6, kWords = 5, kFrames = 4, kDim = 4;
  torch::Tensor logits = leaf(seeded("logits", {kPairs, kPairs}, 5));
  torch::Tensor similarities = leaf(seeded("similarities", {kPairs, kPairs}));
  TextFeatures text;
  VideoFeatures video;
  Targets targets = make_targets(torch::tensor({0, 1, 1, 2, 3, 0}));

  explicit Batch(bool denoised = false) {
    text.pooled = leaf(seeded("pooled", {kPairs, kDim}));
    text.tokens = leaf(seeded("tokens", {kPairs, kWords, kDim}));
    text.mask = mask_of({5, 2, 4, 1, 3, 5}, kWords);
    text.weights = weights_of("word_weights", text.mask);
    video.frames = leaf(seeded("frames", {kPairs, kFrames, kDim}));
    video.mask = mask_of({4, 4, 1, 2, 3, 4}, kFrames);
    video.weights = weights_of("frame_weights", video.mask);
    for (auto* target : {&targets.text_to_video, &targets.video_to_text}) *target = target->to(torch::kDouble);
    if (!denoised) return;
    auto positive = targets.same_video.clone();
    for (const auto& [i, j] : {std::pair(0, 3), {1, 4}, {4, 2}, {3, 4}, {4, 3}}) positive[i][j] = true;
    targets.text_to_video = targets.video_to_text = positive / positive.sum(1, true).to(torch::kDouble);
  }

  LossInput input() const {
    return {logits, {{"a", logits, {}}}, targets, {}, {{"sentence-video", similarities, {}}}, &text, &video};
  }
  std::map<std::string, torch::Tensor> leaves() const {
    return {{"logits", logits},
            {"similarities", similarities},
            {"pooled", text.pooled},
            {"tokens", text.tokens},
            {"word_weights", text.weights},
            {"frames", video.frames},
            {"frame_weights", video.weights}};
  }

 private:
  static torch::Tensor leaf(const torch::Tensor& values) { return values.to(torch::kDouble).requires_grad_(true); }
  static torch::Tensor mask_of(const std::vector<int64_t>& lengths, int64_t places) {
    return torch::arange(places).unsqueeze(0).lt(torch::tensor(lengths).unsqueeze(1));
  }
  static torch::Tensor weights_of(const char* name, const torch::Tensor& mask) {
    const auto raw = seeded(name, mask.sizes()).to(torch::kDouble).abs() * mask;
    return leaf(raw / raw.sum(1, true));
  }
};

class LossGolden : public testing::TestWithParam<size_t> {};

TEST_P(LossGolden, ValueAndGradientsEqualTheReference) {
  const auto golden = test::head_golden("losses.json").at(GetParam());
  SCOPED_TRACE(golden["settings"].dump() + (golden["denoised"].get<bool>() ? " denoised" : ""));
  const Batch batch(golden["denoised"].get<bool>());
  const auto loss = make_loss(test::yaml_of(golden["settings"]));
  loss->to(torch::kDouble);
  const auto value = total(loss->terms(batch.input()));
  EXPECT_NEAR(value.item<double>(), golden["value"].get<double>(),
              1e-6 * (1 + std::abs(golden["value"].get<double>())));
  value.backward();
  for (const auto& [name, leaf] : batch.leaves()) {
    const bool expected = golden["gradients"].contains(name);
    if (expected && leaf.grad().defined()) {
      EXPECT_LT(test::relative_difference(leaf.grad(), golden["gradients"][name]), 1e-5) << name;
    } else {
      EXPECT_TRUE(!expected) << name;
      EXPECT_TRUE(!leaf.grad().defined() || leaf.grad().abs().max().item<double>() == 0) << name;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Cases, LossGolden, testing::Range(size_t{0}, test::head_golden("losses.json").size()));

// The example of hcmi.md b.5; rows of S are videos.
const torch::Tensor kExample = torch::tensor({{0.6, 0.5, 0.1}, {0.2, 0.4, 0.45}, {0.3, 0.0, 0.5}}, torch::kDouble);
LossInput example(bool denoised) {
  auto targets = make_targets(torch::arange(3));
  if (denoised)
    targets.text_to_video = targets.video_to_text = torch::tensor({{0.5, 0.5, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}});
  return {10 * kExample.t(), {}, targets, {}, {{"video-sentence", kExample.t(), {}}}};
}
double of_example(const std::string& yaml, bool denoised) {
  return total(make_loss(yaml)->terms(example(denoised))).item<double>();
}

TEST(LossExample, PlainInfoNce) {
  EXPECT_NEAR(of_example("{type: info_nce}", false), 0.557400, 1e-6);
  EXPECT_NEAR(of_example("{type: multi_positive}", false), 0.557400, 1e-6);
}
TEST(LossExample, MultiPositive) {
  EXPECT_NEAR(of_example("{type: multi_positive}", true), 0.974067, 1e-6);
  EXPECT_NEAR(of_example("{type: info_nce}", true), 0.974067, 1e-6);
}
TEST(LossExample, MarginWithAndWithoutPotentialPositives) {
  EXPECT_NEAR(of_example("{type: margin, exclude_potential: false}", true), 0.133333, 1e-6);
  EXPECT_NEAR(of_example("{type: margin}", true), 0.116667, 1e-6);
  EXPECT_NEAR(of_example("{type: margin}", false), 0.133333, 1e-6);
}

TEST(LossExample, SigmoidOfTheTinySiglip) {
  const auto logits =
      torch::tensor({{-10.6377640, -10.5941849}, {-9.7397709, -10.0500269}}, torch::kDouble) + 10;  // the bias is ours
  const LossInput input{logits, {}, make_targets(torch::arange(2)), {}};
  EXPECT_NEAR(total(make_loss("{type: sigmoid}")->terms(input)).item<double>(), 10.3439713, 1e-6);
}

TEST(Sigmoid, OwnsItsBias) {
  const auto loss = make_loss("{type: sigmoid, logit_bias: -3}");
  ASSERT_EQ(loss->named_parameters().size(), 1u);
  EXPECT_THAT(loss->named_parameters()[0].key(), testing::EndsWith("logit_bias"));
  total(loss->terms(example(false))).backward();
  EXPECT_NE(loss->parameters()[0].grad().item<double>(), 0);
}

// With one frame of one video as all it can draw, every draw is the same; otherwise draws differ by step alone.
TEST(ChannelDecorrelation, DrawsTheTokensOfAPairFromTheStep) {
  const Batch batch;
  const auto loss = make_loss("{type: channel_decorrelation, tokens: one}");
  auto input = batch.input();
  const auto at_step = [&](int64_t step) {
    input.step.step = step;
    return total(loss->terms(input)).item<double>();
  };
  EXPECT_EQ(at_step(1), at_step(1));
  EXPECT_NE(at_step(1), at_step(2));
  auto single = batch.text;
  single.mask = torch::arange(Batch::kWords).unsqueeze(0).lt(1).expand({Batch::kPairs, -1});
  auto one_frame = batch.video;
  one_frame.mask = torch::arange(Batch::kFrames).unsqueeze(0).lt(1).expand({Batch::kPairs, -1});
  input.text = &single;
  input.video = &one_frame;
  EXPECT_EQ(at_step(1), at_step(2));
  EXPECT_NEAR(at_step(1), total(make_loss("{type: channel_decorrelation, tokens: mean}")->terms(input)).item<double>(),
              1e-12);
}

TEST(ChannelDecorrelation, StaysFiniteWithoutSpreadAndWithoutFrames) {
  Batch batch;
  const torch::NoGradGuard no_grad;
  batch.text.tokens.fill_(1);
  batch.video.mask[2].fill_(false);
  for (const auto* tokens : {"weighted", "mean", "one", "pooled"}) {
    const auto loss = make_loss(std::string("{type: channel_decorrelation, tokens: ") + tokens + "}");
    EXPECT_TRUE(std::isfinite(total(loss->terms(batch.input())).item<double>())) << tokens;
  }
}

TEST(ChannelDecorrelation, SaysWhatAHeadWithoutWordsLacks) {
  Batch batch;
  batch.text.tokens = torch::Tensor();
  EXPECT_THROW(make_loss("{type: channel_decorrelation}")->terms(batch.input()), ConfigError);
  EXPECT_NO_THROW(make_loss("{type: channel_decorrelation, tokens: pooled}")->terms(batch.input()));
}

TEST(Margin, LooksAtThePartItIsTold) {
  auto input = example(false);
  input.similarities.push_back({"frame-word", torch::eye(3, torch::kDouble), {}});
  EXPECT_NEAR(total(make_loss("{type: margin}")->terms(input)).item<double>(), 0.133333, 1e-6);
  EXPECT_EQ(total(make_loss("{type: margin, part: frame-word}")->terms(input)).item<double>(), 0);
  EXPECT_THROW(make_loss("{type: margin, part: clip-phrase}")->terms(input), ConfigError);
  input.similarities[0].name = "word-patches";
  EXPECT_THROW(make_loss("{type: margin}")->terms(input), ConfigError);
}

TEST(Margin, IsZeroWithoutNegatives) {
  const LossInput input{kExample, {}, make_targets(torch::zeros({3}, torch::kLong)), {}, {{"a", kExample, {}}}};
  EXPECT_EQ(total(make_loss("{type: margin}")->terms(input)).item<double>(), 0);
}

// Whatever the loss: for captions of one video its derivative by their similarity is never above zero.
class EveryLoss : public testing::TestWithParam<std::string> {};

TEST_P(EveryLoss, NeverPushesCaptionsOfOneVideoApart) {
  for (const bool denoised : {false, true}) {
    for (const double scale : {0.2, 1.0, 4.0}) {
      Batch batch(denoised);
      auto input = batch.input();
      input.logits = (scale * batch.logits).detach().requires_grad_(true);
      input.parts = {{"sentence-video", input.logits, {}}};
      total(make_loss("{type: " + GetParam() + "}")->terms(input)).backward();
      const auto others = batch.targets.same_video.logical_and(torch::eye(Batch::kPairs).eq(0));
      for (const auto& gradient : {input.logits.grad(), batch.similarities.grad()}) {
        if (!gradient.defined()) continue;
        EXPECT_LE(gradient.masked_select(others).max().item<double>(), 0) << gradient;
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Registered, EveryLoss, testing::ValuesIn(builtin_losses().names()),
                         [](const auto& test) { return test.param; });

TEST(StrictLoss, PushesCaptionsOfOneVideoApart) {
  for (const auto* type : {"info_nce", "multi_positive", "sigmoid", "dual_softmax"}) {
    const Batch batch;
    total(make_loss(std::string("{same_video: strict, type: ") + type + "}")->terms(batch.input())).backward();
    EXPECT_GT(batch.logits.grad()[0][5].item<double>(), 0) << type;
  }
}

TEST(LossRegistry, HoldsTheLossesThisSuiteExpects) {
  EXPECT_THAT(builtin_losses().names(), testing::IsSupersetOf({"channel_decorrelation", "dual_softmax", "info_nce",
                                                               "margin", "multi_positive", "sigmoid"}));
}

// Pulled, not only left alone, where a loss is told so; and apart by a strict one.
TEST(MultiPositive, PullsOtherCaptionsIfTheyArePositives) {
  for (const auto* form : {"soft", "logsum"}) {
    auto input = Batch().input();
    input.logits = torch::zeros({Batch::kPairs, Batch::kPairs}, torch::kDouble).requires_grad_(true);
    total(make_loss(std::string("{type: multi_positive, same_video: positive, form: ") + form + "}")->terms(input))
        .backward();
    EXPECT_LT(input.logits.grad()[0][5].item<double>(), -1e-3) << form;
  }
}

}  // namespace
}  // namespace tvr
