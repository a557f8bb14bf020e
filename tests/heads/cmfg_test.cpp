// CMFG (reconstruction) against the worked numbers of cmfg.md e.3 and against tests/reference/heads/cmfg.py.
#include <ATen/record_function.h>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "conformance/random_features.h"
#include "model/seeded_weights.h"
#include "tvr/base/file.h"
#include "tvr/loss/loss.h"
#include "tvr/model/grain_interaction.h"
#include "tvr/model/interaction_head.h"
#include "tvr/model/pooling.h"
#include "tvr/model/region_pooling.h"
#include "tvr/model/score.h"

namespace tvr {
namespace {

using nlohmann::json;
using test::seeded;

std::shared_ptr<InteractionHead> make_head(const std::string& settings, const HeadContext& context) {
  const auto node = ConfigNode::parse("head: {type: cmfg" + (settings.empty() ? "" : ", " + settings) + "}");
  const auto builder = read_plugin(builtin_heads(), node, "head", "");
  node.finish();
  auto head = builder(context);
  head->to(torch::kDouble);
  return head;
}
// Every parameter as the generator of encoders.md 7.1 gives it for its own name.
void fill_by_name(InteractionHead& head) {
  const torch::NoGradGuard no_grad;
  for (auto& item : head.named_parameters()) {
    const auto shape = item.value().sizes().vec();
    const auto inputs = static_cast<double>(item.value().numel() / shape[0]);
    const auto values = seeded(item.key(), shape, shape.size() >= 2 ? std::sqrt(3 / inputs) : 0.1);
    item.value().copy_(shape.size() == 1 && item.key().ends_with(".weight") ? values + 1.0f : values);
  }
}
Parts parts_of(InteractionHead& head, const TextFeatures& text, const VideoFeatures& video,
               const StepContext& step = {}) {
  return head.parts(head.prepare(text, step), head.prepare(video, step), step);
}
torch::Tensor real(at::IntArrayRef shape) {
  return torch::ones(shape, torch::kBool);
}

// ---- The worked numbers, D = 2.

TextFeatures worked_text() {
  TextFeatures text;
  text.pooled = torch::tensor({{2.0, 1.0}}, torch::kDouble);
  text.tokens = torch::tensor({{{1.0, 0.0}, {1.0, 1.0}}}, torch::kDouble);
  text.mask = real({1, 2});
  return text;
}
VideoFeatures worked_video() {
  VideoFeatures video;
  video.frames = torch::tensor({{{1.0, 1.0}, {0.0, 1.0}}}, torch::kDouble);
  video.patches = torch::tensor({{{{1.0, 0.0}, {0.0, 1.0}}, {{1.0, 2.0}, {-1.0, 1.0}}}}, torch::kDouble);
  video.mask = real({1, 2});
  return video;
}
std::map<std::string, double> worked_scores(const std::string& settings) {
  const auto head = make_head("temporal: none, " + settings, {2, 2, 2});
  std::map<std::string, double> scores;
  double total = 0;
  const auto parts = parts_of(*head, worked_text(), worked_video());
  for (size_t i = 0; i < parts.size(); ++i) {
    scores[parts[i].name] = parts[i].value.item<double>();
    total += head->part_infos()[i].weight * scores[parts[i].name];
  }
  scores["sum"] = total;
  return scores;
}
void expect_scores(const std::map<std::string, double>& found, const std::map<std::string, double>& expected) {
  for (const auto& [name, value] : expected) EXPECT_NEAR(found.at(name), value, 1e-6) << name;
}

double similarity(const WeightedTokens& text, const WeightedTokens& video, const GrainSettings& settings = {}) {
  return grain_similarities({{text, {}}}, video, settings).at(0).item<double>();
}

TEST(CmfgWorked, SixPairsAndTheirPresets) {
  expect_scores(worked_scores("interaction: mean"), {{"vs", 0.755454},
                                                     {"vw", 0.788581},
                                                     {"fs", 0.823316},
                                                     {"fw", 0.853553},
                                                     {"rs", 0.675390},
                                                     {"rw", 0.819145},
                                                     {"sum", 0.785906}});
  for (const auto& [preset, sum] : std::map<std::string, double>{
           {"same_level", 0.809384}, {"xclip4", 0.805226}, {"fine", 0.836349}, {"vs", 0.755454}})
    expect_scores(worked_scores("interaction: mean, pairs: " + preset), {{"sum", sum}});
}

TEST(CmfgWorked, APairListIsAPresetOfOnesOwn) {
  const auto scores = worked_scores("interaction: mean, pair_list: [rw, vs]");
  EXPECT_EQ(scores.size(), 3U);
  expect_scores(scores, {{"sum", (0.819145 + 0.755454) / 2}});
}

TEST(CmfgWorked, WeightedWordsAndFrames) {
  const auto words = torch::tensor({{0.0, 1.0}}, torch::kDouble).softmax(1);
  const auto frames = torch::tensor({{1.0, 0.0}}, torch::kDouble).softmax(1);
  const WeightedTokens text{worked_text().tokens, real({1, 2}), words};
  const WeightedTokens video{worked_video().frames, real({1, 2}), frames};
  EXPECT_NEAR(similarity(text, video), 0.921229, 1e-6);
}

TEST(CmfgWorked, RegionsFrameByFrame) {
  const auto scores = worked_scores("interaction: mean, region_layout: per_frame");
  expect_scores(scores, {{"rs", 0.870820}, {"rw", 0.974342}});
  // The matrices of best regions: one token of the text against the regions of one frame.
  const auto best = [](const torch::Tensor& token, int64_t frame) {
    const auto regions = worked_video().patches.select(1, frame);
    GrainSettings per_frame;
    per_frame.frames = 1;
    return similarity(single_token(token.unsqueeze(0)), {regions, real({1, 2}), torch::ones({1, 1}, torch::kDouble)},
                      per_frame);
  };
  const auto text = worked_text();
  const std::vector<std::pair<torch::Tensor, std::vector<double>>> expected = {
      {text.pooled[0], {0.894427, 0.8}}, {text.tokens[0][0], {1, 0.447214}}, {text.tokens[0][1], {0.707107, 0.948683}}};
  for (const auto& [token, values] : expected)
    for (int64_t frame = 0; frame < 2; ++frame) EXPECT_NEAR(best(token, frame), values[frame], 1e-6);

  GrainSettings per_frame;
  per_frame.frames = 2;
  const WeightedTokens words{text.tokens, real({1, 2}), torch::tensor({{0.0, 1.0}}, torch::kDouble).softmax(1)};
  const WeightedTokens regions{worked_video().patches.flatten(1, 2), real({1, 4}),
                               torch::tensor({{2.0, 0.0}}, torch::kDouble).softmax(1)};
  EXPECT_NEAR(similarity(words, regions, per_frame), 0.978184, 1e-6);
}

TEST(CmfgWorked, RegionsMostLikeTheirFrame) {
  auto video = worked_video();
  video.frames = torch::tensor({{{1.0, 2.0}, {-1.0, 2.0}}}, torch::kDouble);
  const auto likeness = frame_likeness(video);
  EXPECT_TRUE(
      torch::allclose(likeness[0], torch::tensor({{0.447214, 0.894427}, {0.6, 0.948683}}, torch::kDouble), 0, 1e-6))
      << likeness;
  const auto head = make_head("interaction: mean, temporal: none, region_mode: topk, regions_per_frame: 1", {2, 2, 2});
  const auto prepared = head->prepare(video, {});
  EXPECT_TRUE(prepared.sets.at("regions").values.equal(torch::tensor({{{0.0, 1.0}, {-1.0, 1.0}}}, torch::kDouble)));
  EXPECT_TRUE(prepared.patch_indices.equal(torch::ones({1, 2, 1}, torch::kLong)));
  const auto parts = head->parts(head->prepare(worked_text(), {}), prepared, {});
  EXPECT_NEAR(parts[2].value.item<double>(), 0.256353, 1e-6);
  EXPECT_NEAR(parts[5].value.item<double>(), 0.353553, 1e-6);
}

TEST(CmfgWorked, PaddingIsLeftOutOrOffersZero) {
  auto text = worked_text();
  text.tokens = torch::tensor({{{1.0, 0.0}, {1.0, 1.0}, {1.0, 0.5}}}, torch::kDouble);
  text.mask = torch::tensor({{true, true, false}});
  auto video = worked_video();
  video.frames = torch::tensor({{{-1.0, 0.0}, {-1.0, -2.0}}}, torch::kDouble);
  for (const auto& [setting, expected] : std::map<std::string, double>{{"false", -0.577160}, {"true", -0.288580}}) {
    const auto head = make_head("interaction: mean, temporal: none, pair_list: [fw], mask_zero: " + setting, {2, 2, 3});
    EXPECT_NEAR(parts_of(*head, text, video)[0].value.item<double>(), expected, 1e-6);
  }
}

TEST(CmfgWorked, AttentionOverSimilarities) {
  auto text = worked_text();
  text.tokens = torch::tensor({{{1.0, 0.0}, {1.0, 1.0}, {1.0, 3.0}}}, torch::kDouble);
  text.mask = real({1, 3});
  auto video = worked_video();
  video.frames = torch::tensor({{{2.0, 1.0}, {-1.0, 2.0}}}, torch::kDouble);
  const std::map<std::string, std::vector<double>> expected = {
      {"0.01", {0.707107, 0.999997, 1.0, 0.948445, 0.913887}},
      {"0.5", {0.707107, 0.874221, 0.880797, 0.766578, 0.807176}}};
  for (const auto& [temperature, values] : expected) {
    const auto head =
        make_head("interaction: aosm, temporal: none, pairs: xclip4, attention_temperature: " + temperature, {2, 2, 3});
    const auto parts = parts_of(*head, text, video);
    double mean = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      EXPECT_NEAR(parts[i].value.item<double>(), values[i], 1e-6) << parts[i].name;
      mean += head->part_infos()[i].weight * parts[i].value.item<double>();
    }
    EXPECT_NEAR(mean, values[4], 1e-6);
  }
  const auto uniform = make_head("interaction: mean, temporal: none, pair_list: [fw]", {2, 2, 3});
  EXPECT_NEAR(parts_of(*uniform, text, video)[0].value.item<double>(), 0.838984, 1e-6);
}

TEST(RegionPooling, BinsAreThoseOfAdaptiveAverages) {
  VideoFeatures video;
  video.mask = real({1, 1});
  for (const auto& [side, bins] : std::map<int64_t, std::vector<std::pair<int64_t, int64_t>>>{
           {7, {{0, 3}, {2, 5}, {4, 7}}}, {14, {{0, 5}, {4, 10}, {9, 14}}}}) {
    video.patches = random_tensor({1, 1, side * side, 2}, 1, "patches", torch::kDouble);
    const auto grid = video.patches[0][0].view({side, side, 2});
    const auto pooled = average_regions(video, 3);
    for (size_t y = 0; y < 3; ++y)
      for (size_t x = 0; x < 3; ++x) {
        const auto bin = grid.slice(0, bins[y].first, bins[y].second).slice(1, bins[x].first, bins[x].second);
        const auto place = static_cast<int64_t>(3 * y + x);
        EXPECT_TRUE(torch::allclose(pooled.patches[0][0][place], bin.flatten(0, 1).mean(0), 1e-12, 1e-12)) << place;
      }
    EXPECT_EQ(pooled.patch_indices[0][0][4].item<int64_t>(), side / 2 * side + side / 2);
  }
}

// ---- The independent version.

struct Inputs {
  TextFeatures text;
  VideoFeatures video;
  std::map<std::string, torch::Tensor> leaves;
};
Inputs golden_inputs() {
  Inputs inputs;
  const auto leaf = [&](const std::string& name, at::IntArrayRef shape) {
    return inputs.leaves[name] = seeded(name, shape, 2).to(torch::kDouble).requires_grad_();
  };
  const auto mask = [](const std::vector<int64_t>& counts, int64_t length) {
    return torch::arange(length).unsqueeze(0) < torch::tensor(counts).unsqueeze(1);
  };
  inputs.text.pooled = leaf("pooled", {3, 8});
  inputs.text.tokens = leaf("tokens", {3, 5, 8});
  inputs.text.mask = mask({5, 3, 4}, 5);
  inputs.video.frames = leaf("frames", {4, 3, 8});
  inputs.video.patches = leaf("patches", {4, 3, 9, 8});
  inputs.video.mask = mask({3, 2, 1, 3}, 3);
  inputs.video.experts["boxes"] = {leaf("boxes", {4, 6, 8}), real({4, 6}), {}, {}};
  return inputs;
}
void expect_close(const torch::Tensor& found, const json& golden, const std::string& what) {
  const auto expected = torch::tensor(golden.get<std::vector<double>>(), torch::kDouble);
  ASSERT_EQ(found.numel(), expected.numel()) << what;
  const double largest = std::max(1e-3, expected.abs().max().item<double>());
  EXPECT_LT((found.flatten() - expected).abs().max().item<double>() / largest, 1e-5) << what;
}
void expect_golden(const json& golden, int64_t block_bytes) {
  std::string settings;
  if (!golden["settings"].contains("temporal")) settings = "temporal: none";
  for (const auto& [key, value] : golden["settings"].items())
    settings += (settings.empty() ? "" : ", ") + key + ": " + value.get<std::string>();
  SCOPED_TRACE(settings);
  const auto head = make_head(settings, {8, 3, 5, 1, block_bytes});
  fill_by_name(*head);
  auto inputs = golden_inputs();
  std::vector<torch::Tensor> scores;
  StepContext step;  // in training the weights of regions are made with the scores, but regions also chosen by chance
  step.training = block_bytes < 10000 && golden["settings"].value("region_mode", "") != "topk_learned";
  for (const auto& part : parts_of(*head, inputs.text, inputs.video, step)) scores.push_back(part.value);
  const auto all = torch::stack(scores);
  expect_close(all, golden["scores"], "scores");
  (all * seeded("gradient", all.sizes())).sum().backward();
  for (const auto& [name, values] : golden["inputs"].items()) expect_close(inputs.leaves.at(name).grad(), values, name);
  const auto parameters = head->named_parameters();
  for (const auto& [name, values] : golden["parameters"].items()) {
    ASSERT_TRUE(parameters.contains(name)) << name;
    ASSERT_TRUE(parameters[name].grad().defined() || values.empty()) << name;
    expect_close(parameters[name].grad(), values, name);
  }
}

TEST(Cmfg, EqualsAnIndependentVersionInScoresAndGradients) {
  const auto file = std::filesystem::path(__FILE__).parent_path() / "../model/golden/heads/cmfg.json";
  const auto cases = json::parse(read_file(file));
  ASSERT_EQ(cases.size(), 17U);
  for (const auto& golden : cases)
    for (const int64_t block_bytes : {int64_t{1} << 30, int64_t{1000}}) expect_golden(golden, block_bytes);
}

// ---- What the head promises beside.

TEST(Cmfg, BlockByBlockGivesTheSameValuesAndGradients) {
  for (const std::string setting : {"interaction: wti", "interaction: aosm", "region_layout: per_frame"}) {
    std::vector<std::vector<torch::Tensor>> results;
    for (const int64_t block_bytes : {int64_t{1} << 40, int64_t{1} << 12, int64_t{1}}) {
      const auto head = make_head(setting + ", temporal: none", {8, 3, 6, 1, block_bytes});
      fill_parameters(*head, 1);
      auto text = random_texts({}, 1, torch::kDouble);
      auto video = random_videos({}, 1, torch::kDouble);
      std::vector<torch::Tensor> leaves = head->parameters(), result;
      for (auto* tensor : {&text.pooled, &text.tokens, &video.frames, &video.patches})
        leaves.push_back(tensor->requires_grad_());
      torch::Tensor total;
      StepContext step;
      step.training = block_bytes < 10000;
      for (const auto& part : parts_of(*head, text, video, step)) {
        result.push_back(part.value);
        const auto term = (part.value * random_tensor(part.value.sizes(), 2, part.name.c_str(), torch::kDouble)).sum();
        total = total.defined() ? total + term : term;
      }
      total.backward();
      for (const auto& leaf : leaves) result.push_back(leaf.grad());
      results.push_back(result);
    }
    for (size_t run = 1; run < results.size(); ++run)
      for (size_t i = 0; i < results[0].size(); ++i)
        EXPECT_TRUE(torch::allclose(results[run][i], results[0][i], 1e-10, 1e-10)) << setting << " " << run << " " << i;
  }
}

// Bytes of the largest tensor that any operation makes on this thread while `work` runs.
int64_t largest_made(const std::function<void()>& work) {
  static thread_local int64_t largest;
  largest = 0;
  const auto see = [](const at::RecordFunction& function, at::ObserverContext*) {
    for (const auto& output : function.outputs())
      if (output.isTensor() && output.toTensor().defined())
        largest = std::max(largest, static_cast<int64_t>(output.toTensor().storage().nbytes()));
  };
  const auto handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback([](const at::RecordFunction&) -> std::unique_ptr<at::ObserverContext> { return {}; },
                                 see)
          .needsOutputs(true)
          .scopes({at::RecordScope::FUNCTION}));
  work();
  at::removeCallback(handle);
  return largest;
}

