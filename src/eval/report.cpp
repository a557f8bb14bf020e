#include "tvr/eval/report.h"

#include <algorithm>

#include "eval/grid.h"
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

std::vector<int64_t> pick(const std::vector<int64_t>& values, const std::vector<int64_t>& indices) {
  std::vector<int64_t> result;
  result.reserve(indices.size());
  for (const int64_t i : indices) result.push_back(values[i]);
  return result;
}

void check_count(const std::string& what, size_t count, int64_t expected, const std::string& of) {
  if (static_cast<int64_t>(count) != expected)
    throw DataError("There are " + std::to_string(count) + " " + what + " for " + std::to_string(expected) + " " + of +
                    " of the similarity matrix; give one each.");
}

void check_evaluation_input(const EvaluationInput& input) {
  check_ranking_input(input.scores, input.video_of_text);
  check_count("text ids", input.text_ids.size(), input.scores.texts, "rows (texts)");
  check_count("video ids", input.video_ids.size(), input.scores.videos, "columns (videos)");
  if (!input.cluster_of_video.empty())
    check_count("clusters", input.cluster_of_video.size(), input.scores.videos, "columns (videos)");
  for (const auto& [name, scores] : input.parts) {
    if (scores.texts != input.scores.texts || scores.videos != input.scores.videos)
      throw DataError("Part '" + name + "' of the score is " + std::to_string(scores.texts) + " x " +
                      std::to_string(scores.videos) + ", the whole is " + std::to_string(input.scores.texts) + " x " +
                      std::to_string(input.scores.videos) + ".");
  }
}

struct Ranked {
  RankList text_to_video, video_to_text;
  std::vector<int8_t> verdicts;
  RetrievalNumbers numbers;
};

Ranked rank_scores(const SimilarityView& scores, const Setting& setting) {
  const auto& video_of_text = setting.input.video_of_text;
  const auto policy = setting.protocol.ties;
  Ranked ranked{text_to_video_ranks(scores, video_of_text),
                video_to_text_ranks(scores, video_of_text, setting.protocol.video_to_text),
                twin_verdicts(scores, video_of_text, setting.cluster_of_video),
                {}};
  auto& numbers = ranked.numbers;
  numbers.text_to_video = summarize_ranks(ranked.text_to_video, policy);
  numbers.text_to_video.ci95 =
      bootstrap_metrics(ranked.text_to_video.positions(policy), setting.cluster_of_text, setting.bootstrap);
  numbers.video_to_text = summarize_ranks(ranked.video_to_text, policy);
  numbers.video_to_text.ci95 =
      bootstrap_metrics(ranked.video_to_text.positions(policy),
                        pick(setting.cluster_of_video, ranked.video_to_text.queries), setting.bootstrap);
  numbers.twins = twin_accuracy(ranked.verdicts, setting.cluster_of_text, setting.bootstrap);
  return ranked;
}

std::vector<int64_t> captions_of_queries(const EvaluationInput& input, const RankList& ranks) {
  std::vector<int64_t> counts(input.scores.videos);
  for (const int64_t video : input.video_of_text) ++counts[video];
  return pick(counts, ranks.queries);
}

QueryRanks query_ranks(const RankList& ranks, const std::vector<std::string>& ids,
                       const std::vector<std::string>& clusters) {
  QueryRanks result;
  for (int64_t i = 0; i < ranks.size(); ++i) {
    result.rank.push_back(1 + ranks.better[i] + ranks.tied[i]);
    result.tied.push_back(ranks.tied[i]);
    result.ids.push_back(ids[ranks.queries[i]]);
    result.clusters.push_back(clusters[ranks.queries[i]]);
  }
  return result;
}

EvaluationRanks ranks_of(const Ranked& ranked, const EvaluationInput& input) {
  const auto& clusters = input.cluster_of_video.empty() ? input.video_ids : input.cluster_of_video;
  std::vector<std::string> of_texts;
  for (const int64_t video : input.video_of_text) of_texts.push_back(clusters[video]);
  return {query_ranks(ranked.text_to_video, input.text_ids, of_texts),
          query_ranks(ranked.video_to_text, input.video_ids, clusters)};
}

