#include "tvr/eval/report.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "eval/golden_matrix.h"
#include "eval/report_samples.h"
#include "temporary_folder.h"
#include "tvr/base/arrays.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

void expect_equal(const MetricValues& values, const MetricValues& expected) {
  EXPECT_GE(values.size(), position_metrics().size());
  for (const auto& [metric, value] : values) EXPECT_EQ(value, expected[metric]) << metric_name(metric);
}

TEST(ReportTest, TheEvaluationFillsCountsNumbersAndTags) {
  const auto evaluation = test::sample_evaluation(1);
  const auto& report = evaluation.report;
  EXPECT_EQ(report.protocol.texts, 24);
  EXPECT_EQ(report.protocol.videos, 12);
  EXPECT_EQ(report.protocol.clusters, 6);
  EXPECT_EQ(report.whole.text_to_video.queries, 24);
  EXPECT_EQ(report.whole.video_to_text.queries, 12);
  EXPECT_EQ(report.whole.twins->queries, 24);
  EXPECT_TRUE(report.whole.text_to_video.ci95.has_value());
  EXPECT_EQ(report.parts.at(0).first, "frames");
  EXPECT_EQ(report.breakdown.at(0).tag, "need");
  EXPECT_EQ(report.breakdown.at(0).entries.at(0).value, "order");
  EXPECT_NEAR(report.random.text_to_video[Metric::kR1], 100.0 / 12, 1e-9);
  EXPECT_NEAR(report.random.video_to_text[Metric::kMdR], 6.5, 1e-9);
}

TEST(ReportTest, VideosWithoutACaptionAreCountedAndLeaveTheCandidatesOfVideoToText) {
  const std::vector<float> scores{0.9F, 0.1F, 0.2F, 0.3F, 0.8F, 0.1F};
  EvaluationInput input;
  const DenseScores matrix(scores.data(), 2, 3);
  input.scores = &matrix;
  input.truth = GroundTruth(std::vector<int64_t>{0, 1}, 3);
  input.text_ids = {"a", "b"};
  input.video_ids = {"x", "y", "z"};
  const auto result = evaluate_similarity(input, test::sample_protocol());
  EXPECT_EQ(result.report.protocol.videos_without_caption, 1);
  EXPECT_NEAR(result.report.random.video_to_text[Metric::kR1], 50, 1e-9);
  EXPECT_NEAR(result.report.random.text_to_video[Metric::kR1], 100.0 / 3, 1e-9);
  EXPECT_THAT(result.ranks.video_to_text.ids, ElementsAre("x", "y"));
  EXPECT_FALSE(result.report.whole.twins.has_value());
}

TEST(ReportTest, JsonHasTheDocumentedKeys) {
  const auto parsed = json::parse(report_to_json(test::sample_evaluation(1).report));
  for (const std::string direction : {"text_to_video", "video_to_text"}) {
    for (const auto& metric : standard_metrics()) {
      EXPECT_TRUE(parsed[direction][metric_name(metric)].is_number());
      EXPECT_EQ(parsed[direction]["ci95"][metric_name(metric)].size(), 2U);
      EXPECT_TRUE(parsed["parts"]["frames"][direction][metric_name(metric)].is_number());
    }
    for (const std::string count : {"queries", "tied_queries", "nan_queries"})
      EXPECT_TRUE(parsed[direction][count].is_number_integer());
  }
  EXPECT_DOUBLE_EQ(parsed["rsum"].get<double>(),
                   parsed["text_to_video"]["RSum"].get<double>() + parsed["video_to_text"]["RSum"].get<double>());
  EXPECT_EQ(parsed["protocol"]["ties"], "pessimistic");
  EXPECT_EQ(parsed["protocol"]["v2t_definition"], "best-caption");
  EXPECT_TRUE(parsed["breakdown"]["need"]["order"]["twin_accuracy"].is_number());
  EXPECT_EQ(parsed["breakdown"]["need"]["order"]["ci95"]["twin_accuracy"].size(), 2U);
}

