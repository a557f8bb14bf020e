#include "tvr/eval/compat.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "tvr/base/error.h"
#include "tvr/base/names.h"

namespace tvr {
namespace {

const std::vector<std::string>& compat_names() {
  static const std::vector<std::string> names{"clip4clip", "ce"};
  return names;
}
constexpr Metric kRecalls[] = {Metric::kR1, Metric::kR5, Metric::kR10, Metric::kR50};

std::string queries_text(int64_t count) {
  return std::to_string(count) + (count == 1 ? " query" : " queries");
}
// "1 query ties", "2 queries tie"
std::string queries_that_tie(const std::vector<int64_t>& queries) {
  return queries_text(static_cast<int64_t>(queries.size())) + (queries.size() == 1 ? " ties" : " tie");
}

// Runs of neighbouring 0-based places, each place an entry of its own.
struct Run {
  int64_t first, length;
};

int64_t entries_below(const std::vector<Run>& runs, int64_t place) {
  int64_t count = 0;
  for (const auto& run : runs) count += std::clamp<int64_t>(place - run.first, 0, run.length);
  return count;
}

// The entry at `index` of all entries in order.
int64_t entry_at(const std::vector<Run>& runs, int64_t index) {
  int64_t low = 0, high = 0;  // the smallest place p with entries_below(p + 1) > index
  for (const auto& run : runs) high = std::max(high, run.first + run.length - 1);
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (entries_below(runs, middle + 1) > index)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

void fill_from_runs(CompatDirection& result, const std::vector<Run>& runs) {
  double sum = 0;
  for (const auto& [first, length] : runs) {
    result.denominator += length;
    sum += static_cast<double>(length) * (static_cast<double>(first) + static_cast<double>(length - 1) / 2);
  }
  if (runs.empty()) return;
  const auto count = static_cast<double>(result.denominator);
  for (const auto& metric : kRecalls)
    result.values[metric] = 100 * static_cast<double>(entries_below(runs, metric.depth)) / count;
  const int64_t lower = entry_at(runs, (result.denominator - 1) / 2), upper = entry_at(runs, result.denominator / 2);
  result.values[Metric::kMdR] = static_cast<double>(lower + upper) / 2 + 1;
  result.values[Metric::kMnR] = sum / count + 1;
}

// Sort each row, subtract its own score, collect every zero.
CompatDirection collected_zeros(const RankList& ranks) {
  CompatDirection result;
  std::vector<Run> runs;
  int64_t dropped = 0, tied = 0;
  for (int64_t i = 0; i < ranks.size(); ++i) {
    const bool finite = std::isfinite(ranks.best[i]);
    if (finite) runs.push_back({ranks.better[i], 1 + ranks.tied[i]});
    dropped += finite ? 0 : 1;
    tied += finite && ranks.tied[i] > 0 ? 1 : 0;
    if (!finite || ranks.tied[i] > 0) result.differing.push_back(ranks.queries[i]);
  }
  fill_from_runs(result, runs);
  std::vector<std::string> reasons;
  if (tied > 0)
    reasons.push_back("each place of equal score counts as a query of its own, which " + queries_text(tied) +
                      (tied == 1 ? " has" : " have"));
  if (dropped > 0)
    reasons.push_back(queries_text(dropped) + " with a right score that is NaN or infinite " +
                      (dropped == 1 ? "is" : "are") + " left out");
  result.explanation = reasons.empty()
                           ? "no query ties and every right score is finite: equal to the strict numbers"
                           : join(reasons, ", and ") + ": it divides by " + std::to_string(result.denominator) +
                                 " instead of " + std::to_string(ranks.size());
  return result;
}

// Two stable sorts, the lower median; rows whose own score is not finite are taken for padding.
CompatDirection double_sort(const RankList& ranks) {
  CompatDirection result;
  std::vector<Run> runs;
  for (int64_t i = 0; i < ranks.size(); ++i) {
    const bool finite = std::isfinite(ranks.best[i]);
    if (finite) runs.push_back({ranks.better[i] + ranks.tied_before[i] + ranks.nan_scores[i], 1});
    if (!finite || ranks.tied[i] > 0 || ranks.nan_scores[i] > 0) result.differing.push_back(ranks.queries[i]);
  }
  fill_from_runs(result, runs);
  if (!runs.empty())
    result.values[Metric::kMdR] = static_cast<double>(entry_at(runs, (result.denominator - 1) / 2)) + 1;
  result.explanation =
      (result.differing.empty()
           ? std::string("no query ties or meets a NaN; only the median may differ: ")
           : queries_that_tie(result.differing) +
                 " or met scores that are not finite: equal scores rank in order of their columns, a NaN ranks "
                 "first, a right score that is NaN or infinite leaves the query out (" +
                 std::to_string(result.denominator) + " of " + std::to_string(ranks.size()) + " remain); ") +
      "of an even number of queries it takes the lower middle rank";
  return result;
}

// Mean positions over equal scores; `own_too`: the video's other captions among them.
CompatDirection mean_positions(const RankList& ranks, bool own_too) {
  CompatDirection result;
  std::vector<double> positions;
  for (int64_t i = 0; i < ranks.size(); ++i) {
    if (!std::isfinite(ranks.best[i])) {
      result.differing = {ranks.queries[i]};
      result.explanation = "it stops or prints no number, because the right score of a query is NaN or infinite";
      return result;
    }
    const int64_t tied = ranks.tied[i] + (own_too ? ranks.right_tied[i] : 0);
    positions.push_back(static_cast<double>(ranks.better[i]) + static_cast<double>(tied) / 2);
    if (tied > 0) result.differing.push_back(ranks.queries[i]);
  }
  result.denominator = ranks.size();
  result.values = metrics_of(
      query_values(positions, {Metric::kR1, Metric::kR5, Metric::kR10, Metric::kR50, Metric::kMdR, Metric::kMnR}));
  const auto first = std::count(positions.begin(), positions.end(), 0.0);
  result.values[Metric::kR1] = 100 * static_cast<double>(first) / static_cast<double>(positions.size());
  result.explanation = result.differing.empty()
                           ? "no query ties: equal to the strict numbers"
                           : queries_that_tie(result.differing) +
                                 (own_too ? " with a wrong caption or another one of the same video" : "") +
                                 ": they get the mean position of their equals, which counts for R@5 to R@50 when it "
                                 "is below K, and for R@1 only when it is 0";
  return result;
}

}  // namespace

const std::string& compat_name(Compat compat) {
  return compat_names()[static_cast<size_t>(compat)];
}

Compat parse_compat(const std::string& name) {
  const auto& names = compat_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw ConfigError(unknown_name_message("evaluator", name, names) + ".");
  return static_cast<Compat>(found - names.begin());
}

CompatNumbers compat_numbers(const ScoreMatrix& scores, const GroundTruth& truth, Compat compat, int64_t threads) {
  if (!truth.one_video_a_text())
    throw DataError("A text is right for several videos, which '" + compat_name(compat) +
                    "' does not know; leave --compat out.");
  const bool ce = compat == Compat::kCe;
  CompatNumbers result{compat, ce ? VideoToText::kEveryCaption : VideoToText::kBestCaption, {}, {}};
  const auto lists = rank_both(scores, truth, result.definition, threads);
  if (ce) {
    result.text_to_video = mean_positions(lists.text_to_video, false);
    result.video_to_text = mean_positions(lists.video_to_text, true);
  } else {
    result.text_to_video = truth.is_square() ? collected_zeros(lists.text_to_video) : double_sort(lists.text_to_video);
    result.video_to_text = collected_zeros(lists.video_to_text);
  }
  return result;
}

}  // namespace tvr
