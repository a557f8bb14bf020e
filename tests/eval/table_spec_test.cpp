#include "tvr/eval/table_spec.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "eval/table_samples.h"
#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class TableSpecTest : public testing::Test {
 protected:
  std::string write_run(const std::string& name, uint64_t scores, double skill) {
    const auto run = test::table_run(scores, skill);
    write_file(folder_ / name / "metrics.json", report_to_json(run.report));
    write_ranks(folder_ / name / "ranks.safetensors", *run.ranks);
    return (folder_ / name).string();
  }
  std::string write_yaml(const std::string& name, const std::string& text) {
    write_file(folder_ / name, text);
    return (folder_ / name).string();
  }
  /// A table over a base configuration: `lines` are more of its top-level lines.
  TableSpec spec_of(const std::string& lines) {
    return read_table_spec(
        write_yaml("table.yaml", "base: " + base_ + "\nout: " + (folder_ / "out").string() + "\n" + lines));
  }
  std::vector<std::string> dirs_of(const std::string& lines) {
    std::vector<std::string> dirs;
    for (const auto& entry : spec_of(lines).entries)
      for (const auto& run : entry.runs) dirs.push_back(run.dir.filename().string());
    return dirs;
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
  const std::string base_ = write_yaml(
      "base.yaml", "run: {seed: 5}\nmodel: {head: {type: mean_pool, depth: 2}, video: {type: cached, frames: 8}}\n");
};

TEST_F(TableSpecTest, ATableFileNamesRunsConfigurationsAndPublishedNumbers) {
  const auto run = write_run("runs/a", 1, 0.2), other = write_run("runs/b", 2, 0.9);
  const auto config = write_yaml("b.yaml", "run: {dir: " + other + ", seed: 3}\n");
  const auto spec = read_table_spec(
      write_yaml("table.yaml", "title: T\nbaseline: first\nrows:\n  - {name: first, run: " + run +
                                   "}\n  - {name: second, config: " + config +
                                   "}\n  - {name: paper, published: {text_to_video: {R@1: 40}}, source: a paper}\n"));
  EXPECT_EQ(spec.entries[1].runs[0].seed, 3);
  EXPECT_THAT(train_arguments(spec.entries[1].runs[0]), ElementsAre("train", config));
  const auto table = load_table(spec);
  EXPECT_EQ(table.baseline, "first");
  ASSERT_EQ(table.rows.size(), 3U);
  EXPECT_TRUE(table.rows[1].runs[0].ranks.has_value());
  EXPECT_EQ(table.rows[2].published->text_to_video.at("R@1"), 40);
  EXPECT_FALSE(table.rows[2].ours);
  EXPECT_THAT(render_table(table, TableFormat::kText), HasSubstr("Difference to first"));
}

TEST_F(TableSpecTest, ARowCanHavePublishedNumbersAndOurs) {
  const auto spec =
      spec_of("rows:\n  - {name: both, set: {train.steps: 2}, published: {video_to_text: {MdR: 2}}, source: s}\n");
  const auto row = load_table(spec).rows[0];
  EXPECT_TRUE(row.ours);
  EXPECT_EQ(row.published->video_to_text.at("MdR"), 2);
  EXPECT_THAT(row.not_run, ElementsAre(5));
}

TEST_F(TableSpecTest, SeedsAndSettingsBecomeARunDirectoryEach) {
  const auto spec = spec_of(
      "seeds: [0, 7]\nset: {train.steps: 9}\nrows:\n"
      "  - {name: \"Words, 4 frames\", set: {model.head.depth: 4, model.head.type: token_wise}}\n"
      "  - {name: own, set: {train.steps: 1}, seeds: [2]}\n");
  const auto& runs = spec.entries[0].runs;
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_THAT(runs[1].dir.filename().string(), ContainsRegex("^words-4-frames-s7-[0-9a-f]{8}$"));
  EXPECT_THAT(train_arguments(runs[1]),
              ElementsAre("train", base_, "run.dir=" + runs[1].dir.string(), "run.seed=7", "train.steps=9",
                          "model.head.type=token_wise", "model.head.depth=4"));
  EXPECT_THAT(spec.entries[1].runs[0].overrides, Contains("train.steps=1"));
  EXPECT_THAT(spec.entries[1].runs[0].overrides, Not(Contains("train.steps=9")));
  EXPECT_EQ(spec.entries[1].runs[0].seed, 2);
}

