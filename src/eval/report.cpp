#include "tvr/eval/report.h"

#include <algorithm>

#include "tvr/base/error.h"

namespace tvr {
namespace {

// The numbers that stay the same for the whole score and its parts.
struct Setting {
  const EvaluationInput& input;
  const Protocol& protocol;
  BootstrapOptions bootstrap;
  std::vector<int64_t> cluster_of_video, cluster_of_text;
};

void check_count(const std::string& what, size_t count, int64_t expected, const std::string& of) {
  if (static_cast<int64_t>(count) != expected)
    throw DataError("There are " + std::to_string(count) + " " + what + " for " + std::to_string(expected) + " " + of +
                    " of the similarity matrix; give one each.");
}

void check_evaluation_input(const EvaluationInput& input) {
  check_count("text ids", input.text_ids.size(), input.scores->texts(), "rows (texts)");
  check_count("video ids", input.video_ids.size(), input.scores->videos(), "columns (videos)");
  if (!input.cluster_of_video.empty())
    check_count("clusters", input.cluster_of_video.size(), input.scores->videos(), "columns (videos)");
  for (const auto& [name, scores] : input.parts) {
    if (scores->texts() != input.scores->texts() || scores->videos() != input.scores->videos())
      throw DataError("Part '" + name + "' of the score is " + std::to_string(scores->texts()) + " x " +
                      std::to_string(scores->videos()) + ", the whole is " + std::to_string(input.scores->texts()) +
                      " x " + std::to_string(input.scores->videos()) + ".");
  }
}

// The first ones of whose counts are not zero.
std::vector<std::string> named(const std::vector<int64_t>& counts, const RankList& ranks,
                               const std::vector<std::string>& ids) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < ranks.size() && names.size() < SpecialQueries::kMostNamed; ++i)
    if (counts[i] > 0) names.push_back(ids[ranks.queries[i]]);
  return names;
}

SpecialQueries special_queries(const RankLists& lists, const EvaluationInput& input) {
  const auto &texts = lists.text_to_video, &videos = lists.video_to_text;
  return {named(texts.nan_scores, texts, input.text_ids),
          named(videos.nan_scores, videos, input.video_ids),
          named(texts.infinite_scores, texts, input.text_ids),
          named(videos.infinite_scores, videos, input.video_ids),
          named(texts.tied, texts, input.text_ids),
          named(videos.tied, videos, input.video_ids)};
}

struct Ranked {
  RankLists lists;
  std::vector<int8_t> verdicts;
  RetrievalNumbers numbers;
};

Ranked rank_scores(const ScoreMatrix& scores, const Setting& setting) {
  const auto& truth = setting.input.truth;
  Ranked ranked{rank_both(scores, truth, setting.protocol.video_to_text, setting.bootstrap.threads), {}, {}};
  if (!setting.input.cluster_of_video.empty()) ranked.verdicts = twin_verdicts(scores, truth, setting.cluster_of_video);
  auto& numbers = ranked.numbers;
  const auto summarize = [&](const RankList& ranks, const std::vector<int64_t>& clusters) {
    return summarize_with_intervals(ranks, setting.protocol.ties, setting.input.metrics, clusters, setting.bootstrap);
  };
  numbers.text_to_video = summarize(ranked.lists.text_to_video, setting.cluster_of_text);
  numbers.video_to_text = summarize(ranked.lists.video_to_text, setting.cluster_of_video);
  numbers.twins = twin_accuracy(ranked.verdicts, setting.cluster_of_text, setting.bootstrap);
  return ranked;
}

MetricValues random_order(const RankList& ranks, const std::vector<Metric>& metrics) {
  std::vector<int64_t> right_candidates;
  for (int64_t i = 0; i < ranks.size(); ++i)
    right_candidates.push_back(ranks.right_begin[i + 1] - ranks.right_begin[i]);
  return random_ranking(ranks.candidates, right_candidates, metrics);
}

QueryRanks query_ranks(const RankList& ranks, const std::vector<std::string>& ids,
                       const std::vector<std::string>& clusters) {
  QueryRanks result;
  result.candidates = ranks.candidates;
  for (int64_t i = 0; i < ranks.size(); ++i) {
    result.rank.push_back(1 + ranks.better[i] + ranks.tied[i]);
    result.tied.push_back(ranks.tied[i]);
    result.ids.push_back(ids[ranks.queries[i]]);
    result.clusters.push_back(clusters[ranks.queries[i]]);
  }
  return result;
}

EvaluationRanks ranks_of(const Ranked& ranked, const EvaluationInput& input) {
  const auto clusters = cluster_names(input);
  return {query_ranks(ranked.lists.text_to_video, input.text_ids, input.truth.of_texts(clusters)),
          query_ranks(ranked.lists.video_to_text, input.video_ids, clusters)};
}

}  // namespace

std::vector<std::string> cluster_names(const EvaluationInput& input) {
  if (!input.cluster_of_video.empty()) return input.cluster_of_video;
  std::vector<std::string> names;
  for (const int64_t video : input.truth.components()) names.push_back(input.video_ids[video]);
  return names;
}

std::vector<double> QueryRanks::positions(TiePolicy policy) const {
  std::vector<double> result(rank.size());
  for (size_t i = 0; i < rank.size(); ++i)
    result[i] = static_cast<double>(rank[i] - 1 - tied[i]) + ties_before(tied[i], policy);
  return result;
}

Evaluation evaluate_similarity(const EvaluationInput& input, const Protocol& protocol, int64_t threads) {
  check_evaluation_input(input);
  Setting setting{
      input, protocol, {protocol.bootstrap_draws, static_cast<uint64_t>(protocol.bootstrap_seed), threads}, {}, {}};
  setting.cluster_of_video = number_clusters(cluster_names(input));
  setting.cluster_of_text = input.truth.of_texts(setting.cluster_of_video);
  const auto ranked = rank_scores(*input.scores, setting);

  Evaluation result{{protocol, ranked.numbers, {}, special_queries(ranked.lists, input), {}, {}},
                    ranks_of(ranked, input)};
  auto& report = result.report;
  report.protocol.texts = input.scores->texts();
  report.protocol.videos = input.scores->videos();
  report.protocol.videos_without_caption = input.scores->videos() - ranked.lists.video_to_text.size();
  report.protocol.clusters = *std::max_element(setting.cluster_of_video.begin(), setting.cluster_of_video.end()) + 1;
  report.random.text_to_video = random_order(ranked.lists.text_to_video, input.metrics);
  report.random.video_to_text = random_order(ranked.lists.video_to_text, input.metrics);
  for (const auto& [name, scores] : input.parts) report.parts.emplace_back(name, rank_scores(*scores, setting).numbers);
  const BreakdownInput breakdown{&ranked.lists.text_to_video, ranked.verdicts, setting.cluster_of_text};
  for (const auto& tag : input.tags)
    report.breakdown.push_back(break_down(tag, breakdown, protocol.ties, setting.bootstrap));
  return result;
}

}  // namespace tvr