TEST(ReportTest, JsonReadsBackToTheLastBit) {
  auto report = test::sample_evaluation(3).report;
  report.protocol.split_files = {{"test.csv", "00ff"}};
  report.protocol.command = "tvr eval \"a b\" \\ <x> \xE2\x82\xAC";
  const auto text = report_to_json(report);
  const auto read = report_from_json(text, "metrics.json");
  EXPECT_EQ(report_to_json(read), text);
  expect_equal(read.whole.text_to_video.values, report.whole.text_to_video.values);
  EXPECT_EQ(read.protocol.command, report.protocol.command);
  EXPECT_EQ(read.breakdown.at(0).entries.at(1).value, report.breakdown.at(0).entries.at(1).value);
}

TEST(ReportTest, AReportWithoutIntervalsReadsBackWithoutThem) {
  auto protocol = test::sample_protocol();
  protocol.bootstrap_draws = 0;
  const auto text = report_to_json(test::sample_evaluation(1, protocol).report);
  EXPECT_THAT(text, testing::Not(HasSubstr("ci95")));
  EXPECT_FALSE(report_from_json(text, "x").whole.text_to_video.ci95.has_value());
}

TEST(ReportTest, MalformedJsonIsRefusedWithFileAndKey) {
  const auto good = json::parse(report_to_json(test::sample_evaluation(1).report));
  const auto message = [](const json& value) { return error_of([&] { report_from_json(value.dump(), "m.json"); }); };
  EXPECT_THAT(error_of([] { report_from_json("{\"rsum\":", "m.json"); }), HasSubstr("m.json: is not valid JSON"));
  EXPECT_THAT(message(json::array()), HasSubstr("m.json: an object is needed"));
  auto bad = good;
  bad["text_to_video"].erase("MdR");
  EXPECT_THAT(message(bad), HasSubstr("m.json.text_to_video: 'MdR' is missing"));
  bad = good;
  bad["video_to_text"]["R@5"] = "high";
  EXPECT_THAT(message(bad), HasSubstr("m.json.video_to_text.R@5: a number is needed"));
  bad = good;
  bad["protocol"]["ties"] = "optimist";
  EXPECT_THAT(message(bad), HasSubstr("did you mean 'optimistic'"));
  bad = good;
  bad["text_to_video"]["ci95"]["R@1"] = {1, 2, 3};
  EXPECT_THAT(message(bad), HasSubstr("[low, high]"));
  bad = good;
  bad["text_to_video"]["queries"] = 1e30;
  EXPECT_THAT(message(bad), HasSubstr("whole number"));
  bad = good;
  bad["breakdown"]["need"] = 3;
  EXPECT_THAT(message(bad), HasSubstr("breakdown.need"));
}

TEST(ReportTest, RanksReadBackAndFollowEveryTiePolicy) {
  const test::TemporaryFolder folder;
  const auto file = folder / "ranks.safetensors";
  const EvaluationRanks ranks{{{1, 4, 9}, {0, 2, 4}, {"a", "b\"", "\xC3\xA9"}, {"p", "p", "q"}},
                              {{2}, {1}, {"v"}, {"c"}}};
  write_ranks(file, ranks);
  const auto read = read_ranks(file);
  EXPECT_EQ(read.text_to_video.ids, ranks.text_to_video.ids);
  EXPECT_EQ(read.text_to_video.clusters, ranks.text_to_video.clusters);
  EXPECT_THAT(read.text_to_video.positions(TiePolicy::kPessimistic), ElementsAre(0, 3, 8));
  EXPECT_THAT(read.text_to_video.positions(TiePolicy::kAverage), ElementsAre(0, 2, 6));
  EXPECT_THAT(read.text_to_video.positions(TiePolicy::kOptimistic), ElementsAre(0, 1, 4));
  EXPECT_THAT(read.video_to_text.rank, ElementsAre(2));
}

