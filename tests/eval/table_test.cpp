#include "tvr/eval/table.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "eval/grid.h"
#include "eval/table_samples.h"
#include "eval/table_summary.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

using nlohmann::json;
using test::missing_row;
using test::published_row;
using test::run_row;
using test::seeds_row;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

Table sample_table() {
  Table table{"Heads & <parts>", "chance", {}, {}, "tvr table x.yaml --run"};
  table.rows = {run_row("chance", 1, 0), run_row("skilled_one", 2, 0.9), published_row(), missing_row("later")};
  return table;
}

std::string text_of(const Table& table) {
  return render_table(table, TableFormat::kText);
}

TEST(TableTest, TextHoldsNumbersIntervalsDifferencesTagsAndTheRandomOrder) {
  const auto text = text_of(sample_table());
  EXPECT_THAT(text, ContainsRegex("skilled_one +1‡ +[0-9.]+ +\\[[0-9.]+, [0-9.]+\\]"));
  EXPECT_THAT(text, HasSubstr("‡ One seed: in brackets the 95 % bootstrap interval"));
  EXPECT_THAT(text, HasSubstr("Difference to chance"));
  EXPECT_THAT(text, ContainsRegex("skilled_one +\\+[0-9.]+ +\\[\\+[0-9.]+, \\+[0-9.]+\\] *\\*"));
  EXPECT_THAT(text, HasSubstr("Text to video R@1 by need"));
  EXPECT_THAT(text, HasSubstr("Twin accuracy by need"));
  EXPECT_THAT(text, ContainsRegex("random order +8.3"));
  EXPECT_THAT(text, ContainsRegex("later +not run +not run"));
  EXPECT_THAT(text, HasSubstr("Not run, or not to the end: later. Make it with: tvr table x.yaml --run"));
}

TEST(TableTest, PublishedNumbersStandMarkedBesideOurs) {
  auto table = sample_table();
  table.rows[1].published = published_row().published;
  table.rows[3].published = PublishedNumbers{{{"MnR", 12}}, {{"R@1", 40}}, "another paper"};
  const auto text = text_of(table);
  EXPECT_THAT(text, ContainsRegex("skilled_one †1 +44.5 +71.4 +–"));
  EXPECT_THAT(text, ContainsRegex("skilled_one \\(ours\\) +1‡ +[0-9.]+"));
  EXPECT_THAT(text, ContainsRegex("later \\(ours\\) +not run"));
  EXPECT_THAT(text, ContainsRegex("CLIP4Clip †1 +44.5"));
  EXPECT_THAT(text, ContainsRegex("later †2 "));
  EXPECT_THAT(text, HasSubstr("†1 arXiv 2104.08860.\n"));
  EXPECT_THAT(text, HasSubstr("†2 another paper.\n"));
  EXPECT_LT(text.find("skilled_one †"), text.find("skilled_one (ours)"));
}

TEST(TableTest, SeedsGiveTheirMeanAndStudentsInterval) {
  const auto of = [](double value) { return SeedValue{value, Interval{0, 100}}; };
  const auto three = measured({of(10), of(12), of(14)});
  ASSERT_TRUE(three && three->interval);
  EXPECT_DOUBLE_EQ(three->value, 12);
  EXPECT_NEAR(three->interval->low, 12 - 4.968275, 1e-5);  // t(2; 0.975) 4.302653 x standard deviation 2 / sqrt(3)
  EXPECT_NEAR(three->interval->high, 12 + 4.968275, 1e-5);
  EXPECT_NEAR(measured({of(10), of(12)})->interval->high, 11 + 12.706205, 1e-5);  // t(1; 0.975) x sqrt(2) / sqrt(2)
  EXPECT_EQ(measured({of(10)})->interval->high, 100);                             // of one seed the bootstrap's
  EXPECT_FALSE(measured({of(10), std::nullopt}).has_value());
  EXPECT_FALSE(measured({}).has_value());
}

