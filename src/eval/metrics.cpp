#include "tvr/eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "tvr/base/error.h"
#include "tvr/base/names.h"

namespace tvr {
namespace {

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

// Texts by video: those of video v are order[begin[v]] … order[begin[v+1]-1], in their own order.
struct Groups {
  std::vector<int64_t> begin, order;
  int64_t count(int64_t video) const { return begin[video + 1] - begin[video]; }
};

Groups group_texts(const std::vector<int64_t>& video_of_text, int64_t videos) {
  Groups groups{std::vector<int64_t>(videos + 1, 0), std::vector<int64_t>(video_of_text.size())};
  for (const int64_t video : video_of_text) ++groups.begin[video + 1];
  std::partial_sum(groups.begin.begin(), groups.begin.end(), groups.begin.begin());
  auto next = groups.begin;
  for (size_t text = 0; text < video_of_text.size(); ++text)
    groups.order[next[video_of_text[text]]++] = static_cast<int64_t>(text);
  return groups;
}

// The larger one, where NaN is below every number.
float better_score(float a, float b) {
  return b > a || std::isnan(a) ? b : a;
}

// One pass over candidates (rows of scores, one entry a video) that counts, for every video, those
// that beat its own best.
class ColumnCounter {
 public:
  ColumnCounter(const SimilarityView& scores, const Groups& groups)
      : better(scores.videos),
        tied(scores.videos),
        has_nan(scores.videos),
        own_(scores.videos, std::numeric_limits<float>::quiet_NaN()) {
    for (int64_t video = 0; video < scores.videos; ++video)
      for (int64_t i = groups.begin[video]; i < groups.begin[video + 1]; ++i)
        own_[video] = better_score(own_[video], scores.row(groups.order[i])[video]);
  }

  // A candidate of `owner`, with which that video does not compete.
  void count(const float* candidate, int64_t owner) {
    const int64_t owner_better = better[owner], owner_tied = tied[owner];
    for (size_t video = 0; video < own_.size(); ++video) {
      better[video] += candidate[video] > own_[video] ? 1 : 0;
      tied[video] += candidate[video] == own_[video] ? 1 : 0;
    }
    better[owner] = owner_better;
    tied[owner] = owner_tied;
  }
  void note_nan(const float* row) {
    for (size_t video = 0; video < own_.size(); ++video) has_nan[video] |= std::isnan(row[video]) ? 1 : 0;
  }
  bool own_is_nan(int64_t video) const { return std::isnan(own_[video]); }

  std::vector<int64_t> better, tied;
  std::vector<uint8_t> has_nan;

 private:
  std::vector<float> own_;
};

// The rank of the first right candidate in a random order, over queries with different numbers of
// right ones.
class RandomOrder {
 public:
  RandomOrder(int64_t candidates, const std::vector<int64_t>& right_candidates)
      : candidates_(static_cast<double>(candidates)) {
    for (const int64_t right : right_candidates) share_[right] += 1.0 / static_cast<double>(right_candidates.size());
    std::map<int64_t, double> missed;  // number of right candidates -> chance that none has come yet
    for (const auto& [right, share] : share_) missed[right] = 1;
    for (double drawn = 0; drawn < candidates_; ++drawn) {
      double found = 0;
      for (auto& [right, chance] : missed) {
        chance *= std::max(0.0, 1 - static_cast<double>(right) / (candidates_ - drawn));
        found += share_[right] * (1 - chance);
      }
      found_.push_back(found);
    }
  }
  double found_within(int64_t depth) const { return found_[std::min(static_cast<size_t>(depth), found_.size()) - 1]; }
  double median_rank() const {
    constexpr double kRounding = 1e-9;  // the share may be exactly one half
    const auto rank = [&](double share) {
      return static_cast<double>(std::lower_bound(found_.begin(), found_.end(), share) - found_.begin()) + 1;
    };
    return (rank(0.5 - kRounding) + rank(0.5 + kRounding)) / 2;
  }
  double mean_rank() const {
    double mean = 0;
    for (const auto& [right, share] : share_) mean += share * (candidates_ + 1) / static_cast<double>(right + 1);
    return mean;
  }

