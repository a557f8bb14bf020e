#include "tvr/eval/comparison.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "eval/comparison_samples.h"
#include "eval/significance_golden.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

using test::compared_system;
using test::comparison_input;
using test::random_ranks;
using test::Ranks;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Comparison compare(const std::vector<ComparedSystem>& systems, const BootstrapOptions& options = {400, 1, 0},
                   size_t queries_a_cluster = 1) {
  return compare_systems(comparison_input(systems, queries_a_cluster), options);
}
PairComparison compare_pair(const Ranks& baseline, const Ranks& system, const BootstrapOptions& options = {400, 1, 0},
                            size_t queries_a_cluster = 1) {
  return compare({compared_system("base", {baseline}), compared_system("ours", {system})}, options, queries_a_cluster)
      .text_to_video.systems[0];
}
std::string message_of(const ComparisonInput& input) {
  try {
    compare_systems(input, {10, 0, 1});
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

// Four standard errors of a share measured by `draws` draws here and by `reference` draws elsewhere.
double share_error(double share, double draws, double reference) {
  return 4 * std::sqrt(share * (1 - share) * (1 / draws + 1 / reference)) + 1 / draws;
}

TEST(ComparisonTest, AgreesWithSciPyWithinSamplingError) {
  constexpr int64_t kDraws = 20000;
  for (const auto& golden : test::kComparisons) {
    const auto pair = compare_pair(golden.baseline_ranks, golden.system_ranks, {kDraws, 7, 0});
    const double step = 100 / static_cast<double>(golden.system_ranks.size());  // of a recall
    for (const auto& expected : golden.metrics) {
      const auto& entry = pair.metrics[*parse_metric(expected.metric)];
      EXPECT_NEAR(entry.difference, expected.difference, 1e-9) << expected.metric;
      // A 2.5 percentile of normal draws has a standard error of 0.5 % of the interval's length; draws are discrete.
      const double tolerance = 0.02 * (expected.high - expected.low) + (expected.metric[0] == 'R' ? step : 0);
      EXPECT_NEAR(entry.ci95->low, expected.low, tolerance) << expected.metric;
      EXPECT_NEAR(entry.ci95->high, expected.high, tolerance) << expected.metric;
      EXPECT_NEAR(entry.permutation->raw, expected.p, share_error(expected.p, kDraws, test::kReferenceDraws))
          << expected.metric;
    }
  }
}

// The metrics of both systems for every way to swap clusters, by the definition; p is the share of differences that are
// as far from 0 as the one without a swap.
double enumerated_p(const std::vector<Ranks>& baseline, const std::vector<Ranks>& system, const Metric& metric,
                    const std::vector<int64_t>& clusters) {
  const int64_t ways = int64_t{1} << (clusters.back() + 1);
  std::vector<double> differences;
  for (int64_t way = 0; way < ways; ++way) {
    double difference = 0;
    for (const auto& a : baseline)
      for (const auto& b : system) {
        auto before = a, after = b;
        for (size_t i = 0; i < clusters.size(); ++i)
          if ((way >> clusters[i] & 1) != 0) std::swap(before[i], after[i]);
        difference +=
            metrics_of(test::seed_result(after).values)[metric] - metrics_of(test::seed_result(before).values)[metric];
      }
    differences.push_back(std::abs(difference));
  }
  const auto as_far = std::count_if(differences.begin(), differences.end(),
                                    [&](double difference) { return difference >= differences[0] - 1e-9; });
  return static_cast<double>(as_far) / static_cast<double>(ways);
}

TEST(ComparisonTest, PermutationAgreesWithAllSwapsOfClusters) {
  constexpr int64_t kDraws = 20000;
  const auto baseline = random_ranks(1, 24, 0.3), system = random_ranks(2, 24, 0.6);
  const auto pair = compare_pair(baseline, system, {kDraws, 3, 0}, 3);
  for (const auto& [metric, entry] : pair.metrics) {
    const double p = enumerated_p({baseline}, {system}, metric, test::clusters_of(24, 3));
    EXPECT_NEAR(entry.permutation->raw, p, share_error(p, kDraws, INFINITY)) << metric_name(metric);
  }
}

TEST(ComparisonTest, PermutationOfSeveralSeedsSwapsBetweenAllPairs) {
  constexpr int64_t kDraws = 20000;
  const std::vector<Ranks> baseline{random_ranks(1, 16, 0.3), random_ranks(3, 16, 0.3), random_ranks(4, 16, 0.4)},
      system{random_ranks(2, 16, 0.6), random_ranks(5, 16, 0.5)};
  const auto comparison =
      compare({compared_system("base", baseline), compared_system("ours", system)}, {kDraws, 3, 0}, 2);
  for (const auto& [metric, entry] : comparison.text_to_video.systems[0].metrics) {
    const double p = enumerated_p(baseline, system, metric, test::clusters_of(16, 2));
    EXPECT_NEAR(entry.permutation->raw, p, share_error(p, kDraws, INFINITY)) << metric_name(metric);
  }
}

TEST(ComparisonTest, APermutationPCountsTheObservedDifference) {
  const auto pair = compare_pair(Ranks(60, 9), Ranks(60, 1), {99, 0, 0});
  EXPECT_EQ(pair.metrics[Metric::kR1].permutation->raw, 0.01);
  EXPECT_EQ(pair.metrics[Metric::kMnR].permutation->raw, 0.01);
}

TEST(ComparisonTest, PermutationClaimsFalselyNoMoreOftenThanItSays) {
  int64_t claims = 0;
  for (uint64_t i = 0; i < 200; ++i) {
    const auto pair = compare_pair(random_ranks(2 * i, 60, 0.4), random_ranks(2 * i + 1, 60, 0.4), {200, i, 0});
    claims += pair.metrics[Metric::kMnR].permutation->raw <= 0.05 ? 1 : 0;
  }
  EXPECT_GE(claims, 2);  // of 200; 10 are expected, 3.1 is the standard deviation
  EXPECT_LE(claims, 20);
}

TEST(ComparisonTest, TheIntervalIsThatOfThePairedBootstrap) {
  const auto baseline = random_ranks(1, 90, 0.3), system = random_ranks(2, 90, 0.5);
  const BootstrapOptions options{500, 11, 0};
  const auto pair = compare_pair(baseline, system, options, 3);
  const auto paired = paired_difference(test::seed_result(system).values, test::seed_result(baseline).values,
                                        test::clusters_of(90, 3), options);
  for (const auto& [metric, entry] : pair.metrics) {
    EXPECT_NEAR(entry.difference, paired.difference[metric], 1e-12);
    EXPECT_NEAR(entry.ci95->low, (*paired.ci95)[metric].low, 1e-9) << metric_name(metric);
    EXPECT_NEAR(entry.ci95->high, (*paired.ci95)[metric].high, 1e-9) << metric_name(metric);
  }
}

TEST(ComparisonTest, TheSameSeedGivesTheSameBitsWhateverTheThreads) {
  const std::vector<ComparedSystem> systems{
      compared_system("base", {random_ranks(1, 200, 0.3), random_ranks(4, 200, 0.3)}),
      compared_system("ours", {random_ranks(2, 200, 0.4)}), compared_system("other", {random_ranks(3, 200, 0.5)})};
  EXPECT_EQ(comparison_to_json(compare(systems, {300, 5, 1})), comparison_to_json(compare(systems, {300, 5, 4})));
  EXPECT_NE(comparison_to_json(compare(systems, {300, 5, 1})), comparison_to_json(compare(systems, {300, 6, 1})));
}

TEST(ComparisonTest, ASystemIsNotShownToDifferFromItself) {
  const auto ranks = random_ranks(1, 100, 0.4);
  const auto pair = compare_pair(ranks, ranks);
  for (const auto& [metric, entry] : pair.metrics) {
    EXPECT_EQ(entry.difference, 0);
    EXPECT_EQ(entry.permutation->raw, 1) << metric_name(metric);
    EXPECT_FALSE(entry.shown());
    EXPECT_FALSE(entry.effect);
    if (entry.mcnemar) {
      EXPECT_EQ(entry.mcnemar->p.raw, 1);
    }
  }
  EXPECT_TRUE(pair.gained.empty() && pair.lost.empty());
  EXPECT_THAT(pair.verdicts[0],
              HasSubstr("No difference in R@1 is shown between ours and base: 0.0 points [0.0, 0.0]"));
  EXPECT_THAT(pair.verdicts[1], HasSubstr("No difference in RSum is shown"));
}

TEST(ComparisonTest, OneQueryOrOneClusterShowsNothing) {
  for (const auto& [baseline, system] : {std::pair<Ranks, Ranks>{{9}, {1}}, {{9, 8, 7}, {1, 1, 1}}}) {
    const auto pair = compare_pair(baseline, system, {200, 0, 1}, 3);
    const auto& entry = pair.metrics[Metric::kR1];
    EXPECT_EQ(entry.difference, 100);
    EXPECT_EQ(entry.permutation->raw, 1);
    EXPECT_FALSE(entry.ci95 || entry.shown());
    EXPECT_THAT(pair.verdicts[0], HasSubstr("All queries form one cluster"));
  }
}

TEST(ComparisonTest, WithoutDrawsNothingIsTested) {
  const auto comparison = compare({compared_system("base", {{9, 8}}), compared_system("ours", {{1, 1}})}, {0, 0, 1});
  const auto& entry = comparison.text_to_video.systems[0].metrics[Metric::kR1];
  EXPECT_FALSE(entry.permutation || entry.ci95 || entry.shown());
  EXPECT_THAT(comparison.text_to_video.systems[0].verdicts[0], HasSubstr("+100.0 points, not tested."));
  EXPECT_THAT(comparison_to_text(comparison), HasSubstr("nothing was tested"));
}

TEST(ComparisonTest, QueriesThatShareAClusterAddNothingToThePermutationTest) {
  const auto baseline = random_ranks(1, 60, 0.3), system = random_ranks(2, 60, 0.5);
  Ranks baseline_repeated, system_repeated;
  for (size_t i = 0; i < baseline.size(); ++i) {
    baseline_repeated.insert(baseline_repeated.end(), 5, baseline[i]);
    system_repeated.insert(system_repeated.end(), 5, system[i]);
  }
  const auto once = compare_pair(baseline, system),
             repeated = compare_pair(baseline_repeated, system_repeated, {400, 1, 0}, 5);
  for (const auto& [metric, entry] : once.metrics)
    EXPECT_EQ(entry.permutation->raw, repeated.metrics[metric].permutation->raw) << metric_name(metric);
  EXPECT_LT(repeated.metrics[Metric::kR1].mcnemar->p.raw, once.metrics[Metric::kR1].mcnemar->p.raw);
  const std::string note = "its p is too small";
  const std::vector<ComparedSystem> systems{compared_system("base", {baseline_repeated}),
                                            compared_system("ours", {system_repeated})};
  EXPECT_THAT(comparison_to_text(compare(systems, {50, 0, 1}, 5)), HasSubstr(note));
  EXPECT_THAT(comparison_to_text(compare(systems, {50, 0, 1}, 1)), Not(HasSubstr(note)));
}

TEST(ComparisonTest, GainedAndLostQueriesAreCountedAndSortedByHowFarTheyMoved) {
  const auto pair = compare_pair({1, 30, 2, 1, 7, 1}, {1, 1, 1, 4, 7, 9});
  ASSERT_EQ(pair.gained.size(), 2);
  EXPECT_EQ(pair.gained[0].id, "query1");
  EXPECT_EQ(pair.gained[0].baseline, 30);
  EXPECT_EQ(pair.gained[0].system, 1);
  EXPECT_EQ(pair.gained[1].query, 2);
  ASSERT_EQ(pair.lost.size(), 2);
  EXPECT_EQ(pair.lost[0].query, 5);
  EXPECT_EQ(pair.lost[1].query, 3);
  const auto& test = *pair.metrics[Metric::kR1].mcnemar;
  EXPECT_EQ(test.gained, 2);
  EXPECT_EQ(test.lost, 2);
  EXPECT_EQ(test.odds->ratio, 1);
  EXPECT_EQ(pair.metrics[Metric::kR5].mcnemar->gained, 1);
  EXPECT_EQ(pair.metrics[Metric::kR5].mcnemar->lost, 1);
  EXPECT_FALSE(pair.metrics[Metric::kMnR].mcnemar);
}

TEST(ComparisonTest, EffectsAreMeanDifferencesInUnitsOfTheirSpread) {
  const auto pair = compare_pair({9, 2, 1, 4}, {1, 1, 3, 4});
  EXPECT_DOUBLE_EQ(*pair.metrics[Metric::kR1].effect, *standardised_mean({1, 1, -1, 0}));
  EXPECT_DOUBLE_EQ(*pair.metrics[Metric::kMnR].effect, *standardised_mean({-8, -1, 2, 0}));
  EXPECT_DOUBLE_EQ(*pair.metrics[Metric::kRSum].effect, *standardised_mean({2, 1, -1, 0}));
  EXPECT_FALSE(pair.metrics[Metric::kMdR].effect);
  EXPECT_FALSE(pair.metrics[Metric::kGM].effect);
}

TEST(ComparisonTest, SeveralSeedsAreAveragedAndComparedByWelch) {
  const std::vector<Ranks> baseline{random_ranks(1, 80, 0.3), random_ranks(2, 80, 0.3), random_ranks(3, 80, 0.3)},
      system{random_ranks(4, 80, 0.5), random_ranks(5, 80, 0.5)};
  const auto comparison = compare({compared_system("base", baseline), compared_system("ours", system)});
  EXPECT_THAT(comparison.seeds, ElementsAre(3, 2));
  for (const auto& [metric, entry] : comparison.text_to_video.systems[0].metrics) {
    std::vector<double> before, after;
    for (const auto& ranks : baseline) before.push_back(metrics_of(test::seed_result(ranks).values)[metric]);
    for (const auto& ranks : system) after.push_back(metrics_of(test::seed_result(ranks).values)[metric]);
    EXPECT_DOUBLE_EQ(entry.baseline.mean, mean_interval(before).mean);
    EXPECT_DOUBLE_EQ(*entry.system.deviation, *mean_interval(after).deviation);
    EXPECT_NEAR(entry.difference, mean_interval(after).mean - mean_interval(before).mean, 1e-12);
    EXPECT_EQ(entry.welch->p, welch(after, before)->p);
    EXPECT_EQ(entry.welch_p.raw, entry.welch->p);
    EXPECT_FALSE(entry.mcnemar);
  }
  EXPECT_THAT(comparison_to_text(comparison), HasSubstr("Over the seeds"));
  EXPECT_THAT(comparison.text_to_video.systems[0].verdicts[0], HasSubstr("Welch's test of the seeds (2 and 3): p "));
}

TEST(ComparisonTest, AQueryIsGainedWhereMoreSeedsHaveItFirst) {
  const auto comparison =
      compare({compared_system("base", {{1, 5, 1}, {3, 1, 1}}), compared_system("ours", {{1, 1, 2}, {1, 2, 1}})});
  const auto& pair = comparison.text_to_video.systems[0];
  ASSERT_EQ(pair.gained.size(), 1);
  EXPECT_EQ(pair.gained[0].query, 0);
  EXPECT_EQ(pair.gained[0].baseline, 2);
  ASSERT_EQ(pair.lost.size(), 1);
  EXPECT_EQ(pair.lost[0].system, 1.5);
}

TEST(ComparisonTest, SeveralSystemsAreAdjustedByHolm) {
  const auto comparison =
      compare({compared_system("base", {random_ranks(1, 120, 0.3)}), compared_system("a", {random_ranks(2, 120, 0.4)}),
               compared_system("b", {random_ranks(3, 120, 0.5)}), compared_system("c", {random_ranks(4, 120, 0.3)})});
  const auto& systems = comparison.video_to_text.systems;
  for (const auto& metric : {Metric::kR1, Metric::kR10}) {
    std::vector<double> permutation, mcnemar;
    for (const auto& pair : systems) {
      permutation.push_back(pair.metrics[metric].permutation->raw);
      mcnemar.push_back(pair.metrics[metric].mcnemar->p.raw);
    }
    for (size_t i = 0; i < systems.size(); ++i) {
      EXPECT_EQ(systems[i].metrics[metric].permutation->holm, holm(permutation)[i]);
      EXPECT_EQ(systems[i].metrics[metric].mcnemar->p.holm, holm(mcnemar)[i]);
    }
  }
  EXPECT_THAT(comparison_to_text(comparison), HasSubstr("p Holm"));
  EXPECT_THAT(systems[0].verdicts[0], HasSubstr("(Holm, 3 systems)"));
  const auto alone = compare_pair(random_ranks(1, 120, 0.3), random_ranks(2, 120, 0.4));
  EXPECT_FALSE(alone.metrics[Metric::kR1].permutation->holm);
}

MetricComparison measured(double difference, std::optional<Interval> interval, double p,
                          std::optional<double> adjusted = {}) {
  MetricComparison entry;
  entry.difference = difference;
  entry.ci95 = interval;
  entry.permutation = PValue{p, adjusted};
  return entry;
}

TEST(ComparisonTest, VerdictsClaimNoMoreThanTheTestsAllow) {
  const auto say = [](const MetricComparison& entry, const Metric& metric = Metric::kR1, int64_t systems = 1) {
    return verdict(metric, entry, "base", "ours", 1000, systems);
  };
  EXPECT_EQ(say(measured(2.1, Interval{0.4, 3.8}, 0.006, 0.012), Metric::kR1, 2),
            "ours retrieves more at R@1 than base: +2.1 points [0.4, 3.8], permutation p = 0.012 (Holm, 2 systems).");
  EXPECT_EQ(say(measured(-2.1, Interval{-3.8, -0.4}, 0.00001)),
            "ours retrieves fewer at R@1 than base: -2.1 points [-3.8, -0.4], permutation p < 0.0001.");
  EXPECT_EQ(say(measured(5, Interval{1, 9}, 0.01), Metric::kRSum),
            "ours has a higher RSum than base: +5.0 points [1.0, 9.0], permutation p = 0.010.");
  EXPECT_EQ(say(measured(-3, Interval{-5, -1}, 0.01), Metric::kMnR),
            "ours has a lower MnR than base: -3.0 ranks [-5.0, -1.0], permutation p = 0.010.");
  EXPECT_EQ(say(measured(0.5, Interval{-0.9, 1.9}, 0.48)),
            "No difference in R@1 is shown between ours and base: +0.5 points [-0.9, 1.9], permutation p = 0.48. "
            "Differences from -0.9 to 1.9 points cannot be excluded on these 1000 queries.");
  EXPECT_THAT(say(measured(2, Interval{0.1, 3.9}, 0.03, 0.06), Metric::kR1, 2),
              HasSubstr("No difference in R@1 is shown"));
  EXPECT_THAT(say(measured(2, Interval{0.1, 3.9}, 0.06)), HasSubstr("the test does not bear it out"));
  EXPECT_THAT(say(measured(2, Interval{0, 3.9}, 0.04)), HasSubstr("but the interval holds 0"));
}

TEST(ComparisonTest, AVerdictSaysWhenTheSeedsDoNotBearItOut) {
  auto entry = measured(2, Interval{1, 3}, 0.001);
  entry.baseline = mean_interval({40, 44});
  entry.system = mean_interval({42, 46});
  entry.welch = welch({42, 46}, {40, 44});
  entry.welch_p.raw = entry.welch->p;
  EXPECT_THAT(verdict(Metric::kR1, entry, "base", "ours", 1000, 1),
              HasSubstr("Welch's test of the seeds (2 and 2): p = 0.55, so nothing is shown beyond these seeds."));
}

TEST(ComparisonTest, SystemsOfOtherQueriesAreRefused) {
  const auto base = compared_system("base", {{1, 2, 3}});
  EXPECT_THAT(message_of(comparison_input({base})), HasSubstr("at least two systems, the baseline first; 1 given"));
  EXPECT_THAT(message_of(comparison_input({base, base})), HasSubstr("called 'base'"));
  EXPECT_THAT(message_of(comparison_input({base, compared_system("ours", {})})), HasSubstr("'ours' has no results"));
  EXPECT_THAT(message_of(comparison_input({base, compared_system("ours", {{1, 2}})})),
              HasSubstr("'ours' cannot be compared with 'base', text to video: 2 queries instead of 3"));
  EXPECT_THAT(message_of(comparison_input({compared_system("base", {Ranks{}}), compared_system("ours", {Ranks{}})})),
              HasSubstr("no queries"));
  auto other = compared_system("ours", {{1, 2, 3}, {1, 2, 3}});
  other.video_to_text[1].ids[2] = "elsewhere";
  EXPECT_THAT(message_of(comparison_input({base, other})),
              HasSubstr("'ours' (seed 2) cannot be compared with 'base', video to text: query 3 is 'elsewhere' instead "
                        "of 'query2'; evaluate both on the same queries"));
  other = compared_system("ours", {{1, 2, 3}});
  other.text_to_video[0].candidates = 41;
  EXPECT_THAT(message_of(comparison_input({base, other})), HasSubstr("41 candidates instead of 40"));
}

TEST(ComparisonTest, InputThatContradictsItselfIsAFaultOfTheProgram) {
  auto input = comparison_input({compared_system("base", {{1, 2}}), compared_system("ours", {{1, 2}})});
  input.text_to_video.clusters.pop_back();
  EXPECT_THROW(compare_systems(input, {}), std::logic_error);
  input = comparison_input({compared_system("base", {{1, 2}}), compared_system("ours", {{1, 2}})});
  input.systems[1].text_to_video[0].values = query_values(std::vector<double>{0, 1}, {Metric::kR1});
  EXPECT_THROW(compare_systems(input, {}), std::logic_error);
}

Comparison three_systems() {
  return compare({compared_system("base_1", {random_ranks(1, 120, 0.3)}),
                  compared_system("a|b", {random_ranks(2, 120, 0.4), random_ranks(9, 120, 0.4)}),
                  compared_system("good", {random_ranks(3, 120, 0.9)})});
}

TEST(ComparisonReportTest, TextHasAColumnForEverythingTested) {
  const auto text = comparison_to_text(three_systems());
  for (const char* part : {"Text to video, good against base_1: 120 queries in 120 clusters, 40 candidates",
                           "Video to text, a|b against base_1", "permutation", "McNemar", "gained", "lost", "odds",
                           "effect", "MRR", "RSum", "good retrieves more at R@1 than base_1: +", "< 0.0001 ",
                           "400 paired bootstrap draws of clusters, seed 1", "Gained at rank 1: ", "One seed each",
                           "Smaller is better", " ± "})
    EXPECT_THAT(text, HasSubstr(part)) << part;
}

TEST(ComparisonReportTest, EveryLineOfATableHasAllColumns) {
  const auto markdown = comparison_to_markdown(three_systems());
  std::map<std::string, int64_t> columns;
  std::istringstream lines(markdown);
  int64_t expected = 0, rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] != '|') {
      expected = 0;
      continue;
    }
    int64_t count = 0;
    for (size_t i = 0; i < line.size(); ++i) count += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
    if (expected == 0) expected = count;
    EXPECT_EQ(count, expected) << line;
    ++rows;
  }
  EXPECT_GT(rows, 40);
  EXPECT_THAT(markdown, HasSubstr("a\\|b"));
}