TEST(TableTest, IntervalsOfSeedsStayWithinWhatIsPossible) {
  auto row = seeds_row("a", 1, 0.5, 2);
  const auto set = [&](size_t run, const Metric& metric, double value) {
    row.runs[run].report.whole.text_to_video.values[metric] = value;
  };
  set(0, Metric::kR1, 99), set(1, Metric::kR1, 91);
  set(0, Metric::kMdR, 1), set(1, Metric::kMdR, 3);
  set(0, Metric::kRSum, 250), set(1, Metric::kRSum, 251);
  const auto of = [&](const Metric& metric) {
    return *measured(row, &RetrievalNumbers::text_to_video, metric)->interval;
  };
  EXPECT_EQ(of(Metric::kR1).high, 100);
  EXPECT_NEAR(of(Metric::kR1).low, 95 - 12.706205 * 4, 1e-4);
  EXPECT_EQ(of(Metric::kMdR).low, 1);
  EXPECT_GT(of(Metric::kMdR).high, 10);
  EXPECT_NEAR(of(Metric::kRSum).high, 250.5 + 12.706205 / 2, 1e-4);
}

TEST(TableTest, ATableOfSeedsSaysHowManyAndTestsThemToo) {
  Table table{
      "", "weak", {}, {seeds_row("weak", 1, 0.1, 3), seeds_row("strong", 11, 0.9, 3), run_row("single", 9, 0.5)}};
  const auto text = text_of(table);
  EXPECT_THAT(text, ContainsRegex("strong +3 +[0-9.]+ +\\["));
  EXPECT_THAT(text, ContainsRegex("single +1‡ +[0-9.]+ +\\["));
  EXPECT_THAT(text, HasSubstr("Student's t over the seeds"));
  EXPECT_THAT(text, HasSubstr("p (seeds)"));
  EXPECT_THAT(text, HasSubstr("adjusted by Holm for 2 rows"));
  const auto row = json::parse(render_table(table, TableFormat::kJson))["rows"][1];
  double sum = 0;
  for (const auto& run : row["runs"]) sum += run["metrics"]["text_to_video"]["R@1"].get<double>();
  EXPECT_DOUBLE_EQ(row["text_to_video"]["R@1"]["mean"].get<double>(), sum / 3);
  EXPECT_EQ(row["interval"], "Student's t over the seeds");
  EXPECT_TRUE(row["difference"]["text_to_video"]["R@1"].contains("welch_p"));
}

TEST(TableTest, FailedAndUnfinishedRowsAreShownWithTheReason) {
  auto table = sample_table();
  table.rows[3].failed = true;
  table.rows[3].not_run = {};
  table.rows[3].missing = {"failed: the loss is not finite"};
  table.rows.push_back(seeds_row("partly", 1, 0.5, 2));
  table.rows.back().not_run = {2, 3};
  const auto text = text_of(table);
  EXPECT_THAT(text, ContainsRegex("later +failed +failed"));
  EXPECT_THAT(text, HasSubstr("later: failed: the loss is not finite."));
  EXPECT_THAT(text, HasSubstr("partly (seed 2, 3)"));
  const auto parsed = json::parse(render_table(table, TableFormat::kJson));
  EXPECT_EQ(parsed["rows"][3]["status"], "failed");
  EXPECT_EQ(parsed["rows"][4]["status"], "unfinished");
  EXPECT_EQ(parsed["rows"][4]["seeds_not_run"], json({2, 3}));
}

TEST(TableTest, CostsAreMeansOverSeedsWithUnits) {
  Table table{"", "", {}, {seeds_row("a", 1, 0.5, 2), run_row("b", 3, 0.5)}};
  auto& runs = table.rows[0].runs;
  runs[0].cost = {1000, 400, 30.0, 500.0, 256, 2048, {{1000, 0.5}, {10000, 5}}, "2 x CPU, 1 threads"};
  runs[1].cost = {1000, 400, 31.0, 510.0, 256, 2048, {{1000, 0.7}, {10000, 6}}, "2 x CPU, 1 threads"};
  table.rows[1].runs[0].cost.training_seconds = 7200;
  const auto text = text_of(table);
  EXPECT_THAT(text, HasSubstr("What it costs"));
  EXPECT_THAT(text, ContainsRegex("a +1000 +400 +30.5 s +505 MB +0.600 +5.50 +2048 +256"));
  EXPECT_THAT(text, ContainsRegex("b +2.0 h"));
  EXPECT_THAT(text, HasSubstr("Measured on 2 x CPU, 1 threads."));
  runs[1].cost.parameters.reset();
  EXPECT_FALSE(mean_cost(table.rows[0]).parameters.has_value());
  table.columns = parse_table_columns({"R@1"});
  EXPECT_THAT(text_of(table), Not(HasSubstr("What it costs")));
}

