// HCMI (reconstruction): the worked numbers of hcmi.md, and hcmi.json, which tests/reference/heads/hcmi.py made.
#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <sstream>

#include "conformance/random_features.h"
#include "heads/golden.h"
#include "model/seeded_weights.h"
#include "tvr/model/aggregation.h"
#include "tvr/model/interaction_head.h"
#include "tvr/model/pooling.h"
#include "tvr/model/token_interaction.h"
#include "tvr/model/token_weights.h"
#include "tvr/model/transformer.h"

namespace tvr {
namespace {

using test::seeded;

std::shared_ptr<InteractionHead> make_head(const std::string& options, const HeadContext& context) {
  const auto node = ConfigNode::parse("head: {type: hcmi" + options + "}");
  const auto builder = read_plugin(builtin_heads(), node, "head", "");
  node.finish();
  return builder(context);
}

torch::Tensor mask_of(const std::vector<int64_t>& lengths, int64_t places) {
  return torch::arange(places).unsqueeze(0).lt(torch::tensor(lengths).unsqueeze(1));
}

// A prepared video of one vector each.
VideoFeatures whole_videos(const torch::Tensor& values) {
  VideoFeatures video;
  video.sets["video"] = {values.unsqueeze(1), torch::ones({values.size(0), 1}, torch::kBool), {}, {}};
  return video;
}
torch::Tensor at_angles(const std::vector<double>& degrees) {
  const auto radians = torch::tensor(degrees) * (M_PI / 180);
  return torch::stack({radians.cos(), radians.sin()}, 1);
}

class HcmiGolden : public testing::TestWithParam<size_t> {
 protected:
  static void expect_gradients(const nlohmann::json& golden, const std::map<std::string, torch::Tensor>& leaves) {
    for (const auto& [name, values] : golden.items()) {
      ASSERT_TRUE(leaves.count(name) > 0) << name;
      ASSERT_TRUE(leaves.at(name).grad().defined()) << name;
      EXPECT_LT(test::relative_difference(leaves.at(name).grad(), values), 1e-5) << name;
    }
  }
};

TEST_P(HcmiGolden, ScoresAndGradientsEqualTheReference) {
  const auto golden = test::head_golden("hcmi.json").at(GetParam());
  SCOPED_TRACE(golden["settings"].dump());
  constexpr int64_t kTexts = 3, kVideos = 4, kWords = 7, kFrames = 6, kDim = 4;
  auto options = test::yaml_of(golden["settings"]);
  options = options == "{}" ? "" : ", " + options.substr(1, options.size() - 2);
  const auto head = make_head(", positions: 6" + options, HeadContext{kDim, kFrames, kWords, 1});
  test::fill_by_name(*head);
  head->to(torch::kDouble);
  const auto leaf = [](const char* name, at::IntArrayRef shape) {
    return seeded(name, shape, 2).to(torch::kDouble).requires_grad_(true);
  };
  TextFeatures text;
  text.pooled = leaf("pooled", {kTexts, kDim});
  text.tokens = leaf("tokens", {kTexts, kWords, kDim});
  text.mask = mask_of({7, 2, 5}, kWords);
  VideoFeatures video;
  video.frames = leaf("frames", {kVideos, kFrames, kDim});
  video.mask = mask_of({6, 1, 4, 2}, kFrames);
  const auto parts = head->parts(head->prepare(text, {}), head->prepare(video, {}), {});
  const auto scores = torch::stack({parts[0].value, parts[1].value, parts[2].value});
  EXPECT_LT(test::relative_difference(scores, golden["scores"]), 1e-6);
  (scores * seeded("gradient", scores.sizes()).to(torch::kDouble)).sum().backward();
  expect_gradients(golden["inputs"], {{"pooled", text.pooled}, {"tokens", text.tokens}, {"frames", video.frames}});
  std::map<std::string, torch::Tensor> parameters;
  for (const auto& item : head->named_parameters()) parameters[item.key()] = item.value();
  EXPECT_EQ(parameters.size(), golden["parameters"].size());
  expect_gradients(golden["parameters"], parameters);
}
INSTANTIATE_TEST_SUITE_P(Cases, HcmiGolden, testing::Range(size_t{0}, test::head_golden("hcmi.json").size()));

TEST(Hcmi, UntrainedIsMeanPoolingOfSegments) {
  const FeatureSizes sizes{.words = 32, .frames = 12};
  const auto head = make_head("", HeadContext{sizes.dim, sizes.frames, sizes.words, 3});
  const auto text = random_texts(sizes, 1, torch::kDouble);
  const auto video = random_videos(sizes, 1, torch::kDouble);
  head->to(torch::kDouble);
  const auto parts = head->parts(head->prepare(text, {}), head->prepare(video, {}), {});
  const auto clips = segment_means(video.frames, video.mask, 3), phrases = segment_means(text.tokens, text.mask, 8);
  const auto whole = [](const torch::Tensor& tokens) {
    const auto mask = torch::ones({tokens.size(0), tokens.size(1)}, torch::kBool);
    return WeightedTokens{tokens, mask, uniform_weights(mask, torch::kDouble)};
  };
  const auto words = WeightedTokens{text.tokens, text.mask, uniform_weights(text.mask, torch::kDouble)};
  const auto frames = WeightedTokens{video.frames, video.mask, uniform_weights(video.mask, torch::kDouble)};
  EXPECT_TRUE(torch::allclose(parts[0].value, token_similarity(words, frames), 1e-12, 1e-12));
  EXPECT_TRUE(torch::allclose(parts[1].value, token_similarity(whole(phrases), whole(clips)), 1e-12, 1e-12));
  EXPECT_TRUE(torch::allclose(parts[2].value, torch::matmul(unit(text.pooled), unit(clips.mean(1)).t()), 1e-12, 1e-12));
  const auto mean_pool = torch::matmul(unit(text.pooled), unit(mean_frame(video, false)).t());
  EXPECT_TRUE(torch::allclose(parts[2].value.select(1, 0), mean_pool.select(1, 0), 1e-12, 1e-12));  // all 12 frames
}

// Two blocks of width 8 and positions of its own.
class SmallText final : public TextEncoder {
 public:
  SmallText() {
    TransformerConfig config;
    config.width = 8;
    config.layers = 2;
    config.heads = 1;
    config.mlp_width = 32;
    register_module("transformer", std::make_shared<Transformer>(config));
    register_parameter("positional_embedding", torch::zeros({5, 8}));
    fill_parameters(*this, 4);
  }
  int64_t dim() const override { return 8; }
  int64_t heads() const override { return 1; }
  int64_t context_length() const override { return 5; }
  TextFeatures encode(const TextInput& /*text*/, const StepContext& /*step*/) override { return {}; }
};

TEST(Hcmi, BeginsFromATextTowersAttentionAndStaysMeanPooling) {
  const FeatureSizes sizes;
  const auto head = make_head("", HeadContext{sizes.dim, sizes.frames, sizes.words, 3});
  const auto score = [&] {
    return head
        ->parts(head->prepare(random_texts(sizes, 1, torch::kFloat), {}),
                head->prepare(random_videos(sizes, 1, torch::kFloat), {}), {})[2]
        .value;
  };
  const auto before = score();
  const SmallText text;
  head->start_from(text);
  const auto ours = head->named_parameters(), theirs = text.named_parameters();
  const std::string first = "transformer.resblocks.0.", second = "transformer.resblocks.1.";
  EXPECT_TRUE(ours["to_clips.attn.in_proj_weight"].equal(theirs[first + "attn.in_proj_weight"]));
  EXPECT_TRUE(ours["to_phrases.ln_1.weight"].equal(theirs[first + "ln_1.weight"]));
  EXPECT_TRUE(ours["to_video.attn.out_proj.weight"].equal(theirs[second + "attn.out_proj.weight"]));
  EXPECT_TRUE(ours["frame_position_embeddings.weight"].slice(0, 0, 5).equal(theirs["positional_embedding"]));
  EXPECT_TRUE(score().equal(before));
}

TEST(Hcmi, HasTheParametersOfTheBudget) {
  const auto head = make_head("", HeadContext{512, 12, 32, 1});
  int64_t count = 0;
  for (const auto& parameter : head->parameters()) count += parameter.numel();
  EXPECT_EQ(count, 17'914'884);  // hcmi.md a.5
  for (const auto& info : head->part_infos()) EXPECT_DOUBLE_EQ(info.weight, 1.0 / 3);
}

TEST(Hcmi, WeighsTokensBeforeTheyAreNormalised) {
  TokenWeights of_text(2, 2, 1, "text."), of_video(2, 2, 1, "video.");
  const torch::NoGradGuard no_grad;
  for (auto* weights : {&of_text, &of_video}) {
    auto parameters = weights->named_parameters();
    parameters["0.weight"].copy_(torch::eye(2));
    for (const auto* bias : {"0.bias", "2.bias"}) parameters[bias].zero_();
  }
  of_text.named_parameters()["2.weight"].copy_(torch::tensor({{1.0, -1.0}}));
  of_video.named_parameters()["2.weight"].copy_(torch::tensor({{0.5, 0.5}}));
  const auto words = torch::tensor({{{2.0, 0.0}, {1.0, 1.0}}}), frames = torch::tensor({{{1.0, 1.0}, {0.0, 3.0}}});
  const auto mask = torch::ones({1, 2}, torch::kBool);
  const WeightedTokens text{words, mask, of_text.forward(words, mask)};
  const WeightedTokens video{frames, mask, of_video.forward(frames, mask)};
  EXPECT_NEAR(text.weights[0][0].item<double>(), 0.880797, 1e-6);
  EXPECT_NEAR(video.weights[0][1].item<double>(), 0.622459, 1e-6);
  TokenSimilarity half;
  half.direction = Direction::kText;
  EXPECT_NEAR(token_similarity(text, video, half).item<double>(), 0.742021, 1e-6);
  half.direction = Direction::kVisual;
  EXPECT_NEAR(token_similarity(text, video, half).item<double>(), 0.817686, 1e-6);
  EXPECT_NEAR(token_similarity(text, video).item<double>(), 0.779853, 1e-6);
}

TEST(HcmiDenoising, FindsTheWorkedExamplesPotentialPositives) {
  const auto head = make_head("", HeadContext{2, 2, 2, 1});
  const auto targets = head->refine(make_targets(torch::arange(3)), whole_videos(at_angles({0, 5, 80})),
                                    whole_videos(at_angles({20, 12, 100})), {});
  const auto expected = torch::tensor({{0.5, 0.5, 0.0}, {0.0, 1.0, 0.0}, {0.0, 0.0, 1.0}});
  EXPECT_TRUE(targets.text_to_video.equal(expected.to(torch::kFloat))) << targets.text_to_video;
  EXPECT_TRUE(targets.video_to_text.equal(expected.to(torch::kFloat)));  // own row in both directions
}

TEST(HcmiDenoising, EqualVideosShareATargetWhateverTheyLookLike) {
  const auto head = make_head("", HeadContext{2, 2, 2, 1});
  const auto targets = head->refine(make_targets(torch::tensor({4, 7, 4})), whole_videos(at_angles({0, 5, 80})),
                                    whole_videos(at_angles({20, 12, 100})), {});
  EXPECT_TRUE(torch::allclose(targets.text_to_video[0], torch::full({3}, 1.0 / 3)));
  EXPECT_TRUE(targets.text_to_video[2].equal(torch::tensor({0.5, 0.0, 0.5}, torch::kFloat)));
}

TEST(HcmiDenoising, AVideoWithoutFramesIsNobodysPositive) {
  const auto head = make_head("", HeadContext{2, 2, 2, 1});
  auto first = whole_videos(at_angles({0, 5, 80})), second = whole_videos(at_angles({20, 12, 100}));
  for (auto* view : {&first, &second}) {
    view->sets["video"].values[1].zero_();
    view->sets["video"].mask[1].fill_(false);
  }
  EXPECT_TRUE(head->refine(make_targets(torch::arange(3)), first, second, {}).text_to_video.equal(torch::eye(3)));
}

TEST(HcmiDenoising, BeginsAfterItsShareOfTheRun) {
  const auto head = make_head(", denoise_start: 0.5", HeadContext{2, 2, 2, 1});
  StepContext step{true, 1, 49, 100};
  const auto refined = [&] {
    return head->refine(make_targets(torch::arange(3)), whole_videos(at_angles({0, 5, 80})),
                        whole_videos(at_angles({20, 12, 100})), step);
  };
  EXPECT_TRUE(refined().text_to_video.equal(torch::eye(3)));
  step.step = 50;
  EXPECT_FALSE(refined().text_to_video.equal(torch::eye(3)));
}

TEST(HcmiDenoising, SaysOnceThatTheViewsAreEqual) {
  const auto before = spdlog::default_logger();
  std::ostringstream said;
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(said)));
  const auto head = make_head("", HeadContext{2, 2, 2, 1});
  const auto view = whole_videos(at_angles({0, 5, 80}));
  for (int i = 0; i < 2; ++i) head->refine(make_targets(torch::arange(3)), view, view, {});
  spdlog::set_default_logger(before);
  const auto text = said.str();
  EXPECT_THAT(text, testing::HasSubstr("loader.train_sampling=random"));
  EXPECT_EQ(text.find("both views"), text.rfind("both views"));
}

TEST(HcmiDenoising, SaysHowManyViewsItNeeds) {
  const HeadContext context{2, 2, 2, 1};
  EXPECT_EQ(make_head("", context)->needs().views, 2);
  EXPECT_EQ(make_head("", context)->needs().trained_views, 2);
  EXPECT_EQ(make_head(", views: first", context)->needs().trained_views, 1);
  EXPECT_EQ(make_head(", denoise: false", context)->needs().views, 1);
  EXPECT_EQ(make_head(", denoise: false", context)->needs().trained_views, 1);
}

TEST(Hcmi, RefusesMoreFramesThanPositions) {
  EXPECT_THROW(make_head(", positions: 3", HeadContext{2, 4, 2, 1}), ConfigError);
}

}  // namespace
}  // namespace tvr
