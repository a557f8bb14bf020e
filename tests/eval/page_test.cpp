#include "tvr/eval/page.h"

#include <gmock/gmock.h>

#include <cmath>

#include "eval/report_samples.h"

namespace tvr {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

const std::string kPng = "\x89PNG\r\n\x1A\nmore";  // not a whole picture; only its kind is looked at

PageQuery sample_query() {
  PageCandidate right{"video1", 1, 0.75, true, {{4, 2.5, kPng}}, {}};
  right.matches = {{"red", 0.4, 4, 2.5, PageRegion{0.1, 0.2, 0.5, 0.6}, "patches"}, {"beep", 0.1, {}, {}, {}, "audio"}};
  PageCandidate wrong{"video2", 2, 0.5, false, {}, {}};
  return {"text7", "a red circle", "order", "video1", 1, {right, wrong}};
}

EvaluationPage sample_page() {
  const auto evaluation = test::sample_evaluation(1);
  EvaluationPage page{"A run",         evaluation.report, evaluation.ranks, "run: {seed: 0}\n", {{"parameters", "42"}},
                      {sample_query()}};
  page.report.protocol.commit = "0123abcd";
  page.report.protocol.hardware = "2 cores";
  return page;
}

int64_t count(const std::string& text, const std::string& part) {
  int64_t result = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++result;
  return result;
}

TEST(PageTest, ShowsNumbersSettingsPlotsAndParts) {
  const auto html = evaluation_page_html(sample_page());
  EXPECT_THAT(html, HasSubstr("<title>A run</title>"));
  EXPECT_THAT(html, HasSubstr("0123abcd"));
  EXPECT_THAT(html, HasSubstr("2 cores"));
  EXPECT_THAT(html, HasSubstr("run: {seed: 0}"));
  EXPECT_THAT(html, HasSubstr("part: frames"));
  EXPECT_THAT(html, HasSubstr("Twin accuracy"));
  EXPECT_THAT(html, HasSubstr("random order"));
  EXPECT_EQ(count(html, "<svg class=\"chart\""), 3);
}

TEST(PageTest, LoadsNothingAndRunsNothing) {
  const auto html = evaluation_page_html(sample_page());
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  for (const char* outside : {"<script", "<link", "http://", "https://", "url(", "@import", "onclick"})
    EXPECT_THAT(html, Not(HasSubstr(outside)));
}

TEST(PageTest, ServesScreenReadersPhonesAndTheDark) {
  const auto html = evaluation_page_html(sample_page());
  EXPECT_THAT(html, HasSubstr("<html lang=\"en\">"));
  EXPECT_THAT(html, HasSubstr("name=\"viewport\""));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(html, HasSubstr("alt=\"video1, frame 4, 2.5 s\""));
  EXPECT_EQ(count(html, "<img "), count(html, "<img alt="));
  EXPECT_EQ(count(html, "<svg class=\"chart\""),
            count(html, "role=\"img\" aria-label=\"R") + count(html, "role=\"img\" aria-label=\"Share"));
  EXPECT_EQ(count(html, "<th>") + count(html, "<th "), count(html, "<th scope="));
}

TEST(PageTest, EveryElementOpenedIsClosed) {
  const auto html = evaluation_page_html(sample_page());
  for (const std::string name : {"div", "section", "table", "tr", "td", "th", "ol", "li", "span", "svg", "figure",
                                 "article", "details", "p", "b", "i", "h2", "h3"})
    EXPECT_EQ(count(html, "<" + name + ">") + count(html, "<" + name + " "), count(html, "</" + name + ">")) << name;
}

TEST(PageTest, AQueryShowsItsCandidatesMarkedByWordAndColour) {
  const auto html = evaluation_page_html(sample_page());
  EXPECT_THAT(html, HasSubstr("“a red circle”"));
  EXPECT_THAT(html, HasSubstr("rank 1 of 12"));
  EXPECT_THAT(html, HasSubstr("need: order"));
  EXPECT_THAT(html, HasSubstr("class=\"cand right\""));
  EXPECT_THAT(html, HasSubstr("✓ right"));
  EXPECT_THAT(html, HasSubstr("✗ wrong"));
  EXPECT_THAT(html, HasSubstr("no picture"));
  EXPECT_THAT(html, HasSubstr("data:image/png;base64,iVBORw0KGgptb3Jl\""));
}

TEST(PageTest, ARegionIsDrawnOverItsFrameAndNumbered) {
  const auto html = evaluation_page_html(sample_page());
  EXPECT_THAT(html, HasSubstr("x=\"10.00\" y=\"20.00\" width=\"40.00\" height=\"40.00\""));
  EXPECT_THAT(html, HasSubstr("style=\"left:10.00%;top:20.00%\">1</span>"));
  EXPECT_THAT(html, HasSubstr("patches, frame 4, 2.5 s, region"));
  auto page = sample_page();
  page.queries[0].candidates[0].matches[0].frame = 5;  // a frame that the card does not show
  EXPECT_THAT(evaluation_page_html(page), Not(HasSubstr("x=\"10.00\"")));
}

TEST(PageTest, RegionsAndWeightsOutOfRangeStayInsideTheFrame) {
  auto page = sample_page();
  auto& match = page.queries[0].candidates[0].matches[0];
  match.region = PageRegion{-1, 0.5, std::nan(""), 7};
  match.weight = std::nan("");
  const auto html = evaluation_page_html(page);
  EXPECT_THAT(html, HasSubstr("x=\"0.00\" y=\"50.00\" width=\"0.00\" height=\"50.00\""));
  EXPECT_THAT(html, HasSubstr("style=\"width:0%\""));
}

TEST(PageTest, TextsAreEscapedWhereverTheyStand) {
  const std::string attack = "\"'><script>&";
  auto page = sample_page();
  page.title = page.config = page.report.protocol.command = attack;
  page.report.parts[0].first = page.report.breakdown[0].tag = page.report.breakdown[0].entries[0].value = attack;
  page.settings = {{attack, attack}};
  auto& query = page.queries[0];
  query.text_id = query.caption = query.need = query.right_video = attack;
  auto& candidate = query.candidates[0];
  candidate.video_id = candidate.matches[0].word = candidate.matches[0].part = attack;
  const auto html = evaluation_page_html(page);
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  EXPECT_THAT(html, Not(HasSubstr("\"'>")));
  EXPECT_GE(count(html, "&quot;&#39;&gt;&lt;script&gt;&amp;"), 14);
}

TEST(PageTest, OnlyPicturesBrowsersShowAreEmbedded) {
  auto page = sample_page();
  auto& image = page.queries[0].candidates[0].frames[0].image;
  image = "<svg onload=x>";
  EXPECT_THAT(evaluation_page_html(page), Not(HasSubstr("<img")));
  image = "\xFF\xD8\xFF\xE0";
  EXPECT_THAT(evaluation_page_html(page), HasSubstr("data:image/jpeg;base64,/9j/4A==\""));
}

TEST(PageTest, WorksWithoutQueriesPartsTagsAndIntervals) {
  auto protocol = test::sample_protocol();
  protocol.bootstrap_draws = 0;
  const auto evaluation = test::sample_evaluation(1, protocol);
  EvaluationPage page{"A run", evaluation.report, evaluation.ranks, "", {}, {}};
  page.report.parts.clear();
  page.report.breakdown.clear();
  const auto html = evaluation_page_html(page);
  EXPECT_THAT(html, Not(HasSubstr("href=\"#queries\"")));
  EXPECT_THAT(html, Not(HasSubstr("95 % interval")));
  EXPECT_EQ(count(html, "<svg class=\"chart\""), 2);
}

TEST(PageTest, MissingVideosAndNanAreSaidAtTheTop) {
  auto page = sample_page();
  page.report.protocol.missing_videos = 2;
  page.report.protocol.missing_policy = "skip";
  page.report.whole.video_to_text.nan_queries = 1;
  const auto html = evaluation_page_html(page);
  EXPECT_EQ(count(html, "<p class=\"warn\">"), 2);
  EXPECT_LT(html.find("2 videos of the split are missing (policy: skip)."), html.find("id=\"numbers\""));
}

TEST(PageTest, EqualContentGivesEqualBytes) {
  EXPECT_EQ(evaluation_page_html(sample_page()), evaluation_page_html(sample_page()));
}

TEST(PageTest, AOneVideoGalleryHasAPage) {
  const float score = 1;
  EvaluationInput input;
  const DenseScores scores(&score, 1, 1);
  input.scores = &scores;
  input.truth = GroundTruth::square(1);
  input.text_ids = input.video_ids = {"only"};
  const auto evaluation = evaluate_similarity(input, test::sample_protocol());
  const auto html = evaluation_page_html({"One", evaluation.report, evaluation.ranks, "", {}, {}});
  EXPECT_THAT(html, HasSubstr("100.0"));
  for (const char* broken : {"nan,", ",nan", "\"nan", "inf,", "\"inf", "-nan"})
    EXPECT_THAT(html, Not(HasSubstr(broken)));
}

}  // namespace
}  // namespace tvr
