#include "tvr/eval/matrix_report.h"

#include <gmock/gmock.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "eval/golden_matrix.h"
#include "eval/report_samples.h"
#include "tvr/base/error.h"
#include "tvr/eval/significance.h"

namespace tvr {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// 24 texts, 12 videos, with a bank for each direction.
struct Asked {
  test::Sample sample = test::sample_input(1), banks = test::sample_input(2);
  DenseScores text_bank{banks.scores->data(), 5, 12}, video_bank{banks.scores->data(), 24, 4};
  MatrixRequest request;

  explicit Asked(const std::vector<std::string>& specs = {}) {
    request.input = sample.input;
    request.protocol = test::sample_protocol();
    request.threads = 1;
    for (const auto& spec : specs) request.reranks.push_back(parse_rerank(spec));
  }
  MatrixReport report() const { return evaluate_matrix(request); }
};

MatrixReport full_report() {
  Asked asked({"dsl:10", "dis:5:2"});
  asked.request.text_bank = &asked.text_bank;
  asked.request.video_bank = &asked.video_bank;
  asked.request.compat = Compat::kClip4Clip;
  asked.request.fusion = {{"rgb_scores.npy", 0.75}, {"motion.npy", 0.25}};
  asked.request.notes = {"columns are <assumed>"};
  (*asked.sample.scores)[1] = (*asked.sample.scores)[0];  // text 0 ties
  return asked.report();
}

json json_of(const MatrixReport& report) {
  return json::parse(matrix_report_to_json(report));
}

void expect_direction(const json& metrics, const std::string& where) {
  SCOPED_TRACE(where);
  for (const auto& metric : standard_metrics()) {
    EXPECT_TRUE(metrics.at(metric_name(metric)).is_number());
    EXPECT_EQ(metrics.at("ci95").at(metric_name(metric)).size(), 2U);
  }
  for (const char* count : {"queries", "candidates", "tied_queries", "nan_queries", "infinite_queries"})
    EXPECT_TRUE(metrics.at(count).is_number_integer()) << count;
}

TEST(MatrixReportTest, JsonHasTheNumbersOfTheEvaluation) {
  const auto found = json_of(full_report());
  for (const char* direction : {"text_to_video", "video_to_text"}) {
    expect_direction(found.at(direction), direction);
    expect_direction(found.at("parts").at("frames").at(direction), direction);
    for (const auto& metric : standard_metrics())
      EXPECT_TRUE(found.at("random_ranking").at(direction).at(metric_name(metric)).is_number());
  }
  EXPECT_DOUBLE_EQ(found.at("rsum"),
                   found["text_to_video"]["RSum"].get<double>() + found["video_to_text"]["RSum"].get<double>());
  EXPECT_EQ(found.at("protocol").at("ties"), "pessimistic");
  EXPECT_EQ(found.at("protocol").at("v2t_definition"), "best-caption");
  EXPECT_EQ(found.at("protocol").at("texts"), 24);
  EXPECT_EQ(found.at("special_queries").at("tied_texts"), json::array({"text0"}));
  expect_direction(found.at("breakdown").at("need").at("order"), "order");
  EXPECT_EQ(found.at("notes"), json::array({"columns are <assumed>"}));
}

TEST(MatrixReportTest, JsonHasEveryReRankingWithWhatItsBankDid) {
  const auto reranked = json_of(full_report()).at("reranked");
  ASSERT_EQ(reranked.size(), 2U);
  EXPECT_EQ(reranked[0].at("spec"), "dual_softmax:10");
  EXPECT_EQ(reranked[0].at("transductive"), true);
  EXPECT_FALSE(reranked[0].contains("text_bank"));
  EXPECT_EQ(reranked[1].at("spec"), "dynamic_inverted_softmax:5:2");
  EXPECT_EQ(reranked[1].at("transductive"), false);
  for (const auto& numbers : reranked)
    for (const char* direction : {"text_to_video", "video_to_text"}) expect_direction(numbers.at(direction), direction);
  EXPECT_EQ(reranked[1].at("text_bank").at("bank_queries"), 5);
  EXPECT_EQ(reranked[1].at("video_bank").at("bank_queries"), 4);
  for (const char* bank : {"text_bank", "video_bank"})
    for (const char* count : {"activated", "normalised"}) EXPECT_GT(reranked[1].at(bank).at(count), 0) << bank << count;
}

TEST(MatrixReportTest, JsonHasCompatibleNumbersHubsAndWeights) {
  const auto found = json_of(full_report());
  const auto& compat = found.at("compat");
  EXPECT_EQ(compat.at("evaluator"), "clip4clip");
  EXPECT_EQ(compat.at("v2t_definition"), "best-caption");
  for (const char* direction : {"text_to_video", "video_to_text"}) {
    for (const char* metric : {"R@1", "R@5", "R@10", "R@50", "MdR", "MnR"})
      EXPECT_TRUE(compat.at(direction).at(metric).is_number());
    EXPECT_TRUE(compat.at(direction).at("explanation").is_string());
    const auto& hubness = found.at("hubness").at(direction);
    ASSERT_EQ(hubness.size(), 2U);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(hubness[i].at("k"), i == 0 ? 1 : 10);
      for (const char* key : {"candidates", "never_retrieved", "most", "skewness"})
        EXPECT_TRUE(hubness[i].at(key).is_number()) << key;
      EXPECT_EQ(hubness[i].at("hubs")[0].at("queries"), hubness[i].at("most"));
    }
  }
  EXPECT_EQ(compat.at("text_to_video").at("denominator"), 24);
  EXPECT_EQ(compat.at("text_to_video").at("differing_queries"), json::array({"text0"}));
  EXPECT_EQ(found.at("hubness").at("text_to_video")[0].at("candidates"), 12);
  EXPECT_THAT(found["hubness"]["text_to_video"][0]["hubs"][0]["id"].get<std::string>(), StartsWith("video"));
  EXPECT_EQ(found.at("fusion"), json::parse("[{\"matrix\": \"rgb_scores.npy\", \"weight\": 0.75}, {\"matrix\": "
                                            "\"motion.npy\", \"weight\": 0.25}]"));
}

