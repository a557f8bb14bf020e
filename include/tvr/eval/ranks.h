#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tvr/eval/score_matrix.h"

namespace tvr {

/// What equal scores of wrong candidates do to a query. Pessimistic: they rank before the right one (a collapsed model
/// scores 0). Optimistic: behind. Average: half of them before; a hit when the 0-based mean position is below K.
enum class TiePolicy { kPessimistic, kAverage, kOptimistic };

/// Video-to-text with several captions a video. Best caption: one candidate a video, by its best caption. Every
/// caption: all captions are candidates; the best of the video's own counts, its other ones do not compete.
enum class VideoToText { kBestCaption, kEveryCaption };

const std::string& tie_policy_name(TiePolicy policy);        ///< "pessimistic", "average", "optimistic"
const std::string& video_to_text_name(VideoToText variant);  ///< "best-caption", "every-caption"
/// The inverse. Throws ConfigError with the valid names.
TiePolicy parse_tie_policy(const std::string& name);
VideoToText parse_video_to_text(const std::string& name);
/// How many of `tied` equal candidates stand before the right one.
double ties_before(int64_t tied, TiePolicy policy);

/// Which videos are right for which texts.
class GroundTruth {
 public:
  /// One video a text: column numbers [T].
  GroundTruth(const std::vector<int64_t>& video_of_text, int64_t videos);
  /// Several: a list of distinct column numbers for each text, none empty. Both throw DataError naming the first text
  /// whose columns are not within 0 … V-1, are repeated, or missing.
  GroundTruth(const std::vector<std::vector<int64_t>>& videos_of_text, int64_t videos);
  /// Text i belongs to video i.
  static GroundTruth square(int64_t size);

  int64_t texts() const { return static_cast<int64_t>(text_begin_.size()) - 1; }
  int64_t videos() const { return static_cast<int64_t>(video_begin_.size()) - 1; }
  /// True if every text has exactly one video.
  bool one_video_a_text() const { return static_cast<int64_t>(videos_.size()) == texts(); }
  /// True if text i belongs to video i and to no other.
  bool is_square() const;
  /// The range of a text's videos and of a video's texts, both in increasing order.
  std::pair<const int64_t*, const int64_t*> videos_of(int64_t text) const;
  std::pair<const int64_t*, const int64_t*> texts_of(int64_t video) const;
  /// A number for each video: the same for videos that are linked by texts which both are right for, and for these
  /// only.
  std::vector<int64_t> components() const;
  /// A value for each text from its first video's.
  template <class T>
  std::vector<T> of_texts(const std::vector<T>& of_videos) const {
    std::vector<T> result;
    for (int64_t text = 0; text < texts(); ++text) result.push_back(of_videos[*videos_of(text).first]);
    return result;
  }

 private:
  std::vector<int64_t> text_begin_, videos_;  // videos of text t: videos_[text_begin_[t]] …
  std::vector<int64_t> video_begin_, texts_;  // texts of video v
};

/// Where the right candidates of each query stand. Vectors have one entry a query; a query never disappears.
struct RankList {
  std::vector<int64_t> queries;          ///< the query's row (text to video) or column (video to text)
  std::vector<int64_t> better;           ///< wrong candidates with a higher score than the best right one
  std::vector<int64_t> tied;             ///< wrong candidates with its score
  std::vector<int64_t> tied_before;      ///< those of `tied` in a lower column; text to video only, else 0
  std::vector<int64_t> right_tied;       ///< other right candidates with its score
  std::vector<int64_t> nan_scores;       ///< scores of the query that are NaN
  std::vector<int64_t> infinite_scores;  ///< that are infinite
  std::vector<double> best;              ///< score of the best right candidate; NaN if all are NaN
  /// Every right candidate of query i, best first: entries right_begin[i] … right_begin[i+1]-1 of the two below, which
  /// count the wrong candidates with a higher and with the same score.
  std::vector<int64_t> right_begin{0}, each_better, each_tied;
  int64_t candidates = 0;  ///< how many a query chooses from, right ones included

  int64_t size() const { return static_cast<int64_t>(queries.size()); }
  /// 0-based position of query `index` (not of row or column); a multiple of 1/2. The rank is 1 more.
  double position(int64_t index, TiePolicy policy) const;
  std::vector<double> positions(TiePolicy policy) const;
  /// The queries at these indices, in this order.
  RankList subset(const std::vector<int64_t>& indices) const;
};

/// Both directions.
struct RankLists {
  RankList text_to_video, video_to_text;
};

// All functions below throw DataError unless matrix and ground truth have the same numbers of texts and videos, at
// least one each. A NaN ranks below every number; a right candidate whose score is NaN ranks last; infinities are
// ordinary values. Memory: a block of rows and the counts. `threads` 0: all processors; the result does not depend on
// it.

/// Ranks of the right videos for every text. Reads the matrix once.
RankList text_to_video_ranks(const ScoreMatrix& scores, const GroundTruth& truth, int64_t threads = 0);

/// Ranks of the right captions for every video that has at least one; videos without one are neither queries nor
/// candidates. Reads the pairs of the ground truth, then the matrix once. Best caption needs a ground truth of one
/// video a text and throws DataError otherwise.
RankList video_to_text_ranks(const ScoreMatrix& scores, const GroundTruth& truth, VideoToText variant,
                             int64_t threads = 0);

/// Both, reading the matrix twice.
RankLists rank_both(const ScoreMatrix& scores, const GroundTruth& truth, VideoToText variant, int64_t threads = 0);

}  // namespace tvr
