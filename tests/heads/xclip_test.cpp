// X-CLIP against the worked numbers of cmfg.md e.3, set 2, and against tests/reference/heads/xclip.py.
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "conformance/random_features.h"
#include "heads/golden_cases.h"
#include "tvr/model/score.h"

namespace tvr {
namespace {

using test::make_head;
using testing::HasSubstr;

TEST(XClip, EqualsAnIndependentVersion) {
  EXPECT_EQ(test::expect_golden_cases("xclip.json"), 5U);
}

struct Worked {
  const char* temperature;
  double sentence_video, word_video, sentence_frames, word_frames, mean;
};

TEST(XClip, GivesTheWorkedNumbers) {
  TextFeatures text;
  text.pooled = torch::tensor({{2.0, 1.0}}, torch::kDouble);
  text.tokens = torch::tensor({{{1.0, 0.0}, {1.0, 1.0}, {1.0, 3.0}, {5.0, 5.0}}}, torch::kDouble);
  text.mask = torch::tensor({{true, true, true, false}});
  VideoFeatures video;
  video.frames = torch::tensor({{{2.0, 1.0}, {-1.0, 2.0}, {7.0, 0.0}}}, torch::kDouble);
  video.mask = torch::tensor({{true, true, false}});
  for (const auto& worked : {Worked{"0.01", 0.707107, 0.999997, 1.000000, 0.948445, 0.913887},
                             Worked{"0.5", 0.707107, 0.874221, 0.880797, 0.766578, 0.807176}}) {
    const auto head = make_head("xclip, temporal: none, temperature: " + std::string(worked.temperature), {2, 3, 4});
    const auto parts = head->parts(head->prepare(text, {}), head->prepare(video, {}), {});
    const double expected[] = {worked.sentence_video, worked.word_video, worked.sentence_frames, worked.word_frames};
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(parts[i].value.item<double>(), expected[i], 1e-6) << parts[i].name;
    Score score(ScoreOptions(), head->part_infos());
    EXPECT_NEAR(score.sum(parts).item<double>(), worked.mean, 1e-6);
  }
}

TEST(XClip, HasTheParametersOfItsCheckpoints) {
  const auto head = make_head("xclip", {512, 12, 32});
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const auto& item : head->named_parameters(/*recurse=*/false)) shapes[item.key()] = item.value().sizes().vec();
  const std::vector<int64_t> channels{512, 512}, words{32, 32}, frames{12, 12};
  EXPECT_EQ(shapes, (std::map<std::string, std::vector<int64_t>>{{"global_mat_weight", channels},
                                                                 {"local_mat_weight", channels},
                                                                 {"word_logit_weight", words},
                                                                 {"word_mat_weight", words},
                                                                 {"word_mat_weight2", words},
                                                                 {"frame_logit_weight", frames},
                                                                 {"frame_mat_weight", frames},
                                                                 {"frame_mat_weight2", frames}}));
  EXPECT_EQ(make_head("xclip, words: 77, frames: 64", {512, 12, 32})->named_parameters()["word_mat_weight"].size(0),
            77);
}

TEST(XClip, LongerTextsNeedTheMask) {
  const FeatureSizes sizes;
  const auto text = random_texts(sizes, 1, torch::kDouble);
  const auto video = random_videos(sizes, 1, torch::kDouble);
  const auto score = [&](const std::string& type) {
    const auto head = make_head(type, {sizes.dim, sizes.frames, sizes.words});
    return head->parts(head->prepare(text, {}), head->prepare(video, {}), {})[3].value;
  };
  // The matrices are continued by the identity, which they begin as.
  EXPECT_TRUE(torch::allclose(score("xclip, words: 4, temporal: none"), score("xclip, temporal: none")));
  try {
    score("xclip, words: 4, aosm_mask: false");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("more than the 4 words or frames"));
  }
}

}  // namespace
}  // namespace tvr
