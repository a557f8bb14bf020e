#include "tvr/eval/table.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "eval/grid.h"
#include "eval/report_samples.h"
#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TableRow run_row(const std::string& name, uint64_t seed, double skill) {
  const auto evaluation = test::sample_evaluation(seed, test::sample_protocol(), skill);
  TableRow row;
  row.name = name;
  row.kind = TableRow::Kind::kRun;
  row.report = evaluation.report;
  row.ranks = evaluation.ranks;
  return row;
}

TableRow published_row() {
  TableRow row;
  row.name = "CLIP4Clip";
  row.kind = TableRow::Kind::kPublished;
  row.published_text_to_video = {{"R@1", 44.5}, {"R@5", 71.4}};
  row.source = "arXiv 2104.08860";
  return row;
}

Table sample_table() {
  Table table{
      "Heads & <parts>", "chance", {run_row("chance", 1, 0), run_row("skilled_one", 2, 0.9), published_row(), {}}};
  table.rows.back().name = "later";
  table.rows.back().source = "make it with tvr train x.yaml";
  return table;
}

class TableFilesTest : public testing::Test {
 protected:
  std::string write_run(const std::string& name, uint64_t seed, double skill) {
    const auto evaluation = test::sample_evaluation(seed, test::sample_protocol(), skill);
    write_file(folder_ / name / "metrics.json", report_to_json(evaluation.report));
    write_ranks(folder_ / name / "ranks.safetensors", evaluation.ranks);
    return (folder_ / name).string();
  }
  std::string write_yaml(const std::string& name, const std::string& text) {
    write_file(folder_ / name, text);
    return (folder_ / name).string();
  }
  std::string error_of(const std::string& yaml) {
    try {
      read_table_spec(write_yaml("bad.yaml", yaml));
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }
  const test::TemporaryFolder folder_;
};

TEST(TableTest, TextHoldsNumbersIntervalsDifferencesTagsAndTheRandomOrder) {
  const auto text = render_table(sample_table(), TableFormat::kText);
  EXPECT_THAT(text, testing::ContainsRegex("skilled_one +[0-9.]+ +\\[[0-9.]+, [0-9.]+\\]"));
  EXPECT_THAT(text, HasSubstr("Difference to chance"));
  EXPECT_THAT(text, testing::ContainsRegex("skilled_one +\\+[0-9.]+ +\\[\\+[0-9.]+, \\+[0-9.]+\\] *\\*"));
  EXPECT_THAT(text, HasSubstr("Text to video R@1 by need"));
  EXPECT_THAT(text, HasSubstr("Twin accuracy by need"));
  EXPECT_THAT(text, testing::ContainsRegex("random order +8.3"));
  EXPECT_THAT(text, HasSubstr("CLIP4Clip (published)"));
  EXPECT_THAT(text, HasSubstr("CLIP4Clip: published in arXiv 2104.08860."));
  EXPECT_THAT(text, HasSubstr("later: not run; make it with tvr train x.yaml."));
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
  for (std::string line; std::getline(stream, line);) EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 10) << line;
}

TEST(TableTest, LatexEscapesAndUsesBooktabs) {
  const auto text = render_table(sample_table(), TableFormat::kLatex);
  EXPECT_THAT(text, HasSubstr("\\caption{Heads \\& \\textless{}parts\\textgreater{}}"));
  EXPECT_THAT(text, HasSubstr("skilled\\_one & "));
  EXPECT_THAT(text, HasSubstr("$-$"));  // differences and their intervals carry minus signs, not hyphens
  EXPECT_THAT(text, Not(testing::ContainsRegex("[[ ]-[0-9]")));
  EXPECT_THAT(text, HasSubstr("\\multicolumn{4}{c}{text to video}"));
  EXPECT_THAT(text, HasSubstr("\\cmidrule(lr){2-5} \\cmidrule(lr){6-9}"));
  EXPECT_THAT(text, HasSubstr("95 \\% intervals"));
  EXPECT_THAT(text, HasSubstr("\\textit{CLIP4Clip (published)} & 44.5 & 71.4 &  & "));
}