Grid direction_grid() {
  Grid grid;
  grid.columns = {"R@1", "R@5", "R@10", "R@50", "MdR", "MnR"};
  return grid;
}

std::optional<Interval> interval_of(const DirectionMetrics& metrics, Metric metric) {
  if (!metrics.ci95) return std::nullopt;
  return metrics.interval(metric);
}

GridRow direction_row(const std::string& name, const DirectionMetrics& metrics) {
  GridRow row{name, {}, false};
  for (const auto metric : {Metric::kR1, Metric::kR5, Metric::kR10, Metric::kR50, Metric::kMdR, Metric::kMnR})
    row.cells.push_back(number_cell(metrics[metric], interval_of(metrics, metric)));
  return row;
}

GridRow random_row(const MetricValues& values) {
  GridRow row{"  random order", {}, true};
  for (const auto metric : {Metric::kR1, Metric::kR5, Metric::kR10, Metric::kR50, Metric::kMdR, Metric::kMnR})
    row.cells.push_back(number_cell(values[metric]));
  return row;
}

std::string counts_line(const EvaluationReport& report) {
  const auto& protocol = report.protocol;
  std::string line = (protocol.split.empty() ? std::string() : protocol.split + " split, ") +
                     std::to_string(protocol.texts) + " texts, " + std::to_string(protocol.videos) + " videos; ties " +
                     tie_policy_name(protocol.ties) + "; video to text by " +
                     video_to_text_name(protocol.video_to_text);
  if (!report.whole.text_to_video.ci95) return line + "\n";
  return line + "\n95 % intervals: " + std::to_string(protocol.bootstrap_draws) + " draws of " +
         std::to_string(protocol.clusters) + " clusters, seed " + std::to_string(protocol.bootstrap_seed) + "\n";
}

void append_warning(std::string& text, int64_t count, const std::string& what) {
  if (count > 0) text += "note: " + std::to_string(count) + " " + what + "\n";
}

std::string warnings(const EvaluationReport& report) {
  std::string text;
  const auto& whole = report.whole;
  append_warning(text, report.protocol.missing_videos,
                 "videos of the split are missing (policy: " + report.protocol.missing_policy + ")");
  append_warning(text, report.protocol.truncated_texts, "captions were truncated");
  append_warning(text, whole.text_to_video.nan_queries, "text queries met a NaN score");
  append_warning(text, whole.video_to_text.nan_queries, "video queries met a NaN score");
  append_warning(text, whole.text_to_video.tied_queries, "text queries tie with a wrong video");
  append_warning(text, whole.video_to_text.tied_queries, "video queries tie with a wrong text");
  return text;
}

std::string parts_text(const EvaluationReport& report) {
  if (report.parts.empty()) return "";
  auto grid = direction_grid();
  grid.title = "Parts of the score, each ranked alone";
  for (const auto& [name, numbers] : report.parts) {
    grid.rows.push_back(direction_row(name + ", text to video", numbers.text_to_video));
    grid.rows.push_back(direction_row(name + ", video to text", numbers.video_to_text));
  }
  return "\n" + grid_to_text(grid);
}

