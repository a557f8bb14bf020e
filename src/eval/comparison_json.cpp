#include <cmath>

#include "eval/report_json.h"
#include "tvr/eval/comparison.h"

namespace tvr {
namespace {

// JSON knows no infinity.
Json number_json(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}
Json interval_json(const Interval& interval) {
  return Json::array({number_json(interval.low), number_json(interval.high)});
}

void put_p(Json& json, const PValue& p) {
  json["p"] = p.raw;
  if (p.holm) json["p_holm"] = *p.holm;
}

Json mean_json(const MeanInterval& mean) {
  Json json{{"mean", mean.mean}, {"seeds", mean.count}};
  if (mean.deviation) json["deviation"] = *mean.deviation;
  if (mean.ci95) json["ci95"] = interval_json(*mean.ci95);
  return json;
}

Json mcnemar_json(const McNemarTest& test) {
  Json json{{"gained", test.gained}, {"lost", test.lost}};
  if (test.odds) {
    json["odds"] = number_json(test.odds->ratio);
    json["odds_ci95"] = interval_json(test.odds->ci95);
  }
  put_p(json, test.p);
  return json;
}

Json welch_json(const WelchTest& test, const PValue& p) {
  Json json{
      {"difference", test.difference}, {"ci95", interval_json(test.ci95)}, {"t", test.t}, {"degrees", test.degrees}};
  put_p(json, p);
  return json;
}

Json metric_json(const MetricComparison& comparison) {
  Json json{{"baseline", mean_json(comparison.baseline)},
            {"system", mean_json(comparison.system)},
            {"difference", comparison.difference}};
  if (comparison.ci95) json["ci95"] = interval_json(*comparison.ci95);
  if (comparison.permutation) put_p(json["permutation"], *comparison.permutation);
  if (comparison.mcnemar) json["mcnemar"] = mcnemar_json(*comparison.mcnemar);
  if (comparison.welch) json["welch"] = welch_json(*comparison.welch, comparison.welch_p);
  if (comparison.effect) json["effect"] = *comparison.effect;
  json["shown"] = comparison.shown();
  return json;
}

Json changes_json(const std::vector<RankChange>& changes) {
  Json json = Json::array();
  for (const auto& change : changes)
    json.push_back({{"query", change.query},
                    {"id", change.id},
                    {"baseline_rank", change.baseline},
                    {"system_rank", change.system}});
  return json;
}

Json pair_json(const PairComparison& pair, const std::string& name) {
  Json json{{"name", name}, {"verdicts", pair.verdicts}, {"metrics", Json::object()}};
  for (const auto& [metric, comparison] : pair.metrics) json["metrics"][metric_name(metric)] = metric_json(comparison);
  json["gained"] = changes_json(pair.gained);
  json["lost"] = changes_json(pair.lost);
  return json;
}

Json direction_json(const DirectionComparison& direction, const std::vector<std::string>& names) {
  Json json{{"queries", direction.queries},
            {"clusters", direction.clusters},
            {"candidates", direction.candidates},
            {"systems", Json::array()}};
  for (size_t i = 0; i < direction.systems.size(); ++i)
    json["systems"].push_back(pair_json(direction.systems[i], names[i + 1]));
  return json;
}

}  // namespace

std::string comparison_to_json(const Comparison& comparison) {
  const Json json{{"baseline", comparison.names[0]},
                  {"draws", comparison.options.draws},
                  {"seed", comparison.options.seed},
                  {"text_to_video", direction_json(comparison.text_to_video, comparison.names)},
                  {"video_to_text", direction_json(comparison.video_to_text, comparison.names)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tvr