TEST(Cmfg, NothingAboveTheBudgetIsMadeForwardsOrBackwards) {
  const int64_t rows = 6, words = 5, regions = 40, dim = 8;
  const auto run = [&](int64_t block_bytes) {
    const auto tokens = [&](const char* name, int64_t count) {
      return WeightedTokens{random_tensor({rows, count, dim}, 1, name, torch::kDouble).requires_grad_(),
                            real({rows, count}), uniform_weights(real({rows, count}), torch::kDouble)};
    };
    const auto text = tokens("text", words), video = tokens("video", regions);
    GrainSettings settings;
    settings.block_bytes = block_bytes;
    return largest_made([&] { grain_similarities({{text, {}}}, video, settings)[0].sum().backward(); });
  };
  const int64_t pairs = rows * rows * words * regions * 8, budget = pairs / 3;  // two videos with all texts
  EXPECT_GE(run(pairs), pairs);
  EXPECT_LE(run(budget), budget);
}

TEST(Cmfg, TheScorerOfRegionsIsPerturbedInTrainingOnly) {
  const auto head = make_head("temporal: none, region_mode: topk_learned, regions_per_frame: 2", {8, 3, 6});
  fill_parameters(*head, 1);
  const auto video = random_videos({}, 1, torch::kDouble);
  const StepContext first{.training = true, .seed = 1, .step = 1}, second{.training = true, .seed = 1, .step = 2};
  const auto regions = [&](const StepContext& step) { return head->prepare(video, step).sets.at("regions").values; };
  EXPECT_TRUE(regions(first).equal(regions(first)));
  EXPECT_FALSE(regions(first).equal(regions(second)));
  EXPECT_TRUE(regions({}).equal(regions({.seed = 2})));
  regions(first).square().sum().backward();
  for (const auto& item : head->named_parameters())
    if (item.key().starts_with("visual_token_selector")) {
      EXPECT_GT(item.value().grad().abs().max().item<double>(), 1e-9) << item.key();
    }
}

