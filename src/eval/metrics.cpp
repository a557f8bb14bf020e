#include "tvr/eval/metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "tvr/base/error.h"

namespace tvr {
namespace {

using Kind = Metric::Kind;

bool is_mean(const Metric& metric) {
  return metric.kind != Kind::kMedianRank && metric.kind != Kind::kRecallSum && metric.kind != Kind::kGeometricMean;
}
bool needs_each_right(const Metric& metric) {
  return metric.kind == Kind::kAveragePrecision || metric.kind == Kind::kNdcg;
}

std::vector<Metric> mean_columns(const std::vector<Metric>& metrics) {
  std::vector<Metric> columns{Metric::kR1, Metric::kR5, Metric::kR10};  // RSum and GM follow from these
  for (const auto& metric : metrics)
    if (is_mean(metric) && std::find(columns.begin(), columns.end(), metric) == columns.end())
      columns.push_back(metric);
  return columns;
}

double discount(double position) {
  return 1 / std::log2(position + 2);
}

// The gain of `right` candidates in the first places.
double ideal_gain(int64_t right, int64_t depth) {
  double gain = 0;
  for (int64_t i = 0; i < std::min(right, depth); ++i) gain += discount(static_cast<double>(i));
  return gain;
}

// 0-based positions of all right candidates of a query, best first, other right ones before them counted.
std::vector<double> right_positions(const RankList& ranks, int64_t query, TiePolicy policy) {
  std::vector<double> positions;
  for (int64_t k = ranks.right_begin[query]; k < ranks.right_begin[query + 1]; ++k)
    positions.push_back(static_cast<double>(positions.size()) + static_cast<double>(ranks.each_better[k]) +
                        ties_before(ranks.each_tied[k], policy));
  return positions;
}

double average_precision(const std::vector<double>& positions) {
  double sum = 0;
  for (size_t i = 0; i < positions.size(); ++i) sum += static_cast<double>(i + 1) / (positions[i] + 1);
  return sum / static_cast<double>(positions.size());
}

double ndcg(const std::vector<double>& positions, int64_t depth) {
  double gain = 0;
  for (const double position : positions) gain += position < static_cast<double>(depth) ? discount(position) : 0;
  return gain / ideal_gain(static_cast<int64_t>(positions.size()), depth);
}

// What one query adds to a metric that is a mean.
double contribution(const Metric& metric, double position, const std::vector<double>& right) {
  switch (metric.kind) {
    case Kind::kRecall:
      return position < static_cast<double>(metric.depth) ? 100 : 0;
    case Kind::kMeanRank:
      return position + 1;
    case Kind::kReciprocalRank:
      return 100 / (position + 1);
    case Kind::kAveragePrecision:
      return 100 * average_precision(right);
    case Kind::kNdcg:
      return 100 * ndcg(right, metric.depth);
    default:
      throw std::logic_error(metric_name(metric) + " is no mean");
  }
}

double median_of_sorted(const std::vector<double>& sorted) {
  const size_t count = sorted.size();
  return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

// Queries with different numbers of right candidates under a random order of C candidates.
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

  double mean_of(const Metric& metric) const {
    switch (metric.kind) {
      case Kind::kRecall:
        return 100 * found_[std::min(static_cast<size_t>(metric.depth), found_.size()) - 1];
      case Kind::kMeanRank:
        return mean([&](double right) { return (candidates_ + 1) / (right + 1); });
      case Kind::kReciprocalRank:
        return 100 * reciprocal_rank();
      case Kind::kAveragePrecision:
        return 100 * mean([&](double right) { return average_precision_of(right); });
      default:  // each of the first K places holds a right candidate with chance R / C
        return 100 * mean([&](double right) {
                 return right / candidates_ * ideal_gain(static_cast<int64_t>(candidates_), metric.depth) /
                        ideal_gain(static_cast<int64_t>(right), metric.depth);
               });
    }
  }

  double median_position() const {
    constexpr double kRounding = 1e-9;  // the share may be exactly one half
    const auto position = [&](double share) {
      return static_cast<double>(std::lower_bound(found_.begin(), found_.end(), share) - found_.begin());
    };
    return (position(0.5 - kRounding) + position(0.5 + kRounding)) / 2;
  }

 private:
  template <class Value>
  double mean(const Value& value) const {
    double sum = 0;
    for (const auto& [right, share] : share_) sum += share * value(static_cast<double>(right));
    return sum;
  }
  double reciprocal_rank() const {
    double sum = found_[0];
    for (size_t rank = 1; rank < found_.size(); ++rank)
      sum += (found_[rank] - found_[rank - 1]) / static_cast<double>(rank + 1);
    return sum;
  }
  // Mean over places k of the chance that k is right times the expected precision there.
  double average_precision_of(double right) const {
    double harmonic = 0;
    for (double k = 1; k <= candidates_; ++k) harmonic += 1 / k;
    const double others = candidates_ > 1 ? (right - 1) / (candidates_ - 1) : 0;
    return (harmonic + others * (candidates_ - harmonic)) / candidates_;
  }

  double candidates_;
  std::map<int64_t, double> share_;  // number of right candidates -> share of the queries
  std::vector<double> found_;        // found_[k]: chance that the first k+1 hold a right one
};

std::optional<int64_t> parse_depth(const std::string& digits) {
  int64_t depth = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), depth);
  if (error != std::errc() || end != digits.data() + digits.size() || depth < 1) return std::nullopt;
  return depth;
}

QueryValues empty_values(const std::vector<Metric>& metrics, std::vector<double> positions) {
  QueryValues result{metrics, mean_columns(metrics), {}, std::move(positions)};
  result.values.reserve(result.positions.size() * result.means.size());
  return result;
}

}  // namespace