TEST(MatrixReportTest, JsonLeavesOutWhatWasNotAskedForAndReadsBackAsAReport) {
  const auto report = Asked({"is:10"}).report();
  const auto found = json_of(report);
  EXPECT_EQ(found.at("reranked").at("spec"), "inverted_softmax:10");  // one of them is no list
  for (const char* key : {"compat", "fusion", "notes"}) EXPECT_FALSE(found.contains(key)) << key;
  EXPECT_FALSE(json_of(Asked().report()).contains("reranked"));
  const auto read = report_from_json(matrix_report_to_json(report), "metrics.json");
  EXPECT_EQ(report_to_json(read), report_to_json(report.evaluation.report));
}

TEST(MatrixReportTest, ReRankedNumbersAreThoseOfTheReRankedMatrix) {
  const Asked asked({"dsl:10"});
  const auto report = asked.report();
  const auto& input = asked.request.input;
  const auto texts = rerank_for_texts(*input.scores, asked.request.reranks[0], nullptr);
  const auto videos = rerank_for_videos(*input.scores, asked.request.reranks[0], nullptr);
  const auto expected_texts = summarize_ranks(text_to_video_ranks(*texts, input.truth), TiePolicy::kPessimistic);
  const auto expected_videos =
      summarize_ranks(video_to_text_ranks(*videos, input.truth, VideoToText::kBestCaption), TiePolicy::kPessimistic);
  for (const auto& metric : standard_metrics()) {
    EXPECT_EQ((*report.reranked[0].text_to_video)[metric], expected_texts[metric]) << metric_name(metric);
    EXPECT_EQ((*report.reranked[0].video_to_text)[metric], expected_videos[metric]) << metric_name(metric);
  }
  EXPECT_NE(expected_texts[Metric::kMRR], report.evaluation.report.whole.text_to_video[Metric::kMRR]);
}

TEST(MatrixReportTest, TextShowsEveryColumnWithItsNotes) {
  const auto text = render_matrix_report(full_report(), TableFormat::kText);
  EXPECT_THAT(text, StartsWith("test split, 24 texts, 12 videos; ties pessimistic; video to text by best-caption\n"));
  for (const char* direction : {"Text to video", "Video to text"})  // one below the other
    EXPECT_THAT(text,
                ContainsRegex(std::string("\n") + direction +
                              "\n +raw +dual_softmax:10† +dynamic_inverted_softmax:5:2 +clip4clip +random order\n"));
  for (const auto& metric : standard_metrics())
    EXPECT_THAT(text, ContainsRegex("\n" + metric_name(metric) + " +[0-9.]+ \\[ *[0-9.]+, [0-9.]+\\]"));
  EXPECT_THAT(text,
              HasSubstr("† transductive: looks at all test queries at once; not to be compared with raw numbers."));
  EXPECT_THAT(text, HasSubstr("dynamic_inverted_softmax:5:2, text to video: a bank of 5 queries has "));
  EXPECT_THAT(text, HasSubstr("dynamic_inverted_softmax:5:2, video to text: a bank of 4 queries has "));
  EXPECT_THAT(text, HasSubstr("clip4clip, text to video: 1 query"));
  EXPECT_THAT(text, HasSubstr("clip4clip, video to text (best-caption): "));
  EXPECT_THAT(text, HasSubstr("RSum of both directions, raw: "));
  EXPECT_THAT(text, HasSubstr("note: 1 text queries tie with a wrong video (text0)\n"));
  EXPECT_THAT(text, HasSubstr("note: columns are <assumed>\n"));
}