TEST(TableTest, HtmlEscapesAndNamesItsHeaders) {
  const auto text = render_table(sample_table(), TableFormat::kHtml);
  EXPECT_THAT(text, HasSubstr("<caption>Heads &amp; &lt;parts&gt;</caption>"));
  EXPECT_THAT(text, HasSubstr("<th scope=\"colgroup\" colspan=\"4\">text to video</th>"));
  EXPECT_THAT(text, HasSubstr("<th scope=\"row\">skilled_one</th>"));
  EXPECT_THAT(text, Not(HasSubstr("<parts>")));
}

TEST(TableTest, JsonHoldsEverythingInFullPrecision) {
  const auto table = sample_table();
  const auto parsed = json::parse(render_table(table, TableFormat::kJson));
  EXPECT_EQ(parsed["rows"].size(), 4U);
  const auto& row = parsed["rows"][1];
  EXPECT_EQ(row["metrics"]["text_to_video"]["MnR"].get<double>(),
            table.rows[1].report->whole.text_to_video[Metric::kMnR]);
  EXPECT_TRUE(row["difference"]["text_to_video"]["R@1"]["beyond_interval"].get<bool>());
  EXPECT_FALSE(parsed["rows"][0].contains("difference"));
  EXPECT_EQ(parsed["rows"][2]["kind"], "published");
  EXPECT_EQ(parsed["rows"][2]["published"]["text_to_video"]["R@5"], 71.4);
  EXPECT_EQ(parsed["rows"][3]["kind"], "not run");
}

TEST(TableTest, ADifferenceOfNothingIsNotMarked) {
  Table table{"", "a", {run_row("a", 1, 0.3), run_row("b", 1, 0.3)}};
  const auto parsed = json::parse(render_table(table, TableFormat::kJson));
  for (const auto& metric : position_metrics()) {
    EXPECT_EQ(parsed["rows"][1]["difference"]["text_to_video"][metric_name(metric)]["difference"], 0.0);
    EXPECT_FALSE(parsed["rows"][1]["difference"]["text_to_video"][metric_name(metric)]["beyond_interval"].get<bool>());
  }
}

TEST(TableTest, RowsOfOtherQueriesOrRulesAreSaidNotToCompare) {
  auto table = sample_table();
  table.rows[1].ranks->text_to_video.ids[0] = "another text";
  EXPECT_THAT(render_table(table, TableFormat::kText),
              HasSubstr("skilled_one: evaluated on other queries than chance"));
  table = sample_table();
  table.rows[1].report->protocol.ties = TiePolicy::kOptimistic;
  const auto text = render_table(table, TableFormat::kText);
  EXPECT_THAT(text, HasSubstr("skilled_one: not comparable with chance (ties optimistic instead of pessimistic)"));
  EXPECT_THAT(text, Not(HasSubstr("Difference to")));
  table = sample_table();
  table.rows[1].ranks.reset();
  EXPECT_THAT(render_table(table, TableFormat::kText), HasSubstr("skilled_one: no saved ranks"));
}

TEST(TableTest, AnUnknownBaselineOrFormatIsRefused) {
  auto table = sample_table();
  table.baseline = "chanse";
  EXPECT_THROW(render_table(table, TableFormat::kText), ConfigError);
  EXPECT_THROW(parse_table_format("csv"), ConfigError);
  EXPECT_EQ(parse_table_format("latex"), TableFormat::kLatex);
}

TEST(TableTest, ATableOfPublishedRowsAloneRenders) {
  const auto text = render_table({"", "", {published_row()}}, TableFormat::kText);
  EXPECT_THAT(text, HasSubstr("44.5"));
  EXPECT_THAT(text, Not(HasSubstr("random order")));
}