TEST_F(TableSpecTest, AGridIsEveryCombinationOfItsAxes) {
  const auto spec = spec_of(
      "rows: [{name: plain, set: {}}]\ngrid:\n  head: {whole: {model.head.type: mean_pool}, words: {model.head.type: "
      "token_wise}}\n"
      "  model.video.frames: [4, 8]\n");
  std::vector<std::string> names;
  for (const auto& entry : spec.entries) names.push_back(entry.row.name);
  EXPECT_THAT(names, ElementsAre("plain", "whole, frames 4", "whole, frames 8", "words, frames 4", "words, frames 8"));
  EXPECT_THAT(spec.entries[3].runs[0].overrides, Contains("model.video.frames=4"));
  EXPECT_THAT(spec.entries[3].runs[0].overrides, Contains("model.head.type=token_wise"));
  EXPECT_THAT(spec.entries[1].runs[0].overrides, Contains("run.seed=5"));  // of the base
}

TEST_F(TableSpecTest, WhatIsSaidInAnotherWayIsTheSameRun) {
  const auto dirs = dirs_of("seeds: [0]\nrows: [{name: a, set: {model.head.depth: 3, optim.lr: 0.003}}]\n");
  EXPECT_EQ(dirs,
            dirs_of("# a comment\nrows:\n  - set: {optim.lr: 3.0e-3, model.head.depth: 3}\n    name: a\nseeds: [0]\n"));
  write_yaml("base.yaml",
             "# other words\nmodel:\n  video: {frames: 8, type: cached}\n  head: {depth: 2, type: mean_pool}\n"
             "run: {dir: elsewhere, threads: 3, seed: 1}\n");
  EXPECT_EQ(dirs, dirs_of("seeds: [0]\nrows: [{name: a, set: {model.head.depth: 3, optim.lr: 0.003}}]\n"));
}

TEST_F(TableSpecTest, AnyOtherValueIsAnotherRun) {
  std::set<std::string> dirs;
  for (const auto* rows : {"{model.head.depth: 3}", "{model.head.depth: 4}", "{model.head.type: token_wise}", "{}"})
    dirs.insert(dirs_of("seeds: [0]\nrows: [{name: a, set: " + std::string(rows) + "}]\n")[0]);
  write_yaml("base.yaml",
             "run: {seed: 5}\nmodel: {head: {type: mean_pool, depth: 2}, video: {type: cached, frames: 9}}\n");
  dirs.insert(dirs_of("seeds: [0]\nrows: [{name: a, set: {}}]\n")[0]);
  EXPECT_EQ(dirs.size(), 5U);
}

TEST_F(TableSpecTest, ARenamedRowFindsItsRunAndEqualRowsShareOne) {
  const auto dir = dirs_of("seeds: [0]\nrows: [{name: a, set: {train.steps: 3}}]\n")[0];
  fs::create_directories(folder_ / "out" / dir);
  EXPECT_EQ(dirs_of("seeds: [0]\nrows: [{name: renamed, set: {train.steps: 3}}]\n")[0], dir);
  const auto both = dirs_of("seeds: [0]\nrows: [{name: b, set: {train.steps: 4}}, {name: c, set: {train.steps: 4}}]\n");
  EXPECT_EQ(both[0], both[1]);
}

TEST_F(TableSpecTest, RunsOfOneFeaturePackAreToldFromOthers) {
  const auto spec = spec_of(
      "rows:\n  - {name: a, set: {model.head.depth: 1}}\n  - {name: b, set: {loader.batch_size: 3}}\n"
      "  - {name: c, set: {model.video.frames: 4}}\n  - {name: d, set: {model.video: {type: clip_frames}}}\n");
  EXPECT_FALSE(spec.entries[0].runs[0].features.empty());
  EXPECT_EQ(spec.entries[0].runs[0].features, spec.entries[1].runs[0].features);
  EXPECT_NE(spec.entries[0].runs[0].features, spec.entries[2].runs[0].features);
  EXPECT_EQ(spec.entries[3].runs[0].features, "");
}