TEST(ReportTest, SavedRanksGiveTheReportsNumbers) {
  const auto evaluation = test::sample_evaluation(5);
  for (const auto policy : {TiePolicy::kPessimistic, TiePolicy::kAverage, TiePolicy::kOptimistic}) {
    auto protocol = test::sample_protocol();
    protocol.ties = policy;
    const auto report = test::sample_evaluation(5, protocol).report;
    expect_equal(metrics_of(query_values(evaluation.ranks.text_to_video.positions(policy))),
                 report.whole.text_to_video.values);
    expect_equal(metrics_of(query_values(evaluation.ranks.video_to_text.positions(policy))),
                 report.whole.video_to_text.values);
  }
}

TEST(ReportTest, DamagedRankFilesAreRefused) {
  const test::TemporaryFolder folder;
  const auto file = folder / "ranks.safetensors";
  const std::vector<int64_t> rank{1, 2}, tied{0, 5};
  const std::vector<float> wrong_type{1};
  const ArrayView ranks{ElementType::kI64, {2}, rank.data()}, ties{ElementType::kI64, {2}, tied.data()};
  const std::map<std::string, std::string> metadata{{"t2v_ids", "[\"a\",\"b\"]"},
                                                    {"t2v_clusters", "[\"a\",\"b\"]"},
                                                    {"v2t_ids", "[\"a\",\"b\"]"},
                                                    {"v2t_clusters", "[\"a\",\"b\"]"}};
  const auto message = [&](const std::vector<std::pair<std::string, ArrayView>>& arrays,
                           const std::map<std::string, std::string>& texts) {
    write_safetensors(file, arrays, texts);
    return error_of([&] { read_ranks(file); });
  };
  EXPECT_THAT(message({{"t2v_rank", ranks}}, metadata), HasSubstr("t2v_tied"));
  EXPECT_THAT(message({{"t2v_rank", {ElementType::kF32, {1}, wrong_type.data()}}, {"t2v_tied", ties}}, metadata),
              HasSubstr("I64"));
  EXPECT_THAT(message({{"t2v_rank", ranks}, {"t2v_tied", ties}}, {}), HasSubstr("t2v_ids"));
  EXPECT_THAT(message({{"t2v_rank", ranks}, {"t2v_tied", ties}}, metadata), HasSubstr("cannot be"));
}

TEST(ReportTest, SizesThatDisagreeAreRefused) {
  auto sample = test::sample_input(1);
  sample.input.text_ids.pop_back();
  EXPECT_THAT(error_of([&] { evaluate_similarity(sample.input, test::sample_protocol()); }), HasSubstr("23 text ids"));
  sample = test::sample_input(1);
  const DenseScores narrow(sample.part->data(), 24, 5);
  sample.input.parts[0].second = &narrow;
  EXPECT_THAT(error_of([&] { evaluate_similarity(sample.input, test::sample_protocol()); }),
              HasSubstr("Part 'frames'"));
}

TEST(ReportTest, TextShowsNumbersWithIntervalsBesideARandomOrder) {
  const auto text = report_to_text(test::sample_evaluation(1).report);
  EXPECT_THAT(text, HasSubstr("test split, 24 texts, 12 videos; ties pessimistic; video to text by best-caption"));
  EXPECT_THAT(text, HasSubstr("300 draws of 6 clusters, seed 4"));
  EXPECT_THAT(text, testing::ContainsRegex("text to video +[0-9.]+ \\[ *[0-9.]+, [0-9.]+\\]"));
  EXPECT_THAT(text, testing::ContainsRegex("random order +8.3 "));
  EXPECT_THAT(text, HasSubstr("Text to video by need"));
  EXPECT_THAT(text, HasSubstr("frames, text to video"));
}

TEST(ReportTest, TextWarnsOfWhatWasMissingTiedOrNan) {
  auto report = test::sample_evaluation(1).report;
  report.protocol.missing_videos = 2;
  report.protocol.missing_policy = "skip";
  report.whole.text_to_video.nan_queries = 3;
  const auto text = report_to_text(report);
  EXPECT_THAT(text, HasSubstr("2 videos of the split are missing (policy: skip)"));
  EXPECT_THAT(text, HasSubstr("3 text queries met a NaN score"));
}

}  // namespace
}  // namespace tvr