TEST(MatrixReportTest, TextShowsWeightsPartsTagsAndHubsBelow) {
  const auto text = render_matrix_report(full_report(), TableFormat::kText);
  EXPECT_THAT(text, ContainsRegex("\nLate fusion\nmatrix +weight\nrgb_scores.npy +0.75\nmotion.npy +0.25\n"));
  EXPECT_THAT(text, HasSubstr("\nParts of the score, each ranked alone\n"));
  EXPECT_THAT(text, HasSubstr("\nText to video by need\n"));
  EXPECT_THAT(text, ContainsRegex("\nHubs\n +candidates +never retrieved +skewness +retrieved most often\n"));
  EXPECT_THAT(
      text,
      ContainsRegex("\nvideos among the first 1 +12 +[0-9]+ \\([0-9.]+ %\\) +-?[0-9.]+ +video[0-9]+ \\([0-9]+\\), "));
  EXPECT_THAT(text, ContainsRegex("\ntexts among the first 10 +24 "));
  EXPECT_EQ(text.back(), '\n');
}

TEST(MatrixReportTest, MarkdownAndLatexHoldTheSameTables) {
  const auto markdown = render_matrix_report(full_report(), TableFormat::kMarkdown);
  EXPECT_THAT(markdown, HasSubstr("**Text to video**\n\n|  | raw | dual\\_softmax:10† |"));
  EXPECT_THAT(markdown, ContainsRegex("\n\\| R@1 \\| [0-9.]+ "));
  EXPECT_THAT(markdown, HasSubstr("**Hubs**"));
  EXPECT_THAT(markdown, HasSubstr("rgb\\_scores.npy"));
  EXPECT_THAT(markdown, HasSubstr("columns are \\<assumed\\>"));
  const auto latex = render_matrix_report(full_report(), TableFormat::kLatex);
  EXPECT_THAT(latex, HasSubstr("\\caption{Text to video}"));
  EXPECT_THAT(latex, HasSubstr("dual\\_softmax:10†"));
  EXPECT_THAT(latex, HasSubstr(" \\%)}"));  // a bare % would comment out the rest of the row
  EXPECT_THAT(latex, HasSubstr("\\caption{Hubs}"));
  EXPECT_THAT(latex, HasSubstr("columns are \\textless{}assumed\\textgreater{}"));
  for (const auto format : {TableFormat::kHtml, TableFormat::kJson})
    EXPECT_THROW(render_matrix_report(full_report(), format), std::logic_error);
}

TEST(MatrixReportTest, ABankOfTheTestQueriesIsTransductiveToo) {
  Asked asked({"qb:5"});
  asked.request.text_bank = &asked.text_bank;
  EXPECT_FALSE(asked.report().reranked[0].transductive);
  EXPECT_THAT(render_matrix_report(asked.report(), TableFormat::kText), Not(HasSubstr("†")));
  asked.request.text_bank = asked.request.input.scores;
  asked.request.bank_is_test = true;
  EXPECT_TRUE(asked.report().reranked[0].transductive);
  EXPECT_THAT(render_matrix_report(asked.report(), TableFormat::kText), HasSubstr("query_bank:5†"));
}

TEST(MatrixReportTest, ADirectionWithoutABankStaysRaw) {
  Asked asked({"qb:5"});
  asked.request.text_bank = &asked.text_bank;
  const auto texts = asked.report();
  EXPECT_TRUE(texts.reranked[0].text_to_video);
  EXPECT_FALSE(texts.reranked[0].video_to_text);
  EXPECT_FALSE(json_of(texts).at("reranked").contains("video_to_text"));
  EXPECT_THAT(render_matrix_report(texts, TableFormat::kText),
              HasSubstr("query_bank:5: no --video-bank, so video to text stays raw."));
  asked.request.text_bank = nullptr;
  asked.request.video_bank = &asked.video_bank;
  const auto videos = asked.report();
  EXPECT_FALSE(videos.reranked[0].text_to_video);
  EXPECT_EQ(videos.reranked[0].video_use->normalised, 12);
  EXPECT_THAT(render_matrix_report(videos, TableFormat::kText),
              HasSubstr("query_bank:5: no --bank, so text to video stays raw."));
}