TEST_F(TableFilesTest, ATableFileNamesRunsConfigurationsAndPublishedNumbers) {
  const auto run = write_run("runs/a", 1, 0.2), other = write_run("runs/b", 2, 0.9);
  const auto config = write_yaml("b.yaml", "run: {dir: " + other + "}\n");
  const auto spec = read_table_spec(
      write_yaml("table.yaml", "title: T\nbaseline: first\nrows:\n  - {name: first, run: " + run +
                                   "}\n  - {name: second, config: " + config +
                                   "}\n  - {name: paper, published: {text_to_video: {R@1: 40}}, source: a paper}\n"));
  const auto table = load_table(spec);
  EXPECT_EQ(table.baseline, "first");
  ASSERT_EQ(table.rows.size(), 3U);
  EXPECT_TRUE(table.rows[1].ranks.has_value());
  EXPECT_EQ(table.rows[2].published_text_to_video.at("R@1"), 40);
  EXPECT_THAT(render_table(table, TableFormat::kText), HasSubstr("Difference to first"));
}

TEST_F(TableFilesTest, WhatIsMissingIsRunWhenAskedAndSaidOtherwise) {
  const auto config = write_yaml("c.yaml", "run: {dir: " + (folder_ / "runs/c").string() + "}\n");
  const auto spec = read_table_spec(write_yaml("table.yaml", "rows: [{name: c, config: " + config + "}]\n"));
  EXPECT_EQ(load_table(spec).rows[0].kind, TableRow::Kind::kNotRun);
  EXPECT_THAT(load_table(spec).rows[0].source, HasSubstr("tvr train " + config));
  std::vector<std::string> asked;
  const auto table = load_table(spec, [&](const std::string& name, const fs::path& run_dir) {
    EXPECT_EQ(run_dir, folder_ / "runs/c");
    asked.push_back(name);
    write_run("runs/c", 1, 0.5);
  });
  EXPECT_THAT(asked, testing::ElementsAre(config));
  EXPECT_EQ(table.rows[0].kind, TableRow::Kind::kRun);
  load_table(spec, [&](const std::string& name, const fs::path&) { asked.push_back(name); });
  EXPECT_EQ(asked.size(), 1U);
}

TEST_F(TableFilesTest, WrongTableFilesAreRefusedWithFileAndLine) {
  EXPECT_THAT(error_of("title: T\n"), HasSubstr("at least one row"));
  EXPECT_THAT(error_of("rows:\n  - {name: a}\n"), HasSubstr("exactly one of run"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, run: x, config: y.yaml}\n"), HasSubstr("exactly one of run"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, run: x}\n  - {name: a, run: y}\n"), HasSubstr("bad.yaml:3"));
  EXPECT_THAT(error_of("baseline: b\nrows:\n  - {name: a, run: x}\n"), HasSubstr("'b' is not the name of a row"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, published: {text_to_video: {R@0: 4}}}\n"),
              HasSubstr("unknown metric 'R@0'"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, rum: x}\n"), HasSubstr("did you mean 'run'"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, config: nowhere.yaml}\n"), HasSubstr("nowhere.yaml"));
}

TEST_F(TableFilesTest, RunDirectoriesAreNamedByWhatTellsThemApart) {
  const auto a = write_run("one/run", 1, 0.2), b = write_run("two/run", 2, 0.4);
  const auto spec = table_spec_of_runs({a, b + "/"});
  EXPECT_EQ(spec.entries[0].row.name, "one/run");
  EXPECT_EQ(spec.entries[1].row.name, "two/run");
  EXPECT_EQ(spec.baseline, "one/run");
  EXPECT_EQ(table_spec_of_runs({a}).entries[0].row.name, "run");
  EXPECT_THROW(table_spec_of_runs({a, a}), DataError);
  EXPECT_THROW(table_spec_of_runs({folder_ / "absent"}), DataError);
}

}  // namespace
}  // namespace tvr