std::string breakdown_text(const Breakdown& breakdown, const RandomNumbers& random) {
  Grid grid{"Text to video by " + breakdown.tag,
            breakdown.tag,
            {},
            {"R@1", "R@5", "R@10", "MdR", "queries", "twin accuracy"},
            {},
            {}};
  for (const auto& entry : breakdown.entries) {
    GridRow row{entry.value, {}, false};
    for (const auto metric : {Metric::kR1, Metric::kR5, Metric::kR10, Metric::kMdR})
      row.cells.push_back(number_cell(entry.metrics[metric], interval_of(entry.metrics, metric)));
    row.cells.push_back({std::to_string(entry.metrics.queries), "", ""});
    row.cells.push_back(entry.twins ? number_cell(entry.twins->accuracy, entry.twins->ci95) : GridCell{});
    grid.rows.push_back(row);
  }
  GridRow row{"random order", {}, true};
  for (const auto metric : {Metric::kR1, Metric::kR5, Metric::kR10, Metric::kMdR})
    row.cells.push_back(number_cell(random.text_to_video[metric]));
  row.cells.insert(row.cells.end(), {GridCell{}, number_cell(kRandomTwinAccuracy)});
  grid.rows.push_back(row);
  return "\n" + grid_to_text(grid);
}

}  // namespace

std::vector<double> QueryRanks::positions(TiePolicy policy) const {
  const double before = policy == TiePolicy::kPessimistic ? 0 : policy == TiePolicy::kAverage ? 0.5 : 1;
  std::vector<double> result(rank.size());
  for (size_t i = 0; i < rank.size(); ++i)
    result[i] = static_cast<double>(rank[i] - 1) - before * static_cast<double>(tied[i]);
  return result;
}

Evaluation evaluate_similarity(const EvaluationInput& input, const Protocol& protocol, int64_t threads) {
  check_evaluation_input(input);
  Setting setting{
      input, protocol, {protocol.bootstrap_draws, static_cast<uint64_t>(protocol.bootstrap_seed), threads}, {}, {}};
  setting.cluster_of_video = number_clusters(input.cluster_of_video.empty() ? input.video_ids : input.cluster_of_video);
  setting.cluster_of_text = pick(setting.cluster_of_video, input.video_of_text);
  const auto ranked = rank_scores(input.scores, setting);

  Evaluation result{{protocol, ranked.numbers, {}, {}, {}}, ranks_of(ranked, input)};
  auto& report = result.report;
  report.protocol.texts = input.scores.texts;
  report.protocol.videos = input.scores.videos;
  report.protocol.videos_without_caption = input.scores.videos - ranked.video_to_text.size();
  report.protocol.clusters = *std::max_element(setting.cluster_of_video.begin(), setting.cluster_of_video.end()) + 1;
  report.random.text_to_video = random_ranking(ranked.text_to_video.candidates);
  report.random.video_to_text =
      protocol.video_to_text == VideoToText::kBestCaption
          ? random_ranking(ranked.video_to_text.candidates)
          : random_ranking(ranked.video_to_text.candidates, captions_of_queries(input, ranked.video_to_text));
  for (const auto& [name, scores] : input.parts) report.parts.emplace_back(name, rank_scores(scores, setting).numbers);
  const BreakdownInput breakdown{&ranked.text_to_video, ranked.verdicts, setting.cluster_of_text};
  for (const auto& tag : input.tags)
    report.breakdown.push_back(break_down(tag, breakdown, protocol.ties, setting.bootstrap));
  return result;
}

std::string report_to_text(const EvaluationReport& report) {
  auto grid = direction_grid();
  grid.rows = {direction_row("text to video", report.whole.text_to_video), random_row(report.random.text_to_video),
               direction_row("video to text", report.whole.video_to_text), random_row(report.random.video_to_text)};
  auto text = counts_line(report) + warnings(report) + "\n" + grid_to_text(grid) + "RSum of both directions " +
              one_decimal(report.whole.rsum()) + "\n";
  if (const auto& twins = report.whole.twins) {
    const auto cell = number_cell(twins->accuracy, twins->ci95);
    text += "twin accuracy " + cell.value + (cell.interval.empty() ? "" : " " + cell.interval) + " over " +
            std::to_string(twins->queries) + " queries (random order " + one_decimal(kRandomTwinAccuracy) + ")\n";
  }
  text += parts_text(report);
  for (const auto& breakdown : report.breakdown) text += breakdown_text(breakdown, report.random);
  return text;
}

}  // namespace tvr
