#include "tvr/eval/retrieved.h"

#include <gmock/gmock.h>

#include <cmath>

#include "eval/random_matrices.h"

namespace tvr {
namespace {

using test::Case;
using test::kInf;
using test::kNan;
using test::large_case;
using test::TypedScores;
using testing::ElementsAre;

// The first candidates of every query, told by sorting; score(query, candidate).
template <class Score>
std::vector<int64_t> sorted_tops(int64_t queries, int64_t candidates, int64_t depth, const Score& score) {
  std::vector<int64_t> tops;
  for (int64_t query = 0; query < queries; ++query) {
    std::vector<int64_t> order;
    for (int64_t candidate = 0; candidate < candidates; ++candidate)
      if (!std::isnan(score(query, candidate))) order.push_back(candidate);
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return score(query, a) > score(query, b); });
    order.resize(depth, -1);
    tops.insert(tops.end(), order.begin(), order.end());
  }
  return tops;
}

std::vector<int64_t> sorted_videos(const Case& sample, int64_t depth) {
  return sorted_tops(sample.texts, sample.videos, depth,
                     [&](int64_t text, int64_t video) { return sample.at(text, video); });
}
std::vector<int64_t> sorted_texts(const Case& sample, int64_t depth) {
  return sorted_tops(sample.videos, sample.texts, depth,
                     [&](int64_t video, int64_t text) { return sample.at(text, video); });
}

TEST(RetrievedTest, TheFirstCandidatesComeInOrderAndNanNever) {
  const std::vector<float> values{0.5F, 0.9F, 0.5F, kNan, 0.1F, kNan};
  const DenseScores scores(values.data(), 2, 3);
  EXPECT_THAT(top_videos(scores, 2), ElementsAre(1, 0, 1, -1));
  EXPECT_THAT(top_texts(scores, 2), ElementsAre(0, -1, 0, 1, 0, -1));
}

TEST(RetrievedTest, TiesKeepTheOrderOfTheirNumbersWhateverTheThreads) {
  const std::vector<float> values(3000 * 2, 1.0F);
  const DenseScores scores(values.data(), 3000, 2);
  for (const int64_t threads : {1, 3}) EXPECT_THAT(top_texts(scores, 3, threads), ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST(RetrievedTest, HubnessCountsOccurrences) {
  const auto result = hubness({0, 1, 0, 2, 0, 1}, 3, 4, 1);
  EXPECT_EQ(result.never_retrieved, 3);
  EXPECT_EQ(result.most, 3);
  EXPECT_THAT(result.hubs, ElementsAre(std::pair<int64_t, int64_t>(0, 3)));
  EXPECT_NEAR(result.skewness, 2 / std::sqrt(3.0), 1e-12);
  EXPECT_EQ(hubness({0, 1, 0, 2, 0, 1}, 3, 4, 2).never_retrieved, 1);
}

TEST(RetrievedTest, TheFirstCandidatesAreThoseOfAStableSort) {
  for (int64_t index = 0; index < 1000 && !HasFailure(); ++index) {
    SCOPED_TRACE("sample " + std::to_string(index));
    Random random(1, "first candidates", 0, static_cast<uint64_t>(index));
    const auto sample = random_case(test::Shape::kGroups, {kNan, kInf, -kInf}, random);
    const int64_t depth = 1 + random.integer(30), threads = 1 + random.integer(3);
    const auto videos = sorted_videos(sample, depth), texts = sorted_texts(sample, depth);
    const auto scores = sample.view();
    const TypedScores<double> doubles(sample);
    const TypedScores<long double> long_doubles(sample);
    for (const auto* matrix : std::initializer_list<const ScoreMatrix*>{&scores, &doubles, &long_doubles}) {
      EXPECT_EQ(top_videos(*matrix, depth, threads), videos);
      EXPECT_EQ(top_texts(*matrix, depth, threads), texts);
    }
  }
}

TEST(RetrievedTest, BlocksAndThreadsChangeNothing) {
  const auto sample = large_case(3000, 900, [](int64_t text) { return std::vector{text % 900}; });
  const auto scores = sample.view();
  const TypedScores<long double> wide(sample);
  ASSERT_LT(rows_per_block(scores, 4 << 20), 1200);  // three blocks, of the wide ones eleven
  const auto videos = sorted_videos(sample, 10), texts = sorted_texts(sample, 10);
  for (const int64_t threads : {1, 3}) {
    EXPECT_TRUE(top_videos(scores, 10, threads) == videos && top_videos(wide, 10, threads) == videos) << threads;
    EXPECT_TRUE(top_texts(scores, 10, threads) == texts && top_texts(wide, 10, threads) == texts) << threads;
  }
}

}  // namespace
}  // namespace tvr
