#include "tvr/eval/retrieved.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/score_counts.h"
#include "eval/score_types.h"
#include "tvr/base/parallel.h"

namespace tvr {
namespace {

constexpr int64_t kBlockBytes = 4 << 20;
constexpr int64_t kChunk = 128;  // scores that are passed over together when none is high enough

// The first `depth` candidates of every query, best first.
template <class T>
struct Tops {
  Tops(int64_t queries, int64_t depth_)
      : depth(depth_),
        scores(queries * depth_, -std::numeric_limits<T>::infinity()),
        candidates(queries * depth_, -1) {}

  // Candidates in order of their number: of equal scores the earlier one stays before.
  void offer(int64_t query, int64_t candidate, T score) {
    T* mine = scores.data() + query * depth;
    int64_t* numbers = candidates.data() + query * depth;
    int64_t place = depth - 1;
    if (!(score > mine[place]) && (numbers[place] >= 0 || std::isnan(score))) return;
    for (; place > 0 && (numbers[place - 1] < 0 || score > mine[place - 1]); --place) {
      mine[place] = mine[place - 1];
      numbers[place] = numbers[place - 1];
    }
    mine[place] = score;
    numbers[place] = candidate;
  }
  // Neighbouring candidates, most of which are not among the first.
  void offer(int64_t query, int64_t first_candidate, const T* line, int64_t count) {
    const int64_t last = (query + 1) * depth - 1;
    for (int64_t begin = 0; begin < count; begin += kChunk) {
      const int64_t end = std::min(count, begin + kChunk);
      if (candidates[last] >= 0 && !any_above(line + begin, end - begin, scores[last])) continue;
      for (int64_t i = begin; i < end; ++i) offer(query, first_candidate + i, line[i]);
    }
  }

  int64_t depth;
  std::vector<T> scores;
  std::vector<int64_t> candidates;
};

template <class T>
std::vector<int64_t> top_of_rows(const ScoreMatrix& scores, int64_t depth, int64_t threads) {
  const int64_t rows = rows_per_block(scores, kBlockBytes), videos = scores.videos();
  Tops<T> tops(scores.texts(), depth);
  parallel_for((scores.texts() + rows - 1) / rows, threads, [&](int64_t part) {
    const int64_t begin = part * rows, end = std::min(scores.texts(), begin + rows);
    const auto block = row_buffer<T>(scores, end - begin);
    scores.read_rows(begin, end, block.get());
    for (int64_t text = begin; text < end; ++text) tops.offer(text, 0, block.get() + (text - begin) * videos, videos);
  });
  return std::move(tops.candidates);
}

// Each score of a row is offered to its column. `lowest` is what a column's candidates must exceed, NaN as long as
// there is room for any.
template <class T>
void offer_row(Tops<T>& tops, std::vector<T>& lowest, int64_t text, const T* row) {
  const auto videos = static_cast<int64_t>(lowest.size());
  for (int64_t begin = 0; begin < videos; begin += kChunk) {
    const int64_t end = std::min(videos, begin + kChunk);
    if (!any_beyond_each(row + begin, lowest.data() + begin, end - begin)) continue;
    for (int64_t video = begin; video < end; ++video) {
      const int64_t last = (video + 1) * tops.depth - 1;
      tops.offer(video, text, row[video]);
      if (tops.candidates[last] >= 0) lowest[video] = tops.scores[last];
    }
  }
}

template <class T>
std::vector<int64_t> top_of_columns(const ScoreMatrix& scores, int64_t depth, int64_t threads) {
  const int64_t rows = rows_per_block(scores, kBlockBytes), videos = scores.videos();
  const int64_t blocks = (scores.texts() + rows - 1) / rows;
  const int64_t jobs = std::min(blocks, threads > 0 ? threads : processor_count());
  std::vector<Tops<T>> tops(jobs, {videos, depth});
  parallel_for(jobs, threads, [&](int64_t job) {
    const auto block = row_buffer<T>(scores, rows);
    std::vector<T> lowest(videos, std::numeric_limits<T>::quiet_NaN());
    for (int64_t part = job * blocks / jobs; part < (job + 1) * blocks / jobs; ++part) {
      const int64_t begin = part * rows, end = std::min(scores.texts(), begin + rows);
      scores.read_rows(begin, end, block.get());
      for (int64_t text = begin; text < end; ++text)
        offer_row(tops[job], lowest, text, block.get() + (text - begin) * videos);
    }
  });
  for (int64_t job = 1; job < jobs; ++job)  // in order of the texts, so that ties keep theirs
    for (int64_t i = 0; i < videos * depth; ++i)
      if (tops[job].candidates[i] >= 0) tops[0].offer(i / depth, tops[job].candidates[i], tops[job].scores[i]);
  return std::move(tops[0].candidates);
}

}  // namespace

std::vector<int64_t> top_videos(const ScoreMatrix& scores, int64_t depth, int64_t threads) {
  return with_score_type(scores, [&](auto zero) { return top_of_rows<decltype(zero)>(scores, depth, threads); });
}

std::vector<int64_t> top_texts(const ScoreMatrix& scores, int64_t depth, int64_t threads) {
  return with_score_type(scores, [&](auto zero) { return top_of_columns<decltype(zero)>(scores, depth, threads); });
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