TEST(MatrixReportTest, WhatDoesNotFitIsRefused) {
  const auto message = [](const Asked& asked) {
    try {
      asked.report();
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  Asked asked({"dis:5:2"});
  EXPECT_EQ(
      message(asked),
      "Re-ranking dynamic_inverted_softmax:5:2 needs a query bank: other texts against the same videos (--bank), or "
      "the same texts against other videos (--video-bank).");
  asked.request.text_bank = &asked.video_bank;
  EXPECT_THAT(message(asked), HasSubstr("The query bank has 4 videos (columns), the similarity matrix 12"));
  asked.request.input.text_ids.pop_back();
  EXPECT_THAT(message(asked), HasSubstr("23 text ids for 24 rows"));
}

// The whole page is no help in a failure message.
bool has(const std::string& page, const std::string& part) {
  return page.find(part) != std::string::npos;
}

TEST(MatrixReportTest, ThePageHasASectionForEachAndRunsNothing) {
  const auto page = matrix_page_html("sim <1>.npy", full_report());
  for (const char* section : {"Numbers", "All metrics", "Fusion", "Hubs", "Plots", "Settings"})
    EXPECT_TRUE(has(page, std::string(">") + section + "</h2>")) << section;
  for (const char* part :
       {"<title>sim &lt;1&gt;.npy</title>", "dual_softmax:10†", "not to be compared with raw numbers",
        "clip4clip, text to video: ", "rgb_scores.npy", "columns are &lt;assumed&gt;"})
    EXPECT_TRUE(has(page, part)) << part;
  for (const char* outside : {"<script", "<link", "http://", "https://", "url(", "onclick"})
    EXPECT_FALSE(has(page, outside)) << outside;
}

TEST(MatrixReportTest, ThePageLeavesOutTheSectionsThatWouldBeEmpty) {
  const auto page = matrix_page_html("sim.npy", Asked().report());
  EXPECT_TRUE(has(page, ">Hubs</h2>"));
  for (const char* absent : {">Fusion</h2>", "†", "clip4clip"}) EXPECT_FALSE(has(page, absent)) << absent;
}

class GoldenMatrixReportTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto matrix = test::golden_matrix();
    if (!matrix) GTEST_SKIP() << "TVR_TEST_DATA holds no simmatrix/msrvtt_video_matrix.npy";
    matrix_ = *matrix;
  }
  test::Matrix matrix_;
};

TEST_F(GoldenMatrixReportTest, RawReRankedAndCompatibleNumbersStandSideBySide) {
  const auto scores = matrix_.view();
  MatrixRequest request;
  request.input.scores = &scores;
  request.input.truth = matrix_.truth();
  for (int64_t i = 0; i < 1000; ++i) request.input.text_ids.push_back("t" + std::to_string(i));
  request.input.video_ids = request.input.text_ids;
  request.protocol.bootstrap_draws = 0;
  request.reranks = {parse_rerank("dsl:100")};
  request.compat = Compat::kClip4Clip;
  const auto text = render_matrix_report(evaluate_matrix(request), TableFormat::kText);
  EXPECT_THAT(text, ContainsRegex("\nR@1 +48.0 +52.8 +48.0 +0.1\n"));
  EXPECT_THAT(text, ContainsRegex("\nR@1 +45.6 +52.3 +45.5 +0.1\n"));
  EXPECT_THAT(text, HasSubstr("it divides by 1012 instead of 1000"));
  EXPECT_THAT(text, ContainsRegex("\nvideos among the first 1 +1000 +327 \\(32.7 %\\) +1.20 +t825 \\(7\\)"));
}

// Queries at rank 1 after a dual softmax only, and before it only.
TEST_F(GoldenMatrixReportTest, GainsOfDualSoftmaxAreJudgedByMcNemar) {
  const auto scores = matrix_.view();
  const auto before = text_to_video_ranks(scores, matrix_.truth());
  const auto judge = [&](const std::string& spec) {
    const auto reranked = rerank_for_texts(scores, parse_rerank(spec), nullptr);
    const auto after = text_to_video_ranks(*reranked, matrix_.truth());
    int64_t gained = 0, lost = 0;
    for (int64_t i = 0; i < before.size(); ++i) {
      const bool first_before = before.position(i, TiePolicy::kPessimistic) == 0;
      const bool first_after = after.position(i, TiePolicy::kPessimistic) == 0;
      gained += first_after && !first_before ? 1 : 0;
      lost += first_before && !first_after ? 1 : 0;
    }
    return std::pair(gained, lost);
  };
  EXPECT_EQ(judge("dsl:100"), std::pair(int64_t{87}, int64_t{39}));
  EXPECT_NEAR(mcnemar_exact(87, 39), 2.28e-5, 5e-8);
  EXPECT_EQ(judge("dsl:20"), std::pair(int64_t{19}, int64_t{34}));
  EXPECT_NEAR(mcnemar_exact(19, 34), 0.0534, 5e-5);
  EXPECT_EQ(judge("dsl:1"), std::pair(int64_t{7}, int64_t{12}));
  EXPECT_NEAR(mcnemar_exact(7, 12), 0.359, 5e-4);
}

}  // namespace
}  // namespace tvr
