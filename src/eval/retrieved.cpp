#include "tvr/eval/retrieved.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tvr/base/parallel.h"

namespace tvr {
namespace {

constexpr int64_t kBlockBytes = 4 << 20;
constexpr double kNothing = -std::numeric_limits<double>::infinity();

// The first `depth` candidates of one query, kept in order while candidates pass by in order of their number.
struct Top {
  double* scores;
  int64_t* candidates;

  void clear(int64_t depth) const {
    std::fill_n(scores, depth, kNothing);
    std::fill_n(candidates, depth, -1);
  }
  void offer(int64_t candidate, double score, int64_t depth) const {
    const int64_t last = depth - 1;
    if (!(score > scores[last]) && !(candidates[last] < 0 && !std::isnan(score))) return;
    int64_t place = last;
    for (; place > 0 && (candidates[place - 1] < 0 || score > scores[place - 1]); --place) {
      scores[place] = scores[place - 1];
      candidates[place] = candidates[place - 1];
    }
    scores[place] = score;
    candidates[place] = candidate;
  }
};

// What one thread has seen of every column.
struct ColumnTops {
  ColumnTops(int64_t videos, int64_t depth) : scores(videos * depth, kNothing), texts(videos * depth, -1) {}
  std::vector<double> scores;
  std::vector<int64_t> texts;
};

}  // namespace

std::vector<int64_t> top_videos(const ScoreMatrix& scores, int64_t depth, int64_t threads) {
  const int64_t rows = rows_per_block(scores, kBlockBytes), videos = scores.videos();
  std::vector<int64_t> result(scores.texts() * depth);
  parallel_for((scores.texts() + rows - 1) / rows, threads, [&](int64_t part) {
    const int64_t begin = part * rows, end = std::min(scores.texts(), begin + rows);
    std::vector<double> block((end - begin) * videos), best(depth);
    read_as_double(scores, begin, end, block.data());
    for (int64_t text = begin; text < end; ++text) {
      const Top top{best.data(), result.data() + text * depth};
      top.clear(depth);
      const double* row = block.data() + (text - begin) * videos;
      for (int64_t video = 0; video < videos; ++video) top.offer(video, row[video], depth);
    }
  });
  return result;
}

std::vector<int64_t> top_texts(const ScoreMatrix& scores, int64_t depth, int64_t threads) {
  const int64_t rows = rows_per_block(scores, kBlockBytes), videos = scores.videos();
  const int64_t blocks = (scores.texts() + rows - 1) / rows;
  const int64_t jobs = std::min(blocks, threads > 0 ? threads : processor_count());
  std::vector<ColumnTops> tops(jobs, {videos, depth});
  parallel_for(jobs, threads, [&](int64_t job) {
    auto& mine = tops[job];
    std::vector<double> block(rows * videos);
    for (int64_t part = job * blocks / jobs; part < (job + 1) * blocks / jobs; ++part) {
      const int64_t begin = part * rows, end = std::min(scores.texts(), begin + rows);
      read_as_double(scores, begin, end, block.data());
      for (int64_t text = begin; text < end; ++text)
        for (int64_t video = 0; video < videos; ++video)
          Top{mine.scores.data() + video * depth, mine.texts.data() + video * depth}.offer(
              text, block[(text - begin) * videos + video], depth);
    }
  });
  for (int64_t job = 1; job < jobs; ++job)  // in order of the texts, so that ties keep theirs
    for (int64_t i = 0; i < videos * depth; ++i)
      if (tops[job].texts[i] >= 0)
        Top{tops[0].scores.data() + i / depth * depth, tops[0].texts.data() + i / depth * depth}.offer(
            tops[job].texts[i], tops[job].scores[i], depth);
  return std::move(tops[0].texts);
}

Hubness hubness(const std::vector<int64_t>& retrieved, int64_t queries, int64_t candidates, int64_t depth) {
  const int64_t stride = static_cast<int64_t>(retrieved.size()) / queries;
  std::vector<int64_t> counts(candidates);
  for (int64_t query = 0; query < queries; ++query)
    for (int64_t k = 0; k < std::min(depth, stride); ++k)
      if (const int64_t candidate = retrieved[query * stride + k]; candidate >= 0) ++counts[candidate];
  Hubness result{depth, candidates, std::count(counts.begin(), counts.end(), 0), 0, 0, {}};
  double mean = 0, second = 0, third = 0;
  for (const int64_t count : counts) mean += static_cast<double>(count) / static_cast<double>(candidates);
  for (const int64_t count : counts) {
    const double difference = static_cast<double>(count) - mean;
    second += difference * difference / static_cast<double>(candidates);
    third += difference * difference * difference / static_cast<double>(candidates);
  }
  if (second > 0) result.skewness = third / std::pow(second, 1.5);
  for (int64_t candidate = 0; candidate < candidates; ++candidate)
    if (counts[candidate] > 0) result.hubs.emplace_back(candidate, counts[candidate]);
  std::stable_sort(result.hubs.begin(), result.hubs.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  constexpr size_t kHubs = 10;
  result.hubs.resize(std::min(result.hubs.size(), kHubs));
  result.most = result.hubs.empty() ? 0 : result.hubs[0].second;
  return result;
}

}  // namespace tvr
