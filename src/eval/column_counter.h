#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "eval/score_counts.h"
#include "tvr/eval/ranks.h"

namespace tvr {

// The larger one, where NaN is below every number.
template <class T>
T better_score(T a, T b) {
  return b > a || std::isnan(a) ? b : a;
}

// Scores of the pairs of the ground truth, video by video.
template <class T>
using RightScores = std::vector<std::vector<T>>;

// One pass over texts that counts, for every right text of every video, the candidates that beat it. Each thread has
// one of its own.
template <class T>
class ColumnCounter {
 public:
  ColumnCounter(const RightScores<T>& right, int64_t videos)
      : nan_scores(videos), infinite_scores(videos), counts(videos), right_(right), videos_(videos) {
    for (int64_t video = 0; video < videos; ++video) counts[video].resize(right[video].size());
  }

  // Candidates [rows, V].
  void count(const T* candidates, int64_t rows) {
    constexpr int64_t kColumns = 64;  // 128 KiB of float with 512 rows
    std::vector<T> columns(static_cast<size_t>(rows * kColumns));
    for (int64_t begin = 0; begin < videos_; begin += kColumns) {
      const int64_t end = std::min(videos_, begin + kColumns);
      transpose(candidates + begin, rows, end - begin, videos_, columns.data());
      for (int64_t video = begin; video < end; ++video) {
        for (size_t i = 0; i < right_[video].size(); ++i) {
          const auto more = count_scores(columns.data() + (video - begin) * rows, rows, right_[video][i]);
          counts[video][i].greater += more.greater;
          counts[video][i].equal += more.equal;
        }
      }
    }
  }

  void note_special(const T* scores, int64_t rows) {
    if (all_finite(scores, rows * videos_)) return;
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t video = 0; video < videos_; ++video) {
        nan_scores[video] += std::isnan(scores[row * videos_ + video]) ? 1 : 0;
        infinite_scores[video] += std::isinf(scores[row * videos_ + video]) ? 1 : 0;
      }
    }
  }

  void add(const ColumnCounter& other) {
    for (int64_t video = 0; video < videos_; ++video) {
      nan_scores[video] += other.nan_scores[video];
      infinite_scores[video] += other.infinite_scores[video];
      for (size_t i = 0; i < counts[video].size(); ++i) {
        counts[video][i].greater += other.counts[video][i].greater;
        counts[video][i].equal += other.counts[video][i].equal;
      }
    }
  }

  std::vector<int64_t> nan_scores, infinite_scores;
  std::vector<std::vector<ScoreCounts>> counts;

 private:
  const RightScores<T>& right_;
  int64_t videos_;
};

// The candidates of best caption: a row of maxima for each video, from its texts wherever they are.
template <class T>
class BestCaptions {
 public:
  BestCaptions(const ScoreMatrix& scores, const GroundTruth& truth, ColumnCounter<T>& counter, int64_t rows)
      : scores_(scores), truth_(truth), counter_(counter), rows_(rows), block_(rows * scores.videos()) {}

  // Counts the candidates of these videos.
  void count(int64_t first_video, int64_t last_video) {
    std::vector<int64_t> order;
    for (int64_t video = first_video; video < last_video; ++video) {
      const auto [text, end] = truth_.texts_of(video);
      order.insert(order.end(), text, end);
    }
    for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
      for (end = begin + 1; end < order.size() && order[end] == order[end - 1] + 1;) {
        if (static_cast<int64_t>(end - begin) == rows_) break;
        ++end;
      }
      add_rows(order[begin], static_cast<int64_t>(end - begin));
    }
    flush();
  }

 private:
  // Consecutive texts, in order of their videos.
  void add_rows(int64_t text, int64_t rows) {
    const int64_t videos = scores_.videos();
    scores_.read_rows(text, text + rows, block_.data());
    counter_.note_special(block_.data(), rows);
    for (int64_t row = 0; row < rows; ++row) {
      if (const int64_t video = *truth_.videos_of(text + row).first; video != current_) start(video);
      T* best = best_.data() + best_.size() - videos;
      std::transform(best, best + videos, block_.data() + row * videos, best, better_score<T>);
    }
  }
  void start(int64_t video) {
    if (static_cast<int64_t>(best_.size()) >= rows_ * scores_.videos()) flush();
    best_.resize(best_.size() + scores_.videos(), std::numeric_limits<T>::quiet_NaN());
    current_ = video;
  }
  void flush() {
    counter_.count(best_.data(), static_cast<int64_t>(best_.size()) / scores_.videos());
    best_.clear();
  }

  const ScoreMatrix& scores_;
  const GroundTruth& truth_;
  ColumnCounter<T>& counter_;
  int64_t rows_, current_ = -1;
  std::vector<T> block_, best_;
};

}  // namespace tvr
