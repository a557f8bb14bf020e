// The goldens beside this file, which tests/reference/*.py wrote with programs of others.
#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "tvr/base/file.h"
#include "tvr/eval/compat.h"
#include "tvr/eval/fusion.h"
#include "tvr/eval/rerank.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::ContainerEq;

constexpr double kClose = 1e-9;

// A matrix of a golden; numbers that JSON does not know are "nan", "inf" and "-inf".
class Scores {
 public:
  explicit Scores(const json& rows)
      : values_(flat(rows)),
        view_(values_.data(), static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows[0].size())) {}
  Scores(const Scores&) = delete;
  Scores& operator=(const Scores&) = delete;
  const ScoreMatrix& view() const { return view_; }
  GroundTruth truth(const json& golden) const {
    return {golden.at("videos_of_text").get<std::vector<std::vector<int64_t>>>(), view_.videos()};
  }

 private:
  static std::vector<float> flat(const json& rows) {
    std::vector<float> values;
    for (const auto& row : rows)
      for (const auto& score : row)
        values.push_back(score.is_string() ? std::stof(score.get<std::string>()) : score.get<float>());
    return values;
  }
  std::vector<float> values_;
  DenseScores view_;
};

class ReferenceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(TVR_GOLDEN_DIR)) GTEST_SKIP() << "the sources with the goldens are not here";
  }
  static json read(const std::string& name) {
    return json::parse(read_file(std::filesystem::path(TVR_GOLDEN_DIR) / name));
  }
  void expect_near(const std::string& what, double value, double golden) {
    EXPECT_NEAR(value, golden, kClose) << what;
    ++compared_;
  }
  void expect_counts(const std::string& what, const RankList& ranks, const json& golden) {
    EXPECT_THAT(ranks.better, ContainerEq(golden.at("better").get<std::vector<int64_t>>())) << what;
    EXPECT_THAT(ranks.tied, ContainerEq(golden.at("tied").get<std::vector<int64_t>>())) << what;
    ++compared_;
  }
  int64_t compared_ = 0;
};

TEST_F(ReferenceTest, MetricsEqualThoseOfRanxAndTrecEval) {
  for (const auto& golden : read("retrieval_golden.json")) {
    const auto ties = golden.at("ties").get<std::string>(), v2t = golden.at("v2t").get<std::string>();
    const auto name = golden.at("name").get<std::string>() + ", " + ties + ", " + v2t;
    const Scores scores(golden.at("scores"));
    const auto lists = rank_both(scores.view(), scores.truth(golden), parse_video_to_text(v2t));
    for (const auto& [direction, list] :
         {std::pair("text_to_video", &lists.text_to_video), std::pair("video_to_text", &lists.video_to_text)}) {
      const auto metrics = summarize_ranks(*list, parse_tie_policy(ties));
      for (const auto& [metric, value] : golden.at(direction).items())
        expect_near(name + ", " + direction + ", " + metric, metrics[parse_metric(metric).value()], value);
    }
  }
  EXPECT_EQ(compared_, 44 * 2 * 10);  // cases, directions, metrics
}

TEST_F(ReferenceTest, CompatibleNumbersEqualThoseOfTheLineages) {
  for (const auto& golden : read("lineage_golden.json")) {
    const auto compat = golden.at("compat").get<std::string>();
    const auto name = golden.at("name").get<std::string>() + ", " + compat;
    const Scores scores(golden.at("scores"));
    const auto numbers = compat_numbers(scores.view(), scores.truth(golden), parse_compat(compat));
    for (const auto& [direction, found] :
         {std::pair("text_to_video", &numbers.text_to_video), std::pair("video_to_text", &numbers.video_to_text)}) {
      for (const auto& [metric, value] : golden.at(direction).items()) {
        const auto what = name + ", " + direction + ", " + metric;
        if (metric == "denominator")
          expect_near(what, static_cast<double>(found->denominator), value);
        else
          expect_near(what, found->values[parse_metric(metric).value()], value);
      }
    }
  }
  EXPECT_EQ(compared_, 24 * 2 * 7);
}

// The matrices to be ranked after one post-processing: one for each direction.
struct Processed {
  std::unique_ptr<ScoreMatrix> for_texts, for_videos;
};

Processed process(const std::string& spec, const ScoreMatrix& scores, const ScoreMatrix& added,
                  const ScoreMatrix& bank_of_texts, const ScoreMatrix& bank_of_videos) {
  if (spec == "none:0" || spec == "sum:0") {
    const auto fused = [&] {
      return std::make_unique<FusedScores>(std::vector{&scores, &added}, std::vector{1.0, spec == "sum:0" ? 1.0 : 0.0});
    };
    return {fused(), fused()};
  }
  const auto rerank = parse_rerank(spec);
  const bool bank = rerank.needs_bank();
  return {rerank_for_texts(scores, rerank, bank ? &bank_of_texts : nullptr),
          rerank_for_videos(scores, rerank, bank ? &bank_of_videos : nullptr)};
}

TEST_F(ReferenceTest, RanksAfterPostProcessingEqualThoseOfNumPy) {
  for (const auto& golden : read("postprocessing_golden.json")) {
    const Scores scores(golden.at("scores")), added(golden.at("added"));
    const Scores bank_of_texts(golden.at("bank_of_texts")), bank_of_videos(golden.at("bank_of_videos"));
    const auto truth = scores.truth(golden);
    for (const auto& result : golden.at("results")) {
      const auto spec = result.at("spec").get<std::string>();
      const auto name = golden.at("name").get<std::string>() + ", " + spec;
      const auto processed = process(spec, scores.view(), added.view(), bank_of_texts.view(), bank_of_videos.view());
      expect_counts(name + ", text to video", text_to_video_ranks(*processed.for_texts, truth),
                    result.at("text_to_video"));
      for (const auto& [v2t, counts] : result.at("video_to_text").items())
        expect_counts(name + ", " + v2t, video_to_text_ranks(*processed.for_videos, truth, parse_video_to_text(v2t)),
                      counts);
    }
  }
  EXPECT_EQ(compared_, 11 * (2 + 2 + 3));  // specs; directions and definitions of each matrix
}

}  // namespace
}  // namespace tvr