TEST(TableTest, ColumnsAreChosenByName) {
  auto table = sample_table();
  table.columns = parse_table_columns({"R@3", "R@1"});
  const auto text = text_of(table);
  EXPECT_THAT(text, ContainsRegex("R@3 +R@1 +R@3 +R@1"));
  EXPECT_THAT(text, Not(HasSubstr("Difference to")));
  EXPECT_THAT(text, Not(HasSubstr("MdR")));
  table.columns = parse_table_columns({"R@1", "parts"});
  EXPECT_THAT(text_of(table), HasSubstr("R@1 of each part alone"));
  EXPECT_THROW(parse_table_columns({"R@1", "mdr"}), ConfigError);
  EXPECT_THROW(parse_table_columns({"difference"}), ConfigError);
}

TEST(TableTest, TextColumnsAlign) {
  const Grid grid{"",
                  "",
                  {{"group of two", 2}},
                  {"R@1", "R@5"},
                  {{"a", {{"5.0", "[4.0, 6.0]", ""}, {"100.0", "", ""}}, false},
                   {"longer", {{"45.0", "[41.2, 48.9]", "*"}, {"7.0", "", ""}}, false}},
                  {}};
  EXPECT_EQ(grid_to_text(grid),
            "        group of two\n"
            "         R@1                  R@5\n"
            "a        5.0 [4.0, 6.0]     100.0\n"
            "longer  45.0 [41.2, 48.9]*    7.0\n");
}

TEST(TableTest, MarkdownHasOneCellAColumnInEveryLine) {
  const auto text = render_table(sample_table(), TableFormat::kMarkdown);
  EXPECT_THAT(text, HasSubstr("**Heads & \\<parts\\>**"));
  EXPECT_THAT(text, HasSubstr("| text to video R@1 |"));
  EXPECT_THAT(text, HasSubstr("| skilled\\_one |"));
  const auto table = text.substr(text.find("\n\n") + 2);
  const auto lines = table.substr(0, table.find("\n\n"));
  std::istringstream stream(lines);
  for (std::string line; std::getline(stream, line);) EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 13) << line;
}

TEST(TableTest, LatexEscapesAndUsesBooktabs) {
  const auto text = render_table(sample_table(), TableFormat::kLatex);
  EXPECT_THAT(text, HasSubstr("\\caption{Heads \\& \\textless{}parts\\textgreater{}}"));
  EXPECT_THAT(text, HasSubstr("skilled\\_one & "));
  EXPECT_THAT(text, HasSubstr("$-$"));  // differences and their intervals carry minus signs, not hyphens
  EXPECT_THAT(text, Not(ContainsRegex("[[ ]-[0-9]")));
  EXPECT_THAT(text, HasSubstr("\\multicolumn{5}{c}{text to video}"));
  EXPECT_THAT(text, HasSubstr("\\cmidrule(lr){3-7} \\cmidrule(lr){8-12}"));
  EXPECT_THAT(text, HasSubstr("95 \\% bootstrap interval"));
  EXPECT_THAT(text, HasSubstr("\\textit{CLIP4Clip †1} &  & 44.5 & 71.4 & – & "));
  EXPECT_THAT(text, HasSubstr("\\textsuperscript{‡}"));
}

