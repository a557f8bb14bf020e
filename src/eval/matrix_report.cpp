#include "tvr/eval/matrix_report.h"

#include <algorithm>

#include "eval/report_json.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

RerankedNumbers rerank(const MatrixRequest& request, const RerankSpec& spec) {
  const auto& input = request.input;
  const BootstrapOptions bootstrap{request.protocol.bootstrap_draws,
                                   static_cast<uint64_t>(request.protocol.bootstrap_seed), request.threads};
  const auto clusters = number_clusters(cluster_names(input));
  RerankedNumbers result{spec, !spec.needs_bank() || request.bank_is_test, {}, {}, {}, {}};
  if (!spec.needs_bank() || request.text_bank != nullptr) {
    BankUse use;
    const auto scores = rerank_for_texts(*input.scores, spec, request.text_bank, request.threads, &use);
    result.text_to_video =
        summarize_with_intervals(text_to_video_ranks(*scores, input.truth, request.threads), request.protocol.ties,
                                 input.metrics, input.truth.of_texts(clusters), bootstrap);
    if (spec.needs_bank()) result.text_use = use;
  }
  if (!spec.needs_bank() || request.video_bank != nullptr) {
    BankUse use;
    const auto scores = rerank_for_videos(*input.scores, spec, request.video_bank, request.threads, &use);
    result.video_to_text = summarize_with_intervals(
        video_to_text_ranks(*scores, input.truth, request.protocol.video_to_text, request.threads),
        request.protocol.ties, input.metrics, clusters, bootstrap);
    if (spec.needs_bank()) result.video_use = use;
  }
  if (!result.text_to_video && !result.video_to_text)
    throw DataError(
        "Re-ranking " + spec.text() +
        " needs a query bank: other texts against the same videos (--bank), or the same texts against other "
        "videos (--video-bank).");
  return result;
}

constexpr int64_t kHubDepth = 10;

DirectionHubs hubs(const std::vector<int64_t>& retrieved, int64_t queries, int64_t candidates) {
  return {hubness(retrieved, queries, candidates, 1), hubness(retrieved, queries, candidates, kHubDepth)};
}

Json bank_json(const BankUse& use) {
  return {{"bank_queries", use.bank_queries}, {"activated", use.activated}, {"normalised", use.normalised}};
}

Json reranked_json(const RerankedNumbers& numbers) {
  Json json{{"spec", numbers.spec.text()}, {"transductive", numbers.transductive}};
  if (numbers.text_to_video) json["text_to_video"] = metrics_json(*numbers.text_to_video);
  if (numbers.video_to_text) json["video_to_text"] = metrics_json(*numbers.video_to_text);
  if (numbers.text_use) json["text_bank"] = bank_json(*numbers.text_use);
  if (numbers.video_use) json["video_bank"] = bank_json(*numbers.video_use);
  return json;
}

Json compat_json(const CompatDirection& direction, const std::vector<std::string>& ids) {
  Json json = Json::object();
  for (const auto& [metric, value] : direction.values) json[metric_name(metric)] = value;
  json["denominator"] = direction.denominator;
  json["explanation"] = direction.explanation;
  json["differing_queries"] = Json::array();
  for (const int64_t query : direction.differing) json["differing_queries"].push_back(ids[query]);
  return json;
}

Json hubness_json(const Hubness& hubness, const std::vector<std::string>& ids) {
  Json json{{"k", hubness.depth},   {"candidates", hubness.candidates}, {"never_retrieved", hubness.never_retrieved},
            {"most", hubness.most}, {"skewness", hubness.skewness},     {"hubs", Json::array()}};
  for (const auto& [candidate, count] : hubness.hubs)
    json["hubs"].push_back({{"id", ids[candidate]}, {"queries", count}});
  return json;
}

}  // namespace

MatrixReport evaluate_matrix(const MatrixRequest& request) {
  const auto& input = request.input;
  const auto& scores = *input.scores;
  const auto retrieved = top_videos(scores, kHubDepth, request.threads);
  if (std::all_of(retrieved.begin(), retrieved.end(), [](int64_t video) { return video < 0; }))
    throw DataError("The similarity matrix holds no number: every score is NaN.");
  MatrixReport report{evaluate_similarity(input, request.protocol, request.threads),
                      {},
                      {},
                      hubs(retrieved, scores.texts(), scores.videos()),
                      hubs(top_texts(scores, kHubDepth, request.threads), scores.videos(), scores.texts()),
                      input.text_ids,
                      input.video_ids,
                      request.fusion,
                      request.notes};
  for (const auto& spec : request.reranks) report.reranked.push_back(rerank(request, spec));
  if (request.compat) report.compat = compat_numbers(scores, input.truth, *request.compat, request.threads);
  return report;
}

std::string matrix_report_to_json(const MatrixReport& report) {
  auto json = report_json(report.evaluation.report);
  Json reranked = Json::array();
  for (const auto& numbers : report.reranked) reranked.push_back(reranked_json(numbers));
  if (!reranked.empty()) json["reranked"] = reranked.size() == 1 ? reranked[0] : reranked;
  if (report.compat)
    json["compat"] = {{"evaluator", compat_name(report.compat->compat)},
                      {"v2t_definition", video_to_text_name(report.compat->definition)},
                      {"text_to_video", compat_json(report.compat->text_to_video, report.text_ids)},
                      {"video_to_text", compat_json(report.compat->video_to_text, report.video_ids)}};
  json["hubness"] = {
      {"text_to_video",
       {hubness_json(report.video_hubs.first, report.video_ids),
        hubness_json(report.video_hubs.ten, report.video_ids)}},
      {"video_to_text",
       {hubness_json(report.text_hubs.first, report.text_ids), hubness_json(report.text_hubs.ten, report.text_ids)}}};
  for (const auto& [name, weight] : report.fusion) json["fusion"].push_back({{"matrix", name}, {"weight", weight}});
  if (!report.notes.empty()) json["notes"] = report.notes;
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tvr
