// Runs on every registered head, with its defaults and with every other value of each of its options that has few
// values.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include <filesystem>

#include "conformance/random_features.h"
#include "tvr/model/interaction_head.h"
#include "tvr/model/weights.h"

namespace tvr {
namespace {

struct Case {
  std::string head, setting;
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.head << " {" << c.setting << "}";
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  const auto heads = builtin_heads();
  for (const auto& name : heads.names()) {
    cases.push_back({name, ""});
    for (const auto& option : heads.at(name).help())
      for (const auto& choice : option.choices)
        if (choice != option.default_value) cases.push_back({name, option.name + ": " + choice});
  }
  return cases;
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.head + "_" + info.param.setting;
  for (auto& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

class Head : public testing::TestWithParam<Case> {
 protected:
  std::shared_ptr<InteractionHead> make(torch::ScalarType type, uint64_t seed = 1,
                                        int64_t block_bytes = HeadContext().block_bytes) {
    const auto node = ConfigNode::parse("head: {type: " + GetParam().head +
                                        (GetParam().setting.empty() ? "" : ", " + GetParam().setting) + "}");
    const auto builder = read_plugin(builtin_heads(), node, "head", "");
    node.finish();
    auto head = builder(HeadContext{sizes.dim, sizes.frames, sizes.words, seed, block_bytes});
    fill_parameters(*head, seed);
    head->to(type);
    head->eval();
    return head;
  }
  static Parts run(InteractionHead& head, const TextFeatures& text, const VideoFeatures& video,
                   const StepContext& step = {}) {
    return head.parts(head.prepare(text, step), head.prepare(video, step), step);
  }
  static StepContext training_step(int64_t step = 50) {
    StepContext context;
    context.training = true;
    context.seed = 3;
    context.step = step;
    context.steps = 100;
    return context;
  }
  // One number that every part and pair counts in.
  static torch::Tensor mixed(const Parts& parts, uint64_t seed) {
    torch::Tensor total;
    double factor = 1;
    for (const auto& part : parts) {
      const auto weights = random_tensor(part.value.sizes(), seed, part.name.c_str(), torch::kDouble);
      const auto term = (part.value * weights).sum() * (factor += 0.5);
      total = total.defined() ? total + term : term;
    }
    return total;
  }

  static void expect_equal(const Parts& a, const Parts& b, double tolerance) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i)
      EXPECT_TRUE(torch::allclose(a[i].value, b[i].value, tolerance, tolerance)) << a[i].name << "\n"
                                                                                 << a[i].value << "\n"
                                                                                 << b[i].value;
  }