TEST(Cmfg, RegionsFromOutsideCountWhereTheyExist) {
  const auto head = make_head("regions: experts.boxes", {8, 3, 6});
  EXPECT_FALSE(head->needs().patches);
  auto video = random_videos({}, 1, torch::kDouble);
  auto boxes = random_tensor({4, 6, 8}, 1, "boxes", torch::kDouble);
  auto mask = real({4, 6}).clone();
  mask[2].fill_(false);
  mask[1][0].fill_(false);
  video.experts["boxes"] = {boxes, mask, {}, {}};
  const auto text = random_texts({}, 1, torch::kDouble);
  const auto parts = parts_of(*head, text, video);
  boxes[1][0].fill_(1e3);
  const auto again = parts_of(*head, text, video);
  for (size_t i = 0; i < parts.size(); ++i) {
    EXPECT_TRUE(parts[i].value.equal(again[i].value)) << parts[i].name;
    ASSERT_EQ(parts[i].valid.defined(), parts[i].name[0] == 'r');
    if (!parts[i].valid.defined()) continue;
    EXPECT_FALSE(parts[i].valid[0][2].item<bool>());
    EXPECT_TRUE(parts[i].valid[0][1].item<bool>());
  }
}

TEST(Cmfg, SpecialTokensAreLeftOutOnRequest) {
  const auto head = make_head("words_include_special: false", {8, 3, 6});
  auto text = random_texts({}, 1, torch::kDouble);
  text.mask = torch::tensor({{true, true, true, true, false, false}, {true, true, false, false, false, false}});
  text.tokens = text.tokens.slice(0, 0, 2);
  const auto expected =
      torch::tensor({{false, true, true, false, false, false}, {true, true, false, false, false, false}});
  EXPECT_TRUE(head->prepare(text, {}).mask.equal(expected));
}