 private:
  double candidates_;
  std::map<int64_t, double> share_;  // number of right candidates -> share of the queries
  std::vector<double> found_;        // found_[k]: chance that the first k+1 hold a right one
};

double share_before(TiePolicy policy) {
  if (policy == TiePolicy::kPessimistic) return 1;
  return policy == TiePolicy::kAverage ? 0.5 : 0;
}

double median_of_sorted(const std::vector<double>& sorted) {
  const size_t count = sorted.size();
  return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
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

const std::string& metric_name(Metric metric) {
  static const std::vector<std::string> names{"R@1", "R@5", "R@10", "R@50", "MdR", "MnR", "RSum", "GM"};
  return names[static_cast<size_t>(metric)];
}

double RankList::position(int64_t index, TiePolicy policy) const {
  return static_cast<double>(better[index]) + share_before(policy) * static_cast<double>(tied[index]);
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
    part.queries.push_back(queries[i]);
    part.better.push_back(better[i]);
    part.tied.push_back(tied[i]);
    part.has_nan.push_back(has_nan[i]);
  }
  return part;
}

void check_ranking_input(const SimilarityView& scores, const std::vector<int64_t>& video_of_text) {
  if (scores.texts < 1 || scores.videos < 1)
    throw DataError("The similarity matrix is " + std::to_string(scores.texts) + " x " + std::to_string(scores.videos) +
                    "; ranking needs at least one text (row) and one video (column).");
  if (static_cast<int64_t>(video_of_text.size()) != scores.texts)
    throw DataError("The similarity matrix has " + std::to_string(scores.texts) +
                    " rows (texts), but the right video is given for " + std::to_string(video_of_text.size()) +
                    "; both must be in the same order and of the same length.");
  for (size_t text = 0; text < video_of_text.size(); ++text) {
    if (video_of_text[text] < 0 || video_of_text[text] >= scores.videos)
      throw DataError("Text " + std::to_string(text) + " belongs to video column " +
                      std::to_string(video_of_text[text]) + ", but the similarity matrix has columns 0 to " +
                      std::to_string(scores.videos - 1) + ".");
  }
}

RankList text_to_video_ranks(const SimilarityView& scores, const std::vector<int64_t>& video_of_text) {
  check_ranking_input(scores, video_of_text);
  RankList ranks;
  ranks.candidates = scores.videos;
  for (int64_t text = 0; text < scores.texts; ++text) {
    const float* row = scores.row(text);
    const float own = row[video_of_text[text]];
    int64_t better = 0, equal = 0, nan = 0;
    for (int64_t video = 0; video < scores.videos; ++video) {
      better += row[video] > own ? 1 : 0;
      equal += row[video] == own ? 1 : 0;
      nan += std::isnan(row[video]) ? 1 : 0;
    }
    const bool lost = std::isnan(own);  // otherwise `equal` counts the right video too
    ranks.queries.push_back(text);
    ranks.better.push_back(lost ? scores.videos - 1 : better);
    ranks.tied.push_back(lost ? 0 : equal - 1);
    ranks.has_nan.push_back(nan > 0 ? 1 : 0);
  }
  return ranks;
}

RankList video_to_text_ranks(const SimilarityView& scores, const std::vector<int64_t>& video_of_text,
                             VideoToText variant) {
  check_ranking_input(scores, video_of_text);
  const auto groups = group_texts(video_of_text, scores.videos);
  const bool every = variant == VideoToText::kEveryCaption;
  ColumnCounter counter(scores, groups);
  int64_t described = 0;
  std::vector<float> best(scores.videos);
  for (int64_t owner = 0; owner < scores.videos; ++owner) {
    if (groups.count(owner) == 0) continue;
    ++described;
    std::fill(best.begin(), best.end(), std::numeric_limits<float>::quiet_NaN());
    for (int64_t i = groups.begin[owner]; i < groups.begin[owner + 1]; ++i) {
      const float* row = scores.row(groups.order[i]);
      counter.note_nan(row);
      if (every) counter.count(row, owner);
      if (!every) std::transform(best.begin(), best.end(), row, best.begin(), better_score);
    }
    if (!every) counter.count(best.data(), owner);
  }
  RankList ranks;
  ranks.candidates = every ? scores.texts : described;
  for (int64_t video = 0; video < scores.videos; ++video) {
    if (groups.count(video) == 0) continue;
    const bool lost = counter.own_is_nan(video);
    ranks.queries.push_back(video);
    ranks.better.push_back(lost ? ranks.candidates - (every ? groups.count(video) : 1) : counter.better[video]);
    ranks.tied.push_back(counter.tied[video]);
    ranks.has_nan.push_back(counter.has_nan[video]);
  }
  return ranks;
}

void fill_sums(MetricValues& values) {
  const double r1 = values[Metric::kR1], r5 = values[Metric::kR5], r10 = values[Metric::kR10];
  values[Metric::kRSum] = r1 + r5 + r10;
  values[Metric::kGM] = std::cbrt(r1 * r5 * r10);
}

MetricValues metrics_of_positions(std::vector<double> positions) {
  if (positions.empty()) throw DataError("There are no queries to compute metrics of.");
  std::sort(positions.begin(), positions.end());
  const auto count = static_cast<double>(positions.size());
  MetricValues result;
  for (size_t i = 0; i < kRecallDepths.size(); ++i) {
    const auto depth = static_cast<double>(kRecallDepths[i]);
    const auto hits = std::lower_bound(positions.begin(), positions.end(), depth) - positions.begin();
    result.values[i] = 100.0 * static_cast<double>(hits) / count;
  }
  result[Metric::kMdR] = median_of_sorted(positions) + 1;
  result[Metric::kMnR] = std::accumulate(positions.begin(), positions.end(), 0.0) / count + 1;
  fill_sums(result);
  return result;
}

DirectionMetrics summarize_ranks(const RankList& ranks, TiePolicy policy) {
  DirectionMetrics result;
  result.values = metrics_of_positions(ranks.positions(policy));
  result.queries = ranks.size();
  result.tied_queries = std::count_if(ranks.tied.begin(), ranks.tied.end(), [](int64_t tied) { return tied > 0; });
  result.nan_queries = std::count(ranks.has_nan.begin(), ranks.has_nan.end(), uint8_t{1});
  return result;
}

MetricValues random_ranking(int64_t candidates) {
  return random_ranking(candidates, {1});
}

MetricValues random_ranking(int64_t candidates, const std::vector<int64_t>& right_candidates) {
  if (candidates < 1 || right_candidates.empty())
    throw DataError("A random ranking needs at least one candidate and one query.");
  const RandomOrder order(candidates, right_candidates);
  MetricValues result;
  for (size_t k = 0; k < kRecallDepths.size(); ++k) result.values[k] = 100 * order.found_within(kRecallDepths[k]);
  result[Metric::kMdR] = order.median_rank();
  result[Metric::kMnR] = order.mean_rank();
  fill_sums(result);
  return result;
}

}  // namespace tvr
