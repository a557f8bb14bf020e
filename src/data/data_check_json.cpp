#include <nlohmann/json.hpp>

#include "tvr/data/data_check.h"

namespace tvr {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(Severity severity) {
  return severity == Severity::kError ? "error" : severity == Severity::kWarning ? "warning" : "note";
}

Json json_of(const SplitSize& size) {
  return {{"videos", size.videos}, {"captions", size.captions}};
}

Json json_of(const Finding& finding) {
  Json items = Json::array();
  for (const auto& item : finding.items) items.push_back({{"id", item.id}, {"detail", item.detail}});
  return {{"kind", finding.kind},     {"severity", name_of(finding.severity)}, {"sentence", finding.sentence},
          {"advice", finding.advice}, {"count", finding.items.size()},         {"items", items}};
}

Json json_of(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const auto& finding : findings) list.push_back(json_of(finding));
  return list;
}

Json json_of(const PublishedCounts& published) {
  return {{"name", published.name}, {"videos", published.videos}, {"captions", published.captions}};
}

Json json_of(const DurationFacts& facts) {
  return {{"videos", facts.videos},
          {"total", facts.total},
          {"shortest", facts.shortest},
          {"median", facts.median},
          {"longest", facts.longest}};
}

Json json_of(const SamplingFacts& facts) {
  return {{"videos", facts.videos},
          {"wanted", facts.wanted},
          {"fewer", facts.fewer},
          {"single", facts.single},
          {"estimated", facts.estimated}};
}

Json json_of(const TokenFacts& facts) {
  return {{"limit", facts.limit}, {"longer", facts.longer}, {"median", facts.median}, {"longest", facts.longest}};
}

Json json_of(const SpeedEstimate& speed) {
  return {{"estimate", true},
          {"split", speed.split},
          {"measured_videos", speed.measured_videos},
          {"seconds_a_video", speed.seconds_a_video},
          {"epoch_videos", speed.epoch_videos},
          {"threads", speed.threads},
          {"epoch_seconds", speed.epoch_seconds()}};
}

template <class Facts>
Json or_null(const std::optional<Facts>& facts) {
  return facts ? json_of(*facts) : Json();
}

Json json_of(const SplitCheck& check) {
  if (!check.failure.empty()) return {{"name", check.name}, {"failure", check.failure}};
  return {{"name", check.name},
          {"listed", json_of(check.listed)},
          {"usable", json_of(check.usable)},
          {"used", or_null(check.used)},
          {"published", or_null(check.published)},
          {"order_sha256", check.order_sha256},
          {"seconds", or_null(check.durations)},
          {"sampling", or_null(check.sampling)},
          {"tokens", or_null(check.tokens)},
          {"findings", json_of(check.findings)}};
}

}  // namespace

std::string data_check_json(const DataCheck& check) {
  Json splits = Json::array();
  for (const auto& split : check.splits) splits.push_back(json_of(split));
  const Json json{{"origin", check.origin},
                  {"root", check.root},
                  {"videos", check.videos},
                  {"policy", check.policy},
                  {"verify", check.verify},
                  {"failure", check.failure()},
                  {"splits", splits},
                  {"between", json_of(check.between)},
                  {"speed", or_null(check.speed)},
                  {"notes", check.notes}};
  // Ids and captions with invalid UTF-8 are among what is reported.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tvr
