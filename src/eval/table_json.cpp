#include "eval/table_json.h"

#include "eval/report_json.h"

namespace tvr {
namespace {

template <class T>
void put(Json& json, const char* key, const std::optional<T>& value) {
  if (value) json[key] = *value;
}

Json interval_json(const Interval& interval) {
  return {interval.low, interval.high};
}

// A run's or a row's; the counts of a row are means.
template <class Cost>
Json cost_json(const Cost& cost) {
  Json json = Json::object();
  put(json, "parameters", cost.parameters);
  put(json, "trainable_parameters", cost.trainable);
  put(json, "training_seconds", cost.training_seconds);
  put(json, "peak_memory_mb", cost.peak_memory_mb);
  put(json, "bytes_per_text", cost.text_bytes);
  put(json, "bytes_per_video", cost.video_bytes);
  for (const auto& [gallery, value] : cost.milliseconds_per_query)
    json["milliseconds_per_query"][std::to_string(gallery)] = value;
  return json;
}

Json run_json(const TableRun& run) {
  Json json{{"seed", run.report.protocol.seed}, {"source", run.source}, {"cost", cost_json(run.cost)}};
  if (!run.cost.hardware.empty()) json["cost"]["hardware"] = run.cost.hardware;
  json["metrics"] = report_json(run.report);
  return json;
}

Json published_json(const PublishedNumbers& published) {
  Json json{{"source", published.source}};
  if (!published.text_to_video.empty()) json["text_to_video"] = published.text_to_video;
  if (!published.video_to_text.empty()) json["video_to_text"] = published.video_to_text;
  return json;
}

Json direction_json(const Table& table, const TableRow& row, DirectionOfNumbers direction) {
  Json json = Json::object();
  for (const auto& metric : table.columns.metrics) {
    const auto number = measured(row, direction, metric);
    if (!number) continue;
    auto& entry = json[metric_name(metric)];
    entry["mean"] = number->value;
    if (number->interval) entry["ci95"] = interval_json(*number->interval);
  }
  return json;
}

Json difference_json(const PairComparison& pair) {
  Json json = Json::object();
  for (const auto& [metric, comparison] : pair.metrics) {
    auto& entry = json[metric_name(metric)];
    entry["difference"] = comparison.difference;
    if (comparison.ci95) entry["ci95"] = interval_json(*comparison.ci95);
    if (comparison.permutation) {
      entry["permutation_p"] = comparison.permutation->raw;
      put(entry, "permutation_p_holm", comparison.permutation->holm);
    }
    if (comparison.welch) {
      entry["welch_p"] = comparison.welch_p.raw;
      put(entry, "welch_p_holm", comparison.welch_p.holm);
    }
    entry["shown"] = comparison.shown();
  }
  return json;
}

Json row_json(const Table& table, const TableRow& row, const TableComparison& comparison) {
  Json json{{"name", row.name}};
  if (row.published) json["published"] = published_json(*row.published);
  if (!row.ours) return json;
  json["status"] = row.failed            ? "failed"
                   : row.runs.empty()    ? "not run"
                   : row.not_run.empty() ? "finished"
                                         : "unfinished";
  if (!row.not_run.empty()) json["seeds_not_run"] = row.not_run;
  if (!row.missing.empty()) json["missing"] = row.missing;
  if (row.runs.empty()) return json;
  json["interval"] = row.runs.size() > 1 ? "Student's t over the seeds" : "bootstrap over the queries";
  json["text_to_video"] = direction_json(table, row, &RetrievalNumbers::text_to_video);
  json["video_to_text"] = direction_json(table, row, &RetrievalNumbers::video_to_text);
  json["cost"] = cost_json(mean_cost(row));
  if (const auto* pair = comparison.find(row, &Comparison::text_to_video))
    json["difference"]["text_to_video"] = difference_json(*pair);
  if (const auto* pair = comparison.find(row, &Comparison::video_to_text))
    json["difference"]["video_to_text"] = difference_json(*pair);
  for (const auto& run : row.runs) json["runs"].push_back(run_json(run));
  return json;
}

}  // namespace

std::string table_json(const Table& table, const TableComparison& comparison) {
  Json json{{"title", table.title}, {"baseline", table.baseline}, {"rows", Json::array()}};
  for (const auto& row : table.rows) json["rows"].push_back(row_json(table, row, comparison));
  if (!comparison.obstacles.empty()) json["not_compared"] = comparison.obstacles;
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tvr