TEST(Cmfg, SaysWhatIsWrong) {
  const auto message = [](const std::string& settings, const std::function<void(VideoFeatures&)>& change) {
    auto video = random_videos({}, 1, torch::kDouble);
    change(video);
    try {
      make_head(settings, {8, 3, 6})->prepare(video, {});
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  using testing::HasSubstr;
  const auto nothing = [](VideoFeatures&) {};
  EXPECT_THAT(message("pair_list: [vs, wf]", nothing), HasSubstr("wf"));
  EXPECT_THAT(message("pair_list: [vs, vs]", nothing), HasSubstr("vs twice"));
  EXPECT_THAT(message("regions: boxes", nothing), HasSubstr("experts.NAME"));
  EXPECT_THAT(message("regions: experts.boxes, region_mode: topk", nothing), HasSubstr("must be all"));
  EXPECT_THAT(message("regions: experts.boxes", nothing), HasSubstr("boxes"));
  EXPECT_THAT(message("regions: experts.boxes",
                      [](VideoFeatures& video) {
                        video.experts["boxes"] = {torch::zeros({4, 5, 8}, torch::kDouble), real({4, 5}), {}, {}};
                      }),
              HasSubstr("a multiple of the 3 frames"));
  EXPECT_THAT(
      message("region_mode: avgpool", [](VideoFeatures& video) { video.patches = video.patches.slice(2, 0, 3); }),
      HasSubstr("square grid"));
}

TEST(Cmfg, EveryPairCanHaveALossOfItsOwn) {
  const auto head = make_head("", {8, 3, 6});
  const auto parts =
      parts_of(*head, random_texts({.texts = 4}, 1, torch::kDouble), random_videos({}, 1, torch::kDouble));
  const Score score({}, head->part_infos());
  const auto node = ConfigNode::parse("loss: {type: info_nce, apply_to: parts}");
  const auto loss = read_loss(node, builtin_losses())();
  const auto terms =
      loss->terms({score.logits(parts), score.part_logits(parts), make_targets(torch::arange(4)), StepContext{}});
  std::vector<std::string> names;
  for (const auto& [name, value] : terms) names.push_back(name);
  EXPECT_THAT(names, testing::ElementsAre(testing::EndsWith("vs"), testing::EndsWith("fs"), testing::EndsWith("rs"),
                                          testing::EndsWith("vw"), testing::EndsWith("fw"), testing::EndsWith("rw")));
}

}  // namespace
}  // namespace tvr
