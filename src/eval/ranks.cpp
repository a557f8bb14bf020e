#include "tvr/eval/ranks.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "eval/column_counter.h"
#include "eval/score_counts.h"
#include "eval/score_types.h"
#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/base/parallel.h"

namespace tvr {
namespace {

constexpr int64_t kBlockBytes = 4 << 20;  // of rows, for each thread
constexpr int64_t kMostRows = 512;        // of a block that is transposed

const std::vector<std::string>& tie_policy_names() {
  static const std::vector<std::string> names{"pessimistic", "average", "optimistic"};
  return names;
}
const std::vector<std::string>& video_to_text_names() {
  static const std::vector<std::string> names{"best-caption", "every-caption"};
  return names;
}

size_t parse_name(const std::string& what, const std::string& name, const std::vector<std::string>& known) {
  const auto found = std::find(known.begin(), known.end(), name);
  if (found == known.end()) throw ConfigError(unknown_name_message(what, name, known) + ".");
  return static_cast<size_t>(found - known.begin());
}

void check_sizes(const ScoreMatrix& scores, const GroundTruth& truth) {
  const auto texts = std::to_string(scores.texts()), videos = std::to_string(scores.videos());
  if (scores.texts() < 1 || scores.videos() < 1)
    throw DataError("The similarity matrix is " + texts + " x " + videos +
                    "; ranking needs at least one text (row) and one video (column).");
  if (scores.texts() != truth.texts())
    throw DataError("The similarity matrix has " + texts + " rows (texts), but the right video is given for " +
                    std::to_string(truth.texts()) + "; both must be in the same order and of the same length.");
  if (scores.videos() != truth.videos())
    throw DataError("The similarity matrix has " + videos + " columns (videos), but the ground truth knows " +
                    std::to_string(truth.videos()) + " videos; the numbers must agree.");
}

template <class T>
T best_of(const std::vector<T>& scores) {
  return std::accumulate(scores.begin() + 1, scores.end(), scores[0], better_score<T>);
}

// What is known of one query after its candidates were seen.
template <class T>
struct Query {
  int64_t number = 0;
  std::vector<T> right;             // scores of the right candidates
  std::vector<ScoreCounts> counts;  // for each, over all candidates, right ones included
  int64_t tied_before = 0, nan_scores = 0, infinite_scores = 0;
};

// Counts over the wrong candidates: right ones never compete with each other.
template <class T>
ScoreCounts without_right(const Query<T>& query, size_t index, int64_t wrong) {
  if (std::isnan(query.right[index])) return {wrong, 0};
  auto counts = query.counts[index];
  for (const T other : query.right) {
    counts.greater -= other > query.right[index] ? 1 : 0;
    counts.equal -= other == query.right[index] ? 1 : 0;
  }
  return counts;
}

template <class T>
void append(RankList& list, const Query<T>& query) {
  const int64_t wrong = list.candidates - static_cast<int64_t>(query.right.size());
  std::vector<ScoreCounts> each;
  for (size_t i = 0; i < query.right.size(); ++i) each.push_back(without_right(query, i, wrong));
  const T best = best_of(query.right);
  std::sort(each.begin(), each.end(), [](const ScoreCounts& a, const ScoreCounts& b) {
    return std::pair(a.greater, a.greater + a.equal) < std::pair(b.greater, b.greater + b.equal);
  });
  list.queries.push_back(query.number);
  list.better.push_back(each[0].greater);
  list.tied.push_back(each[0].equal);
  list.tied_before.push_back(query.tied_before);
  list.right_tied.push_back(std::max<int64_t>(std::count(query.right.begin(), query.right.end(), best) - 1, 0));
  list.nan_scores.push_back(query.nan_scores);
  list.infinite_scores.push_back(query.infinite_scores);
  list.best.push_back(static_cast<double>(best));
  for (const auto& counts : each) {
    list.each_better.push_back(counts.greater);
    list.each_tied.push_back(counts.equal);
  }
  list.right_begin.push_back(static_cast<int64_t>(list.each_better.size()));
}

template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// Lists of consecutive ranges of queries, one behind the other.
RankList joined(std::vector<RankList> parts) {
  auto list = std::move(parts[0]);
  for (size_t i = 1; i < parts.size(); ++i) {
    const auto& part = parts[i];
    const int64_t offset = list.right_begin.back();
    for (size_t k = 1; k < part.right_begin.size(); ++k) list.right_begin.push_back(offset + part.right_begin[k]);
    for (const auto member :
         {&RankList::queries, &RankList::better, &RankList::tied, &RankList::tied_before, &RankList::right_tied,
          &RankList::nan_scores, &RankList::infinite_scores, &RankList::each_better, &RankList::each_tied})
      append(list.*member, part.*member);
    append(list.best, part.best);
  }
  return list;
}

// Wrong columns left of the best right one that have its score.
template <class T>
int64_t tied_left(const T* row, const Query<T>& query, const int64_t* columns, T best) {
  const auto place = std::find(query.right.begin(), query.right.end(), best);
  if (place == query.right.end()) return 0;  // NaN
  return count_scores(row, columns[place - query.right.begin()], best).equal;
}

template <class T>
Query<T> rank_row(const T* row, int64_t videos, int64_t text, const GroundTruth& truth) {
  Query<T> query{text, {}, {}};
  const auto [first, end] = truth.videos_of(text);
  for (const auto* video = first; video != end; ++video) {
    query.right.push_back(row[*video]);
    query.counts.push_back(count_scores(row, videos, row[*video]));
  }
  if (std::any_of(query.counts.begin(), query.counts.end(), [](const ScoreCounts& c) { return c.equal > 1; }))
    query.tied_before = tied_left(row, query, first, best_of(query.right));
  if (all_finite(row, videos)) return query;
  query.nan_scores = std::count_if(row, row + videos, [](T score) { return std::isnan(score); });
  query.infinite_scores = std::count_if(row, row + videos, [](T score) { return std::isinf(score); });
  return query;
}

// Fills `right` [V] on the way, if it is given.
template <class T>
RankList rank_texts(const ScoreMatrix& scores, const GroundTruth& truth, int64_t threads, RightScores<T>* right) {
  const int64_t rows = rows_per_block(scores, kBlockBytes), videos = scores.videos();
  std::vector<RankList> parts((scores.texts() + rows - 1) / rows);
  std::vector<std::vector<T>> right_of_text(right == nullptr ? 0 : scores.texts());
  parallel_for(static_cast<int64_t>(parts.size()), threads, [&](int64_t part) {
    const int64_t begin = part * rows, end = std::min(scores.texts(), begin + rows);
    const auto block = row_buffer<T>(scores, end - begin);
    scores.read_rows(begin, end, block.get());
    parts[part].candidates = videos;
    for (int64_t text = begin; text < end; ++text) {
      auto query = rank_row(block.get() + (text - begin) * videos, videos, text, truth);
      append(parts[part], query);
      if (right != nullptr) right_of_text[text] = std::move(query.right);
    }
  });
  if (right != nullptr) {
    right->assign(videos, {});
    for (int64_t text = 0; text < scores.texts(); ++text) {
      const auto* video = truth.videos_of(text).first;
      for (const T score : right_of_text[text]) (*right)[*video++].push_back(score);
    }
  }
  return joined(std::move(parts));
}

template <class T>
RightScores<T> read_right_scores(const ScoreMatrix& scores, const GroundTruth& truth) {
  std::vector<std::pair<int64_t, int64_t>> pairs;
  for (int64_t text = 0; text < truth.texts(); ++text)
    for (auto [video, end] = truth.videos_of(text); video != end; ++video) pairs.emplace_back(text, *video);
  std::vector<T> values(pairs.size());
  scores.read_pairs(pairs, values.data());
  RightScores<T> right(scores.videos());
  for (size_t i = 0; i < pairs.size(); ++i) right[pairs[i].second].push_back(values[i]);
  return right;
}

// Best caption: a video's candidate is its best text, and so is what is right for it.
template <class T>
RightScores<T> best_captions(const RightScores<T>& right) {
  RightScores<T> best(right.size());
  for (size_t video = 0; video < right.size(); ++video)
    if (!right[video].empty()) best[video] = {best_of(right[video])};
  return best;
}

template <class T>
ColumnCounter<T> count_columns(const ScoreMatrix& scores, const GroundTruth& truth, VideoToText variant,
                               const RightScores<T>& right, int64_t threads) {
  const bool every = variant == VideoToText::kEveryCaption;
  const int64_t rows = std::min(kMostRows, rows_per_block(scores, kBlockBytes));
  const int64_t units = every ? (scores.texts() + rows - 1) / rows : scores.videos();
  const int64_t jobs = std::min(units, threads > 0 ? threads : processor_count());
  std::vector<ColumnCounter<T>> counters(jobs, {right, scores.videos()});
  parallel_for(jobs, threads, [&](int64_t job) {
    auto& counter = counters[job];
    const int64_t first = job * units / jobs, last = (job + 1) * units / jobs;
    if (!every) return BestCaptions<T>(scores, truth, counter, rows).count(first, last);
    const auto block = row_buffer<T>(scores, rows);
    for (int64_t unit = first; unit < last; ++unit) {
      const int64_t begin = unit * rows, end = std::min(scores.texts(), begin + rows);
      scores.read_rows(begin, end, block.get());
      counter.note_special(block.get(), end - begin);
      counter.count(block.get(), end - begin);
    }
  });
  for (int64_t job = 1; job < jobs; ++job) counters[0].add(counters[job]);
  return std::move(counters[0]);
}

template <class T>
RankList rank_videos(const ScoreMatrix& scores, const GroundTruth& truth, VideoToText variant, int64_t threads,
                     RightScores<T> right) {
  const bool every = variant == VideoToText::kEveryCaption;
  if (!every) right = best_captions(right);
  const auto counter = count_columns(scores, truth, variant, right, threads);
  RankList list;
  list.candidates =
      every ? scores.texts() : std::count_if(right.begin(), right.end(), [](const auto& own) { return !own.empty(); });
  for (int64_t video = 0; video < scores.videos(); ++video) {
    if (right[video].empty()) continue;
    append(list, Query<T>{video, right[video], counter.counts[video], 0, counter.nan_scores[video],
                          counter.infinite_scores[video]});
  }
  return list;
}

void check_variant(const GroundTruth& truth, VideoToText variant) {
  if (variant == VideoToText::kBestCaption && !truth.one_video_a_text())
    throw DataError(
        "A text is right for several videos, so a video has no best caption of its own; rank video to text by "
        "every-caption (--v2t every-caption).");
}

}  // namespace

const std::string& tie_policy_name(TiePolicy policy) {
  return tie_policy_names()[static_cast<size_t>(policy)];
}
const std::string& video_to_text_name(VideoToText variant) {
  return video_to_text_names()[static_cast<size_t>(variant)];
}
TiePolicy parse_tie_policy(const std::string& name) {
  return static_cast<TiePolicy>(parse_name("tie policy", name, tie_policy_names()));
}
VideoToText parse_video_to_text(const std::string& name) {
  return static_cast<VideoToText>(parse_name("video-to-text definition", name, video_to_text_names()));
}

double ties_before(int64_t tied, TiePolicy policy) {
  if (policy == TiePolicy::kOptimistic) return 0;
  return static_cast<double>(tied) * (policy == TiePolicy::kAverage ? 0.5 : 1);
}

double RankList::position(int64_t index, TiePolicy policy) const {
  return static_cast<double>(better[index]) + ties_before(tied[index], policy);
}

std::vector<double> RankList::positions(TiePolicy policy) const {
  std::vector<double> result(queries.size());
  for (int64_t i = 0; i < size(); ++i) result[i] = position(i, policy);
  return result;
}

RankList RankList::subset(const std::vector<int64_t>& indices) const {
  RankList part;
  part.candidates = candidates;
  for (const int64_t i : indices) {
    for (const auto member : {&RankList::queries, &RankList::better, &RankList::tied, &RankList::tied_before,
                              &RankList::right_tied, &RankList::nan_scores, &RankList::infinite_scores})
      (part.*member).push_back((this->*member)[i]);
    part.best.push_back(best[i]);
    for (int64_t k = right_begin[i]; k < right_begin[i + 1]; ++k) {
      part.each_better.push_back(each_better[k]);
      part.each_tied.push_back(each_tied[k]);
    }
    part.right_begin.push_back(static_cast<int64_t>(part.each_better.size()));
  }
  return part;
}

RankList text_to_video_ranks(const ScoreMatrix& scores, const GroundTruth& truth, int64_t threads) {
  check_sizes(scores, truth);
  return with_score_type(scores,
                         [&](auto zero) { return rank_texts<decltype(zero)>(scores, truth, threads, nullptr); });
}

RankList video_to_text_ranks(const ScoreMatrix& scores, const GroundTruth& truth, VideoToText variant,
                             int64_t threads) {
  check_sizes(scores, truth);
  check_variant(truth, variant);
  return with_score_type(scores, [&](auto zero) {
    return rank_videos(scores, truth, variant, threads, read_right_scores<decltype(zero)>(scores, truth));
  });
}

RankLists rank_both(const ScoreMatrix& scores, const GroundTruth& truth, VideoToText variant, int64_t threads) {
  check_sizes(scores, truth);
  check_variant(truth, variant);
  return with_score_type(scores, [&](auto zero) {
    RightScores<decltype(zero)> right;
    auto texts = rank_texts(scores, truth, threads, &right);
    return RankLists{std::move(texts), rank_videos(scores, truth, variant, threads, std::move(right))};
  });
}

}  // namespace tvr