  FeatureSizes sizes;
};

TEST_P(Head, ReturnsTheDeclaredPartsOfTheRightShape) {
  const auto head = make(torch::kFloat);
  const auto parts = run(*head, random_texts(sizes, 1, torch::kFloat), random_videos(sizes, 1, torch::kFloat));
  const auto infos = head->part_infos();
  ASSERT_EQ(parts.size(), infos.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(parts[i].name, infos[i].name);
    EXPECT_EQ(parts[i].value.sizes().vec(), (std::vector<int64_t>{sizes.texts, sizes.videos}));
  }
}

TEST_P(Head, ReadsOnlyWhatItNeeds) {
  const auto head = make(torch::kFloat);
  auto text = random_texts(sizes, 1, torch::kFloat);
  auto video = random_videos(sizes, 1, torch::kFloat);
  const auto whole = run(*head, text, video);
  if (!head->needs().words) text.tokens = torch::Tensor();
  if (!head->needs().patches) video.patches = torch::Tensor();
  expect_equal(whole, run(*head, text, video), 0);
}

TEST_P(Head, ATileEqualsTheTileOfTheWhole) {
  const auto head = make(torch::kFloat);
  const auto text = head->prepare(random_texts(sizes, 1, torch::kFloat), {});
  const auto video = head->prepare(random_videos(sizes, 1, torch::kFloat), {});
  const auto whole = head->parts(text, video, {});
  const auto tile = head->parts(rows(text, 1, 3), rows(video, 2, 4), {});
  for (size_t i = 0; i < whole.size(); ++i)
    EXPECT_TRUE(torch::allclose(whole[i].value.slice(0, 1, 3).slice(1, 2, 4), tile[i].value, 1e-5, 1e-6))
        << whole[i].name;
}

TEST_P(Head, IgnoresPadding) {
  const auto head = make(torch::kDouble);
  const auto text = random_texts(sizes, 1, torch::kDouble);
  const auto video = random_videos(sizes, 1, torch::kDouble);
  auto noisy_text = text;
  noisy_text.tokens = torch::where(text.mask.unsqueeze(-1), text.tokens, torch::full_like(text.tokens, 1e3));
  auto noisy_video = video;
  noisy_video.frames = torch::where(video.mask.unsqueeze(-1), video.frames, torch::full_like(video.frames, 1e3));
  noisy_video.patches =
      torch::where(video.mask.unsqueeze(-1).unsqueeze(-1), video.patches, torch::full_like(video.patches, -1e3));
  expect_equal(run(*head, text, video), run(*head, noisy_text, noisy_video), 1e-12);

  // DRL's rule: that a block has padding, where the longest text or video of another has none, offers 0.
  if (GetParam().setting == "mask_zero: true") return;
  if (GetParam().setting == "mask_zero: true") return;  // more padding offers 0 to more maxima: what it asks for
  const auto longer = [](const torch::Tensor& tensor) {
    auto shape = tensor.sizes().vec();
    shape[1] = 2;
    return torch::cat({tensor, torch::zeros(shape, tensor.options())}, 1);
  };
  auto padded_text = text;
  padded_text.tokens = longer(text.tokens);
  padded_text.mask = longer(text.mask);
  expect_equal(run(*head, text, video), run(*head, padded_text, transformed(video, longer)), 1e-12);
}

TEST_P(Head, APermutedBatchGivesPermutedScores) {
  const auto head = make(torch::kDouble);
  const auto text = random_texts(sizes, 1, torch::kDouble);
  const auto video = random_videos(sizes, 1, torch::kDouble);
  const auto text_order = torch::tensor({3, 1, 4, 0, 2}), video_order = torch::tensor({2, 0, 3, 1});
  auto whole = run(*head, text, video);
  for (auto& part : whole) part.value = part.value.index_select(0, text_order).index_select(1, video_order);
  expect_equal(whole, run(*head, select(text, text_order), select(video, video_order)), 1e-12);
}

TEST_P(Head, StaysFiniteOnExtremeInput) {
  const auto head = make(torch::kFloat);
  for (const double scale : {0.0, 1e-20, 1e10}) {
    const auto scaled = [&](const torch::Tensor& tensor) {
      return tensor.is_floating_point() ? tensor * scale : tensor;
    };
    auto video = transformed(random_videos(sizes, 1, torch::kFloat), scaled);
    video.mask[3].fill_(false);  // a video without a single frame
    for (const auto& part : run(*head, transformed(random_texts(sizes, 1, torch::kFloat), scaled), video))
      EXPECT_TRUE(part.value.isfinite().all().item<bool>()) << part.name << scale;
  }
}

TEST_P(Head, IsDeterministic) {
  const auto text = random_texts(sizes, 1, torch::kFloat);
  const auto video = random_videos(sizes, 1, torch::kFloat);
  const auto first = make(torch::kFloat), second = make(torch::kFloat);
  expect_equal(run(*first, text, video), run(*first, text, video), 0);
  expect_equal(run(*first, text, video), run(*second, text, video), 0);
}

TEST_P(Head, TrainingDrawsFromTheStepAlone) {
  const auto text = random_texts(sizes, 1, torch::kFloat);
  const auto video = random_videos(sizes, 1, torch::kFloat);
  const auto first = make(torch::kFloat), second = make(torch::kFloat);
  for (const auto& head : {first, second}) head->train();
  run(*first, text, video, training_step(1));
  expect_equal(run(*first, text, video, training_step()), run(*second, text, video, training_step()), 0);
}

// A constant under a softmax has no gradient: the bias of a score of tokens, of the keys of an attention, of the
// queries where the softmax is over them; and that of a hidden layer whose units see tokens nearly alike.
bool is_without_gradient(const std::string& parameter, const std::string& setting) {
  if (setting == "agg_type: assign_softmax_clusters" && parameter.ends_with("w_q.bias")) return true;
  if (setting == "agg_residual_meanpool: false" && parameter.ends_with("weight_fc.0.bias")) return true;
  return parameter.ends_with("2.bias") || parameter.ends_with("k_proj.bias") || parameter.ends_with("w_k.bias");
}

TEST_P(Head, GradientsReachEveryParameter) {
  const auto head = make(torch::kDouble);
  head->train();
  const auto total = mixed(
      run(*head, random_texts(sizes, 1, torch::kDouble), random_videos(sizes, 1, torch::kDouble), training_step()), 7);
  if (head->parameters().empty()) {
    EXPECT_FALSE(total.requires_grad());
    return;
  }
  total.backward();
  for (const auto& item : head->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    if (!is_without_gradient(item.key(), GetParam().setting)) {
      EXPECT_GT(item.value().grad().abs().max().item<double>(), 1e-9) << item.key();
    }
  }
}

TEST_P(Head, BlocksOfAnySizeGiveTheSameScoresAndGradients) {
  std::vector<Parts> scores;
  std::vector<std::vector<torch::Tensor>> gradients;
  for (const int64_t block_bytes : {HeadContext().block_bytes, int64_t{1}}) {
    const auto head = make(torch::kDouble, 1, block_bytes);
    auto text = random_texts(sizes, 1, torch::kDouble);
    auto video = random_videos(sizes, 1, torch::kDouble);
    std::vector<torch::Tensor> leaves = head->parameters();
    for (auto* tensor : {&text.pooled, &text.tokens, &video.frames, &video.patches})
      leaves.push_back(tensor->requires_grad_(true));
    scores.push_back(run(*head, text, video, training_step()));
    mixed(scores.back(), 7).backward();
    auto& found = gradients.emplace_back();
    for (const auto& leaf : leaves) found.push_back(leaf.grad().defined() ? leaf.grad() : torch::zeros_like(leaf));
  }
  expect_equal(scores[0], scores[1], 1e-12);
  for (size_t i = 0; i < gradients[0].size(); ++i)
    EXPECT_TRUE(torch::allclose(gradients[0][i], gradients[1][i], 1e-9, 1e-9)) << i;
}

TEST_P(Head, GradientsEqualFiniteDifferences) {
  const auto head = make(torch::kDouble);
  auto text = random_texts(sizes, 3, torch::kDouble);
  auto video = random_videos(sizes, 3, torch::kDouble);
  std::vector<torch::Tensor> leaves;
  for (auto& parameter : head->parameters()) leaves.push_back(parameter);
  for (auto* tensor : {&text.pooled, &text.tokens, &video.frames, &video.patches})
    leaves.push_back(tensor->requires_grad_(true));
  const auto value = [&] { return mixed(run(*head, text, video), 9); };
  value().backward();
  constexpr double kStep = 1e-6;
  for (const auto& leaf : leaves) {
    if (!leaf.grad().defined()) continue;
    for (int64_t i = 0; i < leaf.numel(); i += 1 + leaf.numel() / 7) {
      const torch::NoGradGuard no_grad;
      auto* place = leaf.data_ptr<double>() + i;
      const double old = *place;
      *place = old + kStep;
      const double above = value().item<double>();
      *place = old - kStep;
      const double below = value().item<double>();
      *place = old;
      EXPECT_NEAR((above - below) / (2 * kStep), leaf.grad().flatten()[i].item<double>(), 1e-6);
    }
  }
}

TEST_P(Head, SavedWeightsGiveTheSameScores) {
  const auto text = random_texts(sizes, 1, torch::kFloat);
  const auto video = random_videos(sizes, 1, torch::kFloat);
  const auto saved = make(torch::kFloat, 1), loaded = make(torch::kFloat, 2);
  const auto file = std::filesystem::temp_directory_path() / ("tvr_head_" + std::to_string(getpid()) + ".safetensors");
  save_tensors(file, state_of(*saved));
  load_tensors(file, state_of(*loaded));
  std::filesystem::remove(file);
  expect_equal(run(*saved, text, video), run(*loaded, text, video), 0);
}

TEST_P(Head, ExplainsWithRealWordsFramesAndPatches) {
  const auto head = make(torch::kFloat);
  const auto text = head->prepare(random_texts(sizes, 1, torch::kFloat), {});
  const auto video = head->prepare(random_videos(sizes, 1, torch::kFloat), {});
  for (int64_t t = 0; t < sizes.texts; ++t) {
    for (const auto& match : head->explain(rows(text, t, t + 1), rows(video, 1, 2))) {
      EXPECT_TRUE(match.token == -1 || text.mask[t][match.token].item<bool>());
      EXPECT_TRUE(video.mask[1][match.frame].item<bool>());
      EXPECT_TRUE(match.patch >= -1 && match.patch < sizes.patches);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Registered, Head, testing::ValuesIn(all_cases()), case_name);

TEST(Registry, HoldsTheHeadsThisSuiteExpects) {
  EXPECT_THAT(builtin_heads().names(),
              testing::IsSupersetOf({"mean_pool", "seq_lstm", "seq_transformer", "tight_transformer", "token_wise",
                                     "ts2", "xclip", "xpool"}));
}

}  // namespace
}  // namespace tvr