std::string metric_name(const Metric& metric) {
  switch (metric.kind) {
    case Kind::kRecall:
      return "R@" + std::to_string(metric.depth);
    case Kind::kMedianRank:
      return "MdR";
    case Kind::kMeanRank:
      return "MnR";
    case Kind::kRecallSum:
      return "RSum";
    case Kind::kGeometricMean:
      return "GM";
    case Kind::kReciprocalRank:
      return "MRR";
    case Kind::kAveragePrecision:
      return "mAP";
    case Kind::kNdcg:
      return "nDCG@" + std::to_string(metric.depth);
  }
  throw std::logic_error("a metric of no kind");
}

std::optional<Metric> parse_metric(const std::string& name) {
  for (const auto& metric : standard_metrics())
    if (metric_name(metric) == name) return metric;
  const bool recall = name.starts_with("R@");
  if (!recall && !name.starts_with("nDCG@")) return std::nullopt;
  const auto depth = parse_depth(name.substr(name.find('@') + 1));
  if (!depth) return std::nullopt;
  return Metric{recall ? Kind::kRecall : Kind::kNdcg, *depth};
}

bool smaller_is_better(const Metric& metric) {
  return metric.kind == Kind::kMedianRank || metric.kind == Kind::kMeanRank;
}

Interval bounds_of(const Metric& metric) {
  if (smaller_is_better(metric)) return {1, std::numeric_limits<double>::infinity()};
  return {0, metric.kind == Kind::kRecallSum ? 300.0 : 100.0};
}

const std::vector<Metric>& standard_metrics() {
  static const std::vector<Metric> metrics{Metric::kR1,   Metric::kR5,  Metric::kR10, Metric::kR50,
                                           Metric::kR100, Metric::kMdR, Metric::kMnR, Metric::kRSum,
                                           Metric::kGM,   Metric::kMRR, Metric::kMAP, Metric::kNDCG10};
  return metrics;
}

const std::vector<Metric>& position_metrics() {
  static const auto metrics = [] {
    auto all = standard_metrics();
    all.erase(std::remove_if(all.begin(), all.end(), needs_each_right), all.end());
    return all;
  }();
  return metrics;
}

QueryValues query_values(const RankList& ranks, TiePolicy policy, const std::vector<Metric>& metrics) {
  auto result = empty_values(metrics, ranks.positions(policy));
  for (int64_t query = 0; query < ranks.size(); ++query) {
    const auto right = right_positions(ranks, query, policy);
    for (const auto& metric : result.means)
      result.values.push_back(contribution(metric, result.positions[query], right));
  }
  return result;
}

QueryValues query_values(const std::vector<double>& positions, const std::vector<Metric>& metrics) {
  if (std::any_of(metrics.begin(), metrics.end(), needs_each_right))
    throw std::logic_error("mAP and nDCG need the ranks of every right candidate");
  auto result = empty_values(metrics, positions);
  for (const double position : positions)
    for (const auto& metric : result.means) result.values.push_back(contribution(metric, position, {}));
  return result;
}

MetricValues metrics_from_means(const std::vector<Metric>& metrics, const std::vector<Metric>& means,
                                const double* mean_values, double median_position) {
  const double r1 = mean_values[0], r5 = mean_values[1], r10 = mean_values[2];  // as mean_columns() puts them
  MetricValues result;
  for (const auto& metric : metrics) {
    if (metric.kind == Kind::kMedianRank) {
      result[metric] = median_position + 1;
    } else if (metric.kind == Kind::kRecallSum) {
      result[metric] = r1 + r5 + r10;
    } else if (metric.kind == Kind::kGeometricMean) {
      result[metric] = std::cbrt(r1 * r5 * r10);
    } else {
      result[metric] = mean_values[std::find(means.begin(), means.end(), metric) - means.begin()];
    }
  }
  return result;
}

MetricValues metrics_of(const QueryValues& values) {
  if (values.positions.empty()) throw DataError("There are no queries to compute metrics of.");
  std::vector<double> means(values.means.size());
  for (size_t i = 0; i < values.values.size(); ++i) means[i % means.size()] += values.values[i];
  for (auto& mean : means) mean /= static_cast<double>(values.size());
  auto sorted = values.positions;
  std::sort(sorted.begin(), sorted.end());
  return metrics_from_means(values.metrics, values.means, means.data(), median_of_sorted(sorted));
}

DirectionMetrics summarize_ranks(const RankList& ranks, TiePolicy policy, const std::vector<Metric>& metrics) {
  const auto positive = [](const std::vector<int64_t>& counts) {
    return std::count_if(counts.begin(), counts.end(), [](int64_t count) { return count > 0; });
  };
  DirectionMetrics result;
  result.values = metrics_of(query_values(ranks, policy, metrics));
  result.queries = ranks.size();
  result.candidates = ranks.candidates;
  result.tied_queries = positive(ranks.tied);
  result.nan_queries = positive(ranks.nan_scores);
  result.infinite_queries = positive(ranks.infinite_scores);
  return result;
}

MetricValues random_ranking(int64_t candidates, const std::vector<Metric>& metrics) {
  return random_ranking(candidates, std::vector<int64_t>{1}, metrics);
}

MetricValues random_ranking(int64_t candidates, const std::vector<int64_t>& right_candidates,
                            const std::vector<Metric>& metrics) {
  if (candidates < 1 || right_candidates.empty())
    throw DataError("A random ranking needs at least one candidate and one query.");
  const RandomOrder order(candidates, right_candidates);
  const auto means = mean_columns(metrics);
  std::vector<double> values;
  for (const auto& metric : means) values.push_back(order.mean_of(metric));
  return metrics_from_means(metrics, means, values.data(), order.median_position());
}

}  // namespace tvr