TEST_F(TableSpecTest, FinishedUnfinishedAndFailedRunsAreTold) {
  const auto run = [&](const std::string& name) { return folder_ / "runs" / name; };
  EXPECT_FALSE(run_is_finished(run("absent")));
  write_run("runs/done", 1, 0.5);
  EXPECT_TRUE(run_is_finished(run("done")));
  write_file(run("done") / "manifest.json", "{\"status\": \"training\"}");
  EXPECT_FALSE(run_is_finished(run("done")));
  write_file(
      run("done") / "manifest.json",
      "{\"status\": \"finished\", \"threads\": 1, \"hardware\": \"2 x CPU\", \"training_seconds\": 12.5, \"cost\": "
      "{\"parameters\": 7, \"bytes_per_video\": 64, \"milliseconds_per_query\": {\"1000\": 0.25, \"odd\": 1}}}");
  EXPECT_TRUE(run_is_finished(run("done")));
  const auto failing = write_yaml("f.yaml", "run: {dir: " + run("bad").string() + "}\n");
  write_file(run_failure_file(run("bad")), "the loss is not finite\n");
  const auto table =
      load_table(read_table_spec(write_yaml("table.yaml", "rows:\n  - {name: a, run: " + run("done").string() +
                                                              "}\n  - {name: b, config: " + failing + "}\n")));
  const auto& cost = table.rows[0].runs[0].cost;
  EXPECT_EQ(cost.parameters, 7);
  EXPECT_EQ(cost.training_seconds, 12.5);
  EXPECT_EQ(cost.video_bytes, 64);
  EXPECT_FALSE(cost.trainable.has_value());
  EXPECT_THAT(cost.milliseconds_per_query, ElementsAre(testing::Pair(1000, 0.25)));
  EXPECT_EQ(cost.hardware, "2 x CPU, 1 thread");
  EXPECT_TRUE(table.rows[1].failed);
  EXPECT_THAT(table.rows[1].missing, ElementsAre("failed: the loss is not finite"));
  write_file(run("done") / "manifest.json", "[1]");
  EXPECT_THROW(run_is_finished(run("done")), DataError);
}

TEST_F(TableSpecTest, ADamagedRunLeavesTheOtherRowsAlone) {
  const auto good = write_run("runs/good", 1, 0.5), bad = write_run("runs/bad", 2, 0.5);
  write_file(fs::path(bad) / "metrics.json", "{}");
  const auto table = load_table(table_spec_of_runs({good, bad}));
  EXPECT_EQ(table.rows[0].runs.size(), 1U);
  EXPECT_TRUE(table.rows[1].failed);
  ASSERT_EQ(table.rows[1].missing.size(), 1U);
  EXPECT_THAT(table.rows[1].missing[0], HasSubstr("runs/bad/metrics.json"));
  EXPECT_THAT(render_table(table, TableFormat::kText), ContainsRegex("bad +failed"));
}

TEST_F(TableSpecTest, ARunThatHasBegunIsResumedWithItsOwnSettings) {
  const auto run = spec_of("seeds: [0]\nrows: [{name: a, set: {train.steps: 3}}]\n").entries[0].runs[0];
  EXPECT_THAT(train_arguments(run), Contains("train.steps=3"));
  write_file(run.dir / "config.yaml", "run: {}\n");
  EXPECT_THAT(train_arguments(run), ElementsAre("train", run.dir.string(), "--resume"));
}

TEST_F(TableSpecTest, CommandsAreQuotedForTheShell) {
  EXPECT_EQ(shell_line({"train", "a.yaml", "x={\"text.*\": 1}", "it's", ""}),
            "tvr train a.yaml 'x={\"text.*\": 1}' 'it'\\''s' ''");
  EXPECT_EQ(run_log_file("runs/a"), fs::path("runs/a.log"));
  EXPECT_EQ(run_log_file("runs/a/"), fs::path("runs/a.log"));
}