TEST(ComparisonReportTest, LatexIsEscaped) {
  const auto latex = comparison_to_latex(three_systems());
  EXPECT_THAT(latex, HasSubstr("base\\_1"));
  EXPECT_THAT(latex, HasSubstr("\\textless{} 0.0001"));
  EXPECT_THAT(latex, HasSubstr("\\multicolumn"));
}

TEST(ComparisonReportTest, JsonHoldsFullPrecisionAndEveryQuery) {
  const auto comparison = three_systems();
  const auto json = nlohmann::json::parse(comparison_to_json(comparison));
  EXPECT_EQ(json["baseline"], "base_1");
  EXPECT_EQ(json["draws"], 400);
  const auto& good = json["text_to_video"]["systems"][1];
  const auto& pair = comparison.text_to_video.systems[1];
  EXPECT_EQ(good["name"], "good");
  EXPECT_EQ(good["metrics"]["MnR"]["difference"].get<double>(), pair.metrics[Metric::kMnR].difference);
  EXPECT_EQ(good["metrics"]["R@1"]["permutation"]["p_holm"].get<double>(),
            *pair.metrics[Metric::kR1].permutation->holm);
  EXPECT_EQ(good["metrics"]["R@1"]["mcnemar"]["gained"], pair.gained.size());
  EXPECT_EQ(good["gained"].size(), pair.gained.size());
  EXPECT_EQ(good["gained"][0]["id"], pair.gained[0].id);
  EXPECT_EQ(good["verdicts"].size(), 2);
  EXPECT_FALSE(json["text_to_video"]["systems"][0]["metrics"]["R@1"].contains("mcnemar"));
}

TEST(ComparisonReportTest, AnInfiniteRatioIsNoNumberInJson) {
  const auto comparison = compare({compared_system("base", {{2, 3, 4}}), compared_system("ours", {{1, 1, 4}})});
  const auto json = nlohmann::json::parse(comparison_to_json(comparison));
  const auto& test = json["text_to_video"]["systems"][0]["metrics"]["R@1"]["mcnemar"];
  EXPECT_TRUE(test["odds"].is_null());
  EXPECT_TRUE(test["odds_ci95"][1].is_null());
  EXPECT_THAT(comparison_to_text(comparison), HasSubstr("inf [0.1"));
}

}  // namespace
}  // namespace tvr
