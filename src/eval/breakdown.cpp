#include "tvr/eval/breakdown.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "tvr/base/error.h"

namespace tvr {
namespace {

// The other video of a cluster of two, or -1.
std::vector<int64_t> twins_of_videos(const std::vector<int64_t>& cluster_of_video) {
  std::unordered_map<int64_t, std::vector<int64_t>> members;
  for (size_t video = 0; video < cluster_of_video.size(); ++video)
    members[cluster_of_video[video]].push_back(static_cast<int64_t>(video));
  std::vector<int64_t> twins(cluster_of_video.size(), -1);
  for (const auto& [cluster, videos] : members) {
    if (videos.size() != 2) continue;
    twins[videos[0]] = videos[1];
    twins[videos[1]] = videos[0];
  }
  return twins;
}

template <class T>
std::vector<T> pick(const std::vector<T>& values, const std::vector<int64_t>& indices) {
  std::vector<T> result;
  result.reserve(indices.size());
  for (const int64_t i : indices) result.push_back(values[i]);
  return result;
}

BreakdownEntry entry_of(const std::string& value, const std::vector<int64_t>& texts, const BreakdownInput& input,
                        TiePolicy policy, const BootstrapOptions& options) {
  const auto ranks = input.ranks->subset(texts);
  const auto clusters = pick(input.clusters, texts);
  BreakdownEntry entry{value, summarize_ranks(ranks, policy), std::nullopt};
  entry.metrics.ci95 = bootstrap_metrics(query_values(ranks, policy), clusters, options);
  if (!input.verdicts.empty()) entry.twins = twin_accuracy(pick(input.verdicts, texts), clusters, options);
  return entry;
}

}  // namespace

std::vector<int8_t> twin_verdicts(const ScoreMatrix& scores, const GroundTruth& truth,
                                  const std::vector<int64_t>& cluster_of_video) {
  if (static_cast<int64_t>(cluster_of_video.size()) != scores.videos())
    throw DataError("The similarity matrix has " + std::to_string(scores.videos()) + " columns (videos), but " +
                    std::to_string(cluster_of_video.size()) + " videos have a cluster; the numbers must agree.");
  const auto twins = twins_of_videos(cluster_of_video);
  std::vector<int8_t> verdicts(truth.texts(), -1);
  std::vector<std::pair<int64_t, int64_t>> pairs;  // own video and twin of each text that has one
  for (int64_t text = 0; text < truth.texts(); ++text) {
    const int64_t video = *truth.videos_of(text).first;
    if (twins[video] >= 0) pairs.insert(pairs.end(), {{text, video}, {text, twins[video]}});
  }
  const auto values = pair_scores(scores, pairs);
  for (size_t i = 0; i < values.size(); i += 2) {
    const auto own = values[i], twin = values[i + 1];  // a NaN ranks below every number
    verdicts[pairs[i].first] = own > twin || (std::isnan(twin) && !std::isnan(own)) ? 1 : 0;
  }
  return verdicts;
}

std::optional<TwinAccuracy> twin_accuracy(const std::vector<int8_t>& verdicts, const std::vector<int64_t>& clusters,
                                          const BootstrapOptions& options) {
  std::vector<double> right;
  std::vector<int64_t> right_clusters;
  for (size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i] < 0) continue;
    right.push_back(verdicts[i] == 1 ? 100.0 : 0.0);
    right_clusters.push_back(clusters[i]);
  }
  if (right.empty()) return std::nullopt;
  const auto queries = static_cast<int64_t>(right.size());
  const double sum = std::accumulate(right.begin(), right.end(), 0.0);
  return TwinAccuracy{sum / static_cast<double>(queries), queries, bootstrap_mean(right, right_clusters, options)};
}

Breakdown break_down(const Tag& tag, const BreakdownInput& input, TiePolicy policy, const BootstrapOptions& options) {
  if (tag.value_of_text.size() != input.ranks->queries.size())
    throw DataError("Tag '" + tag.name + "' has values for " + std::to_string(tag.value_of_text.size()) +
                    " texts, but " + std::to_string(input.ranks->queries.size()) +
                    " were ranked; give one value a text, empty for none.");
  std::vector<std::string> values;
  std::unordered_map<std::string, std::vector<int64_t>> texts;
  for (size_t text = 0; text < tag.value_of_text.size(); ++text) {
    const auto& value = tag.value_of_text[text];
    if (value.empty()) continue;
    auto& of_value = texts[value];
    if (of_value.empty()) values.push_back(value);
    of_value.push_back(static_cast<int64_t>(text));
  }
  Breakdown result{tag.name, {}};
  for (const auto& value : values) result.entries.push_back(entry_of(value, texts[value], input, policy, options));
  return result;
}

}  // namespace tvr