TEST_F(TableSpecTest, WrongTableFilesAreRefusedWithFileAndLine) {
  EXPECT_THAT(error_of("title: T\n"), HasSubstr("at least one row"));
  EXPECT_THAT(error_of("rows:\n  - {name: a}\n"), HasSubstr("bad.yaml:2: rows[0]: a row needs run"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, run: x, config: " + base_ + "}\n"), HasSubstr("not both"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, run: x}\n  - {name: a, run: y}\n"), HasSubstr("bad.yaml:3"));
  EXPECT_THAT(error_of("baseline: b\nrows:\n  - {name: a, run: x}\n"), HasSubstr("unknown row 'b'"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, published: {text_to_video: {R@0: 4}}, source: s}\n"),
              HasSubstr("unknown metric 'R@0'"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, published: {text_to_video: {R@1: 4}}}\n"), HasSubstr("need a source"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, run: x, source: s}\n"), HasSubstr("belongs to published numbers"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, rum: x}\n"), HasSubstr("did you mean 'run'"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, config: nowhere.yaml}\n"), HasSubstr("nowhere.yaml"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, set: {x: 1}}\n"), HasSubstr("needs a configuration to change"));
  EXPECT_THAT(error_of("base: nowhere.yaml\nrows:\n  - {name: a, run: x}\n"), HasSubstr("there is no configuration"));
  EXPECT_THAT(error_of("columns: [R@1, tme]\nrows:\n  - {name: a, run: x}\n"), HasSubstr("did you mean 'time'"));
  EXPECT_THAT(error_of("seeds: [1, 1]\nrows:\n  - {name: a, run: x}\n"), HasSubstr("given twice"));
  EXPECT_THAT(error_of("seeds: [-1]\nrows:\n  - {name: a, run: x}\n"), HasSubstr("seeds"));
  EXPECT_THAT(error_of("out: ''\nrows:\n  - {name: a, run: ''}\n"),
              testing::AllOf(HasSubstr("out: is empty"), HasSubstr("run: is empty")));
  EXPECT_THAT(error_of("seeds: []\nrows:\n  - {name: a, run: x}\n"), HasSubstr("bad.yaml:1: seeds: is empty"));
  EXPECT_THAT(error_of("rows:\n  - {name: a, published: {text_to_video: {R@1: 300}}, source: s}\n"),
              HasSubstr("R@1: 300 is no value of it, which lies within 0 and 100"));
  EXPECT_EQ(error_of("rows:\n  - {name: a, published: {text_to_video: {RSum: 300, MnR: 300}}, source: s}\n"), "");
  EXPECT_THAT(error_of("base: " + base_ + "\nrows:\n  - {name: a, set: {run.seed: 3}}\n"),
              HasSubstr("takes seeds from 'seeds'"));
  EXPECT_THAT(error_of("base: " + base_ + "\nrows:\n  - {name: a, set: 3}\n"), HasSubstr("a section is needed"));
}

TEST_F(TableSpecTest, WrongGridsAreRefusedAndAllErrorsComeTogether) {
  const auto base = "base: " + base_ + "\n";
  EXPECT_THAT(error_of("grid: {a: [1]}\n"), HasSubstr("a grid needs a configuration"));
  EXPECT_THAT(error_of(base + "grid: {a: 3}\n"), HasSubstr("a section is needed"));
  EXPECT_THAT(error_of(base + "grid:\n  a: {}\n"), HasSubstr("bad.yaml:3: grid.a: an axis needs values"));
  EXPECT_THAT(error_of(base + "grid:\n  a: {one: {x.y: 1}}\n  b: {two: {x.y: 2}}\n"), HasSubstr("set by another axis"));
  EXPECT_THAT(error_of(base + "rows: [{name: one, set: {}}]\ngrid: {a: {one: {x.y: 1}}}\n"),
              HasSubstr("'one' is the name of another row"));
  std::string many = "[0";
  for (int i = 1; i < 40; ++i) many += ", " + std::to_string(i);
  EXPECT_THAT(error_of(base + "grid: {a: " + many + "], b: " + many + "]}\n"), HasSubstr("more than 1000 rows"));
  const auto all = error_of("tittle: T\nbaseline: c\nrows:\n  - {name: a, rum: x}\n  - {run: y}\n");
  for (const auto* part : {"tittle", "unknown row 'c'", "rum", "a row needs a name"}) EXPECT_THAT(all, HasSubstr(part));
}

TEST(ShippedTablesTest, AllLoadAndNameReconstructionsApartFromTheirPapers) {
  const auto before = fs::current_path();
  fs::current_path(fs::path(TVR_GOLDEN_DIR) / "../..");  // the paths in tables are relative to it
  int64_t tables = 0;
  for (const auto& file : fs::directory_iterator("configs/tables")) {
    const auto spec = read_table_spec(file.path());
    EXPECT_FALSE(spec.title.empty()) << file.path();
    ++tables;
    for (const auto& entry : spec.entries) {
      const bool reconstruction = (spec.title + entry.row.name).find("(reconstruction)") != std::string::npos;
      EXPECT_FALSE(reconstruction && entry.row.published) << file.path() << ": " << entry.row.name;
      for (const auto& run : entry.runs) {
        auto made_by = run.config;
        for (const auto& setting : run.overrides) made_by += " " + setting;
        bool has_one = false;
        for (const auto* mark : {"\"type\": cmfg", "\"type\": hcmi", "/cmfg_", "/hcmi_"})
          has_one = has_one || made_by.find(mark) != std::string::npos;
        EXPECT_EQ(reconstruction, has_one) << file.path() << ": " << entry.row.name << ": " << made_by;
      }
    }
  }
  fs::current_path(before);
  EXPECT_GE(tables, 8);
}

TEST_F(TableSpecTest, RunDirectoriesAreNamedByWhatTellsThemApart) {
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