TEST(TableTest, HtmlIsAPageWithTablesAndPlots) {
  auto table = sample_table();
  for (auto* row : {&table.rows[0], &table.rows[1]}) row->runs[0].cost.milliseconds_per_query = {{1000, 0.5}};
  const auto text = render_table(table, TableFormat::kHtml);
  EXPECT_THAT(text, testing::StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(text, HasSubstr("<h1>Heads &amp; &lt;parts&gt;</h1>"));
  EXPECT_THAT(text, HasSubstr("<th scope=\"colgroup\" colspan=\"5\">text to video</th>"));
  EXPECT_THAT(text, HasSubstr("<th scope=\"row\">skilled_one</th>"));
  EXPECT_THAT(text, HasSubstr("R@1 with 95 % intervals"));
  EXPECT_THAT(text, HasSubstr("class=\"whisker\""));
  EXPECT_THAT(text, HasSubstr("Quality over query time"));
  EXPECT_THAT(text, HasSubstr("</html>"));
  EXPECT_THAT(text, Not(HasSubstr("<parts>")));
  EXPECT_THAT(text, Not(HasSubstr("<script")));
}

TEST(TableTest, AnHtmlPageOfNothingRunHasNoPlots) {
  Table table{"", "", {}, {missing_row("a")}};
  EXPECT_THAT(render_table(table, TableFormat::kHtml), Not(HasSubstr("<svg")));
  table.rows.push_back(published_row());
  EXPECT_THAT(render_table(table, TableFormat::kHtml), HasSubstr("class=\"published\""));
}

TEST(TableTest, JsonHoldsEverythingInFullPrecision) {
  const auto table = sample_table();
  const auto parsed = json::parse(render_table(table, TableFormat::kJson));
  EXPECT_EQ(parsed["rows"].size(), 4U);
  const auto& row = parsed["rows"][1];
  EXPECT_EQ(row["runs"][0]["metrics"]["text_to_video"]["MnR"].get<double>(),
            table.rows[1].runs[0].report.whole.text_to_video[Metric::kMnR]);
  EXPECT_TRUE(row["difference"]["text_to_video"]["R@1"]["shown"].get<bool>());
  EXPECT_FALSE(parsed["rows"][0].contains("difference"));
  EXPECT_EQ(parsed["rows"][2]["published"]["text_to_video"]["R@5"], 71.4);
  EXPECT_FALSE(parsed["rows"][2].contains("status"));
  EXPECT_EQ(parsed["rows"][3]["status"], "not run");
}

TEST(TableTest, ADifferenceOfNothingIsNotMarked) {
  Table table{"", "a", {}, {run_row("a", 1, 0.3), run_row("b", 1, 0.3)}};
  const auto parsed = json::parse(render_table(table, TableFormat::kJson));
  for (const auto& metric : table.columns.metrics) {
    const auto& entry = parsed["rows"][1]["difference"]["text_to_video"][metric_name(metric)];
    EXPECT_EQ(entry["difference"], 0.0);
    EXPECT_FALSE(entry["shown"].get<bool>());
  }
}

TEST(TableTest, RowsOfOtherQueriesOrRulesAreSaidNotToCompare) {
  auto table = sample_table();
  table.rows[1].runs[0].ranks->text_to_video.ids[0] = "another text";
  EXPECT_THAT(text_of(table), HasSubstr("skilled_one: evaluated on other queries than chance"));
  table = sample_table();
  table.rows[1].runs[0].report.protocol.ties = TiePolicy::kOptimistic;
  const auto text = text_of(table);
  EXPECT_THAT(text, HasSubstr("skilled_one: not comparable with chance (ties optimistic instead of pessimistic)"));
  EXPECT_THAT(text, Not(HasSubstr("Difference to")));
  table = sample_table();
  table.rows[1].runs[0].ranks.reset();
  EXPECT_THAT(text_of(table), HasSubstr("skilled_one: no saved ranks"));
  table = sample_table();
  table.rows[0].runs[0].ranks.reset();
  EXPECT_THAT(text_of(table), HasSubstr("nothing is compared with it"));
}

TEST(TableTest, AnUnknownBaselineOrFormatIsRefused) {
  auto table = sample_table();
  table.baseline = "chanse";
  EXPECT_THROW(text_of(table), ConfigError);
  EXPECT_THROW(parse_table_format("csv"), ConfigError);
  EXPECT_EQ(parse_table_format("latex"), TableFormat::kLatex);
}

TEST(TableTest, RunsOfOtherBuildsOrInputsAreTold) {
  auto table = sample_table();
  EXPECT_THAT(text_of(table), Not(HasSubstr("several builds")));
  for (auto& row : table.rows)
    for (auto& run : row.runs) run.build = "aaa", run.inputs = {"1", "2"};
  EXPECT_THAT(text_of(table), Not(HasSubstr("several builds")));
  EXPECT_THAT(text_of(table), Not(HasSubstr("initial weights")));
  table.rows[1].runs[0].build = "bbb";
  table.rows[1].runs[0].inputs = {"1", "3"};
  EXPECT_THAT(text_of(table), ContainsRegex("several builds of tvr.*: aaa \\([0-9]+ runs?\\), bbb \\(1 run\\)"));
  EXPECT_THAT(text_of(table), HasSubstr(table.rows[1].name + ": trained on other annotations or from other initial"));
}

TEST(TableTest, ATableOfPublishedRowsAloneRenders) {
  const auto text = text_of({"", "", {}, {published_row()}});
  EXPECT_THAT(text, ContainsRegex("CLIP4Clip †1 +44.5 +71.4"));
  EXPECT_THAT(text, Not(HasSubstr("random order")));
  EXPECT_THAT(text, Not(HasSubstr("seeds")));
}

}  // namespace
}  // namespace tvr
