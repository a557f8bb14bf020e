#include <gmock/gmock.h>

#include "eval/comparison_samples.h"

namespace tvr {
namespace {

using test::compared_system;
using test::comparison_input;
using test::random_ranks;
using testing::HasSubstr;
using testing::Not;

ComparisonInput sample_input() {
  auto input = comparison_input({compared_system("base", {random_ranks(1, 90, 0.3)}),
                                 compared_system("ours", {random_ranks(2, 90, 0.5), random_ranks(3, 90, 0.5)}),
                                 compared_system("other", {random_ranks(4, 90, 0.9)})},
                                3);
  for (auto* queries : {&input.text_to_video, &input.video_to_text})
    for (int i = 0; i < 90; ++i) queries->captions.push_back("caption " + std::to_string(i));
  return input;
}

std::string page_of(const ComparisonInput& input, const std::string& title = "Two heads", int64_t draws = 200) {
  return comparison_page_html(title, input, compare_systems(input, {draws, 1, 1}), {{"command", "tvr compare a b"}});
}

int64_t count(const std::string& text, const std::string& part) {
  int64_t result = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++result;
  return result;
}

TEST(ComparisonPageTest, ShowsVerdictsTablesPlotsAndQueries) {
  const auto input = sample_input();
  const auto comparison = compare_systems(input, {200, 1, 1});
  const auto html = page_of(input);
  EXPECT_THAT(html, HasSubstr("<title>Two heads</title>"));
  EXPECT_EQ(count(html, "<p class=\"said\">"), 8);  // two systems, two directions, two metrics
  for (const auto& verdict : comparison.video_to_text.systems[1].verdicts)
    EXPECT_THAT(html, HasSubstr("<p class=\"said\">" + verdict + "</p>"));
  EXPECT_EQ(count(html, "<svg class=\"chart\""), 2 * (2 + 2));
  EXPECT_EQ(count(html, "<polyline class=\"line series s"), 2 * 3);
  EXPECT_EQ(count(html, "<caption>Over the seeds</caption>"), 2);
  EXPECT_THAT(html, HasSubstr("tvr compare a b"));
  const auto& gained = comparison.text_to_video.systems[1].gained.at(0);
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\">" + gained.id + "</th><td>caption " + gained.id.substr(5) + "</td>"));
}

TEST(ComparisonPageTest, ListsTheTwentyQueriesThatMovedFarthest) {
  const auto input =
      comparison_input({compared_system("base", {test::Ranks(30, 9)}), compared_system("ours", {test::Ranks(30, 1)})});
  const auto html = page_of(input);
  EXPECT_THAT(html, HasSubstr("Gained at rank 1: 30 queries, the 20 that moved farthest"));
  EXPECT_EQ(count(html, "<th scope=\"row\">query"), 2 * 20);
  EXPECT_THAT(html, Not(HasSubstr("<caption>Lost at rank 1")));
}

TEST(ComparisonPageTest, RankChangesAreCountedByHowFarTheyWent) {
  const auto input = comparison_input(
      {compared_system("base", {{1, 2, 9, 30, 5, 5}}), compared_system("ours", {{1, 1, 4, 5, 6, 26}})});
  const auto html = page_of(input);
  for (const char* tip : {"<title>1 better by 1<", "<title>1 worse by 1<", "<title>1 better by 2–5<",
                          "<title>0 worse by 2–5<", "<title>0 better by 6–20<", "<title>1 better by 21–100<",
                          "<title>1 worse by 21–100<", "<title>0 better by &gt;100<"})
    EXPECT_EQ(count(html, tip), 2) << tip;
}

TEST(ComparisonPageTest, LoadsNothingAndRunsNothing) {
  const auto html = page_of(sample_input());
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  for (const char* outside : {"<script", "<link", "http://", "https://", "url(", "@import", "onclick"})
    EXPECT_THAT(html, Not(HasSubstr(outside)));
}

TEST(ComparisonPageTest, ServesScreenReadersPhonesAndTheDark) {
  const auto html = page_of(sample_input());
  EXPECT_THAT(html, HasSubstr("<html lang=\"en\">"));
  EXPECT_THAT(html, HasSubstr("name=\"viewport\""));
  EXPECT_GE(count(html, "prefers-color-scheme: dark"), 2);  // the sheet of all pages and the systems' colours
  EXPECT_EQ(count(html, "<svg "), count(html, "role=\"img\" aria-label=\""));
  EXPECT_EQ(count(html, "<th>") + count(html, "<th "), count(html, "<th scope="));
  EXPECT_EQ(count(html, " id=\""), count(html, "<section "));
  for (const char* id : {"verdicts", "text-to-video", "video-to-text", "reading", "settings"})
    EXPECT_EQ(count(html, "href=\"#" + std::string(id) + "\""), count(html, "<h2 id=\"" + std::string(id) + "\""))
        << id;
}

TEST(ComparisonPageTest, EveryElementOpenedIsClosed) {
  const auto html = page_of(sample_input());
  for (const std::string name : {"div", "section", "table", "tr", "td", "th", "span", "svg", "p", "a", "h2", "h3",
                                 "text", "title", "rect", "polyline", "caption"})
    EXPECT_EQ(count(html, "<" + name + ">") + count(html, "<" + name + " "), count(html, "</" + name + ">")) << name;
}

TEST(ComparisonPageTest, TextsAreEscapedWhereverTheyStand) {
  const std::string attack = "\"'><script>&";
  auto input = sample_input();
  for (auto& system : input.systems) {
    system.name += attack;
    for (auto* seeds : {&system.text_to_video, &system.video_to_text})
      for (auto& seed : *seeds)
        for (auto& id : seed.ids) id += attack;
  }
  for (auto& caption : input.text_to_video.captions) caption = attack;
  const auto html = comparison_page_html(attack, input, compare_systems(input, {50, 1, 1}), {{attack, attack}});
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  EXPECT_THAT(html, Not(HasSubstr("\"'>")));
  EXPECT_GE(count(html, "&quot;&#39;&gt;&lt;script&gt;&amp;"), 100);
}

TEST(ComparisonPageTest, WorksWithoutCaptionsDrawsAndChanges) {
  const auto input = comparison_input({compared_system("base", {{1}}), compared_system("ours", {{1}})});
  const auto html = page_of(input, "One", 0);
  EXPECT_THAT(html, HasSubstr("not tested"));
  EXPECT_EQ(count(html, "class=\"changes\""), 0);
  for (const char* broken : {"nan,", ",nan", "\"nan", "inf,", "\"inf", "-nan"})
    EXPECT_THAT(html, Not(HasSubstr(broken)));
}

TEST(ComparisonPageTest, EqualContentGivesEqualBytes) {
  EXPECT_EQ(page_of(sample_input()), page_of(sample_input()));
}

}  // namespace
}  // namespace tvr
