// What holds for every matrix, on seeded random ones: 10,000 small ones in all, and a few that are read in several
// blocks.
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <set>

#include "eval/random_matrices.h"
#include "tvr/eval/metrics.h"
#include "tvr/eval/rerank.h"

namespace tvr {
namespace {

using test::Case;
using test::kInf;
using test::kNan;
using test::large_case;
using test::random_case;
using test::Shape;
using test::shuffled;
using test::texts_by_definition;
using test::TypedScores;
using test::videos_by_definition;

constexpr TiePolicy kPolicies[] = {TiePolicy::kOptimistic, TiePolicy::kAverage, TiePolicy::kPessimistic};
constexpr VideoToText kVariants[] = {VideoToText::kBestCaption, VideoToText::kEveryCaption};
const std::vector<Shape> kAllShapes{Shape::kSquare, Shape::kGroups, Shape::kSeveral};
const std::vector<Shape> kOneVideoAText{Shape::kSquare, Shape::kGroups};

// Calls check(sample, random) for `count` samples of these shapes in turn.
template <class Check>
void for_cases(const std::string& purpose, int64_t count, const std::vector<Shape>& shapes, const Check& check) {
  for (int64_t index = 0; index < count && !testing::Test::HasFailure(); ++index) {
    SCOPED_TRACE("sample " + std::to_string(index));
    Random random(1, purpose, 0, static_cast<uint64_t>(index));
    check(random_case(shapes[index % shapes.size()], {kNan, kInf, -kInf}, random), random);
  }
}

// The first field that differs, or "".
std::string difference(const RankList& a, const RankList& b, const std::set<std::string>& left_out = {}) {
  const std::pair<const char*, std::vector<int64_t> RankList::*> fields[] = {
      {"queries", &RankList::queries},
      {"better", &RankList::better},
      {"tied", &RankList::tied},
      {"tied_before", &RankList::tied_before},
      {"right_tied", &RankList::right_tied},
      {"nan_scores", &RankList::nan_scores},
      {"infinite_scores", &RankList::infinite_scores},
      {"right_begin", &RankList::right_begin},
      {"each_better", &RankList::each_better},
      {"each_tied", &RankList::each_tied}};
  for (const auto& [name, field] : fields)
    if (a.*field != b.*field && left_out.count(name) == 0) return name;
  const auto same = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  if (!std::equal(a.best.begin(), a.best.end(), b.best.begin(), b.best.end(), same) && left_out.count("best") == 0)
    return "best";
  return a.candidates == b.candidates ? "" : "candidates";
}

// With each of these numbers of threads.
void expect_definitions(const Case& sample, const ScoreMatrix& scores, const std::vector<int64_t>& threads) {
  const auto truth = sample.truth();
  const auto texts = texts_by_definition(sample);
  for (const auto count : threads)
    EXPECT_EQ(difference(text_to_video_ranks(scores, truth, count), texts), "") << "texts";
  for (const auto variant : kVariants) {
    if (variant == VideoToText::kBestCaption && !sample.one_video_a_text()) continue;
    const auto& name = video_to_text_name(variant);
    const auto videos = videos_by_definition(sample, variant);
    for (const auto count : threads) {
      EXPECT_EQ(difference(video_to_text_ranks(scores, truth, variant, count), videos), "") << name;
      const auto both = rank_both(scores, truth, variant, count);
      EXPECT_EQ(difference(both.text_to_video, texts), "") << name << ", both, texts";
      EXPECT_EQ(difference(both.video_to_text, videos), "") << name << ", both, videos";
    }
  }
}

TEST(RankPropertiesTest, RanksFollowFromTheDefinitions) {
  for_cases("definitions", 3000, kAllShapes, [](const Case& sample, Random& random) {
    expect_definitions(sample, sample.view(), {1 + random.integer(3)});
  });
}

TEST(RankPropertiesTest, TheTypeOfTheScoresChangesNothing) {
  for_cases("types", 1000, kAllShapes, [](const Case& sample, Random&) {
    expect_definitions(sample, TypedScores<double>(sample), {1});
    expect_definitions(sample, TypedScores<long double>(sample), {1});
  });
}

// Row i of the result is row rows[i], column j is column columns[j].
Case permuted(const Case& sample, const std::vector<int64_t>& rows, const std::vector<int64_t>& columns) {
  auto result = sample;
  std::vector<int64_t> place(columns.size());
  for (size_t j = 0; j < columns.size(); ++j) place[columns[j]] = static_cast<int64_t>(j);
  for (int64_t i = 0; i < sample.texts; ++i) {
    result.right[i] = sample.right[rows[i]];
    for (auto& video : result.right[i]) video = place[video];
    for (int64_t j = 0; j < sample.videos; ++j) result.scores[i * sample.videos + j] = sample.at(rows[i], columns[j]);
  }
  return result;
}

// What the list becomes when query order[i] is called i.
RankList renumbered(const RankList& list, const std::vector<int64_t>& order) {
  std::vector<int64_t> indices, numbers;
  for (size_t i = 0; i < order.size(); ++i) {
    const auto found = std::find(list.queries.begin(), list.queries.end(), order[i]);
    if (found == list.queries.end()) continue;  // a video without a caption
    indices.push_back(found - list.queries.begin());
    numbers.push_back(static_cast<int64_t>(i));
  }
  auto result = list.subset(indices);
  result.queries = numbers;
  return result;
}

TEST(RankPropertiesTest, PermutingRowsAndColumnsChangesOnlyTheOrder) {
  for_cases("permutations", 1500, kAllShapes, [](const Case& sample, Random& random) {
    const auto rows = shuffled(sample.texts, random), columns = shuffled(sample.videos, random);
    const auto moved = permuted(sample, rows, columns);
    for (const auto variant : kVariants) {
      if (variant == VideoToText::kBestCaption && !sample.one_video_a_text()) continue;
      const auto before = rank_both(sample.view(), sample.truth(), variant, 1);
      const auto after = rank_both(moved.view(), moved.truth(), variant, 1);
      EXPECT_EQ(difference(after.text_to_video, renumbered(before.text_to_video, rows), {"tied_before"}), "");
      EXPECT_EQ(difference(after.video_to_text, renumbered(before.video_to_text, columns)), "");
    }
  });
}

// The finite scores become other ones in the same order, of all magnitudes.
Case stretched(const Case& sample, Random& random) {
  std::map<float, float> map;
  for (const float score : sample.scores)
    if (std::isfinite(score)) map[score] = 0;
  std::set<float> values;
  while (values.size() < map.size())
    values.insert(static_cast<float>(std::ldexp(random.normal(), static_cast<int>(random.integer(240)) - 120)));
  auto value = values.begin();
  for (auto& [from, to] : map) to = *value++;
  auto result = sample;
  for (auto& score : result.scores)
    if (std::isfinite(score)) score = map[score];
  return result;
}

TEST(RankPropertiesTest, AStrictlyIncreasingMapOfTheScoresChangesNothing) {
  for_cases("increasing maps", 1500, kAllShapes, [](const Case& sample, Random& random) {
    const auto other = stretched(sample, random);
    const auto before = rank_both(sample.view(), sample.truth(), VideoToText::kEveryCaption, 1);
    const auto after = rank_both(other.view(), other.truth(), VideoToText::kEveryCaption, 1);
    EXPECT_EQ(difference(after.text_to_video, before.text_to_video, {"best"}), "");
    EXPECT_EQ(difference(after.video_to_text, before.video_to_text, {"best"}), "");
    if (!sample.one_video_a_text()) return;
    EXPECT_EQ(difference(video_to_text_ranks(other.view(), other.truth(), VideoToText::kBestCaption, 1),
                         video_to_text_ranks(sample.view(), sample.truth(), VideoToText::kBestCaption, 1), {"best"}),
              "");
  });
}

TEST(RankPropertiesTest, ThePoliciesBracketEachOtherAndMeetWithoutTies) {
  for_cases("policies", 1000, kAllShapes, [](const Case& sample, Random&) {
    const auto lists = rank_both(sample.view(), sample.truth(), VideoToText::kEveryCaption, 1);
    for (const auto* list : {&lists.text_to_video, &lists.video_to_text}) {
      for (int64_t i = 0; i < list->size(); ++i) {
        const double optimistic = list->position(i, TiePolicy::kOptimistic),
                     pessimistic = list->position(i, TiePolicy::kPessimistic);
        EXPECT_EQ(list->position(i, TiePolicy::kAverage), (optimistic + pessimistic) / 2);
        EXPECT_EQ(optimistic<pessimistic, list->tied[i]> 0);
        EXPECT_LE(optimistic, pessimistic);
        EXPECT_LT(pessimistic, static_cast<double>(list->candidates));
      }
    }
  });
}

TEST(RankPropertiesTest, EveryCaptionIsNeverEasierThanBestCaption) {
  for_cases("definitions of video to text", 500, kOneVideoAText, [](const Case& sample, Random&) {
    const auto best = video_to_text_ranks(sample.view(), sample.truth(), VideoToText::kBestCaption, 1);
    const auto every = video_to_text_ranks(sample.view(), sample.truth(), VideoToText::kEveryCaption, 1);
    ASSERT_EQ(best.queries, every.queries);
    for (int64_t i = 0; i < best.size(); ++i)
      for (const auto policy : kPolicies) EXPECT_LE(best.position(i, policy), every.position(i, policy));
  });
}

TEST(RankPropertiesTest, WithOneRightCandidateTheAveragePrecisionIsTheReciprocalRank) {
  for_cases("average precision", 500, kOneVideoAText, [](const Case& sample, Random&) {
    for (const auto policy : kPolicies) {
      const auto lists = rank_both(sample.view(), sample.truth(), VideoToText::kBestCaption, 1);
      for (const auto* list : {&lists.text_to_video, &lists.video_to_text}) {
        const auto metrics = summarize_ranks(*list, policy, {Metric::kMRR, Metric::kMAP});
        EXPECT_NEAR(metrics[Metric::kMAP], metrics[Metric::kMRR], 1e-9);
      }
    }
  });
}

Case transposed(const Case& sample) {
  auto result = sample;
  for (int64_t text = 0; text < sample.texts; ++text) {
    result.right[sample.right[text][0]] = {text};
    for (int64_t video = 0; video < sample.videos; ++video)
      result.scores[video * sample.texts + text] = sample.at(text, video);
  }
  return result;
}

// One text a video, in any order, and scores that may be re-ranked.
Case one_to_one(Random& random) {
  auto sample = random_case(Shape::kSquare, {kNan, -kInf}, random);
  const auto order = shuffled(sample.texts, random);
  for (int64_t text = 0; text < sample.texts; ++text) sample.right[text] = {order[text]};
  return sample;
}

TEST(RankPropertiesTest, OneDirectionIsTheOtherOfTheTransposeAlsoAfterSoftmaxes) {
  for (int64_t index = 0; index < 1000 && !HasFailure(); ++index) {
    SCOPED_TRACE("sample " + std::to_string(index));
    Random random(1, "transposes", 0, static_cast<uint64_t>(index));
    const auto sample = one_to_one(random), turned = transposed(sample);
    const auto scores = sample.view(), turned_scores = turned.view();
    for (const auto variant : kVariants)
      EXPECT_EQ(difference(video_to_text_ranks(turned_scores, turned.truth(), variant, 1),
                           text_to_video_ranks(scores, sample.truth(), 1), {"tied_before"}),
                "");
    for (const char* spec : {"dsl:3", "is:3"}) {
      const auto texts = rerank_for_texts(scores, parse_rerank(spec), nullptr, 1);
      const auto videos = rerank_for_videos(turned_scores, parse_rerank(spec), nullptr, 1);
      EXPECT_EQ(difference(video_to_text_ranks(*videos, turned.truth(), VideoToText::kBestCaption, 1),
                           text_to_video_ranks(*texts, sample.truth(), 1), {"tied_before"}),
                "")
          << spec;
    }
  }
}

TEST(LargeRanksTest, BlocksAndThreadsChangeNothing) {
  const auto sample = large_case(3000, 900, [](int64_t text) { return std::vector{text * 7919 % 900}; });
  const auto scores = sample.view();
  ASSERT_LT(rows_per_block(scores, 4 << 20), 1200);  // three blocks
  expect_definitions(sample, scores, {1, 3});
}

TEST(LargeRanksTest, CaptionsMayLieInTheOrderOfTheirVideos) {
  const auto sample = large_case(2000, 700, [](int64_t text) { return std::vector{text / 3}; });  // some without
  expect_definitions(sample, sample.view(), {1, 3});
}

TEST(LargeRanksTest, WiderScoresAndSeveralVideosATextAreReadInBlocksToo) {
  const auto sample = large_case(3000, 300, [](int64_t text) { return std::vector{text % 300, (text + 1) % 300}; });
  const TypedScores<long double> scores(sample);
  ASSERT_LT(rows_per_block(scores, 4 << 20), 1000);  // four blocks
  expect_definitions(sample, scores, {1, 3});
}

TEST(LargeRanksTest, ARowMayBeLargerThanABlock) {
  const auto sample = large_case(3, (1 << 20) + 7, [](int64_t text) { return std::vector{1000 * text}; });
  const auto scores = sample.view();
  ASSERT_EQ(rows_per_block(scores, 4 << 20), 1);
  EXPECT_EQ(difference(text_to_video_ranks(scores, sample.truth(), 2), texts_by_definition(sample)), "");
}

std::vector<double> first_row(const ScoreMatrix& scores) {
  std::vector<double> row(scores.videos());
  scores.read_rows(0, 1, row.data());
  return row;
}

TEST(LargeRanksTest, SoftmaxesOverSeveralBlocksAreThoseOfTheDefinition) {
  const auto sample = large_case(3000, 900, [](int64_t text) { return std::vector{text % 900}; });
  const auto scores = sample.view();
  const auto spec = parse_rerank("dsl:0.1");
  const auto row = first_row(*rerank_for_texts(scores, spec, nullptr, 1));
  EXPECT_TRUE(std::isnan(row[0]));  // as the score is
  for (int64_t video = 1; video < sample.videos; ++video) {
    double sum = 0;
    for (int64_t text = 0; text < sample.texts; ++text)
      if (!std::isnan(sample.at(text, video))) sum += std::exp(0.1 * sample.at(text, video));
    const double score = sample.at(0, video);
    ASSERT_NEAR(row[video], score * std::exp(0.1 * score) / sum, 1e-12) << video;
  }
  ASSERT_EQ(std::memcmp(row.data() + 1, first_row(*rerank_for_texts(scores, spec, nullptr, 3)).data() + 1, 899 * 8), 0);
}

}  // namespace
}  // namespace tvr
