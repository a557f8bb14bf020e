#include "eval/report_json.h"

#include <cmath>

#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

constexpr const char* kTwinAccuracyKey = "twin_accuracy";

// A number read from JSON, with where it stands for the error message.
class Reader {
 public:
  Reader(const Json& value, std::string where) : value_(value), where_(std::move(where)) {}

  [[noreturn]] void fail(const std::string& message) const {
    throw DataError(where_ + ": " + message + "; write the file again with tvr eval.");
  }
  Reader at(const std::string& key) const {
    check_object();
    if (!value_.contains(key)) fail("'" + key + "' is missing");
    return {value_.at(key), where_ + "." + key};
  }
  bool has(const std::string& key) const { return value_.is_object() && value_.contains(key); }
  std::vector<std::pair<std::string, Reader>> items() const {
    check_object();
    std::vector<std::pair<std::string, Reader>> result;
    for (const auto& [key, value] : value_.items()) result.emplace_back(key, Reader(value, where_ + "." + key));
    return result;
  }
  void read(double& value) const {
    if (!value_.is_number()) fail("a number is needed");
    value = value_.get<double>();
  }
  void read(int64_t& value) const {
    if (!value_.is_number_integer() || (value_.is_number_unsigned() && value_.get<uint64_t>() > INT64_MAX))
      fail("a whole number is needed");
    value = value_.get<int64_t>();
  }
  void read(std::string& value) const {
    if (!value_.is_string()) fail("a text is needed");
    value = value_.get<std::string>();
  }
  void read(TiePolicy& value) const { value = named(parse_tie_policy); }
  void read(VideoToText& value) const { value = named(parse_video_to_text); }
  void read(std::map<std::string, std::string>& value) const {
    for (const auto& [key, item] : items()) item.read(value[key]);
  }
  void read(std::vector<std::string>& value) const {
    if (!value_.is_array()) fail("a list is needed");
    for (size_t i = 0; i < value_.size(); ++i)
      Reader(value_[i], where_ + "[" + std::to_string(i) + "]").read(value.emplace_back());
  }
  void read(Interval& value) const {
    if (!value_.is_array() || value_.size() != 2) fail("an interval [low, high] is needed");
    Reader(value_[0], where_ + "[0]").read(value.low);
    Reader(value_[1], where_ + "[1]").read(value.high);
  }

 private:
  void check_object() const {
    if (!value_.is_object()) fail("an object is needed");
  }
  template <class T>
  T named(T (*parse)(const std::string&)) const {
    std::string name;
    read(name);
    try {
      return parse(name);
    } catch (const ConfigError& error) {
      throw DataError(where_ + ": " + error.what());
    }
  }

  const Json& value_;
  std::string where_;
};

Json json_of(const std::string& value) {
  return value;
}
Json json_of(int64_t value) {
  return value;
}
Json json_of(TiePolicy value) {
  return tie_policy_name(value);
}
Json json_of(VideoToText value) {
  return video_to_text_name(value);
}
Json json_of(const std::map<std::string, std::string>& value) {
  return value.empty() ? Json::object() : Json(value);
}
Json json_of(const Interval& interval) {
  return Json::array({interval.low, interval.high});
}

Json values_json(const MetricValues& values) {
  Json json = Json::object();
  for (const auto& [metric, value] : values) json[metric_name(metric)] = value;
  return json;
}

MetricValues read_values(const Reader& reader) {
  MetricValues values;
  for (const auto& [name, item] : reader.items())
    if (const auto metric = parse_metric(name)) item.read(values[*metric]);
  for (const auto& metric : {Metric::kR1, Metric::kR5, Metric::kR10, Metric::kMdR, Metric::kMnR, Metric::kRSum})
    reader.at(metric_name(metric));
  return values;
}

DirectionMetrics read_metrics(const Reader& reader) {
  DirectionMetrics metrics;
  metrics.values = read_values(reader);
  reader.at("queries").read(metrics.queries);
  reader.at("tied_queries").read(metrics.tied_queries);
  reader.at("nan_queries").read(metrics.nan_queries);
  if (reader.has("candidates")) reader.at("candidates").read(metrics.candidates);
  if (reader.has("infinite_queries")) reader.at("infinite_queries").read(metrics.infinite_queries);
  if (!reader.has("ci95") || !reader.at("ci95").has(metric_name(Metric::kR1))) return metrics;
  metrics.ci95.emplace();
  for (const auto& [metric, value] : metrics.values)
    reader.at("ci95").at(metric_name(metric)).read((*metrics.ci95)[metric]);
  return metrics;
}

Json twins_json(const TwinAccuracy& twins) {
  Json json{{kTwinAccuracyKey, twins.accuracy}, {"queries", twins.queries}};
  if (twins.ci95) json["ci95"] = json_of(*twins.ci95);
  return json;
}

std::optional<TwinAccuracy> read_twins(const Reader& parent) {
  if (!parent.has("twins")) return std::nullopt;
  const auto reader = parent.at("twins");
  TwinAccuracy twins;
  reader.at(kTwinAccuracyKey).read(twins.accuracy);
  reader.at("queries").read(twins.queries);
  if (reader.has("ci95")) reader.at("ci95").read(twins.ci95.emplace());
  return twins;
}

RetrievalNumbers read_numbers(const Reader& reader) {
  return {read_metrics(reader.at("text_to_video")), read_metrics(reader.at("video_to_text")), read_twins(reader)};
}

// One value of a tag: the metrics of its queries, with the twin accuracy among them.
Json entry_json(const BreakdownEntry& entry) {
  auto json = metrics_json(entry.metrics);
  if (!entry.twins) return json;
  json[kTwinAccuracyKey] = entry.twins->accuracy;
  json["twin_queries"] = entry.twins->queries;
  if (entry.twins->ci95) json["ci95"][kTwinAccuracyKey] = json_of(*entry.twins->ci95);
  return json;
}

BreakdownEntry read_entry(const std::string& value, const Reader& reader) {
  BreakdownEntry entry{value, read_metrics(reader), std::nullopt};
  if (!reader.has(kTwinAccuracyKey)) return entry;
  entry.twins.emplace();
  reader.at(kTwinAccuracyKey).read(entry.twins->accuracy);
  reader.at("twin_queries").read(entry.twins->queries);
  if (reader.has("ci95") && reader.at("ci95").has(kTwinAccuracyKey))
    reader.at("ci95").at(kTwinAccuracyKey).read(entry.twins->ci95.emplace());
  return entry;
}

Json breakdown_json(const std::vector<Breakdown>& breakdowns) {
  Json json = Json::object();
  for (const auto& breakdown : breakdowns) {
    json[breakdown.tag] = Json::object();
    for (const auto& entry : breakdown.entries) json[breakdown.tag][entry.value] = entry_json(entry);
  }
  return json;
}

}  // namespace

Json metrics_json(const DirectionMetrics& metrics) {
  auto json = values_json(metrics.values);
  json["queries"] = metrics.queries;
  json["candidates"] = metrics.candidates;
  json["tied_queries"] = metrics.tied_queries;
  json["nan_queries"] = metrics.nan_queries;
  json["infinite_queries"] = metrics.infinite_queries;
  if (!metrics.ci95) return json;
  for (const auto& [metric, interval] : *metrics.ci95) json["ci95"][metric_name(metric)] = json_of(interval);
  return json;
}

Json numbers_json(const RetrievalNumbers& numbers) {
  Json json{{"text_to_video", metrics_json(numbers.text_to_video)},
            {"video_to_text", metrics_json(numbers.video_to_text)},
            {"rsum", numbers.rsum()}};
  if (numbers.twins) json["twins"] = twins_json(*numbers.twins);
  return json;
}

Json report_json(const EvaluationReport& report) {
  auto json = numbers_json(report.whole);
  Protocol::fields(report.protocol,
                   [&](const char* key, const auto& value) { json["protocol"][key] = json_of(value); });
  json["random_ranking"] = {{"text_to_video", values_json(report.random.text_to_video)},
                            {"video_to_text", values_json(report.random.video_to_text)},
                            {kTwinAccuracyKey, kRandomTwinAccuracy}};
  SpecialQueries::fields(report.special, [&](const char* key, const auto& ids) {
    if (!ids.empty()) json["special_queries"][key] = ids;
  });
  for (const auto& [name, numbers] : report.parts) json["parts"][name] = numbers_json(numbers);
  if (!report.breakdown.empty()) json["breakdown"] = breakdown_json(report.breakdown);
  return json;
}

// Captions and paths may hold bytes that are no UTF-8; a report is not lost over them.
std::string report_to_json(const EvaluationReport& report) {
  return report_json(report).dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

EvaluationReport report_from_json(const std::string& text, const std::string& origin) {
  const auto json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) throw DataError(origin + ": is not valid JSON; write the file again with tvr eval.");
  const Reader reader(json, origin);
  EvaluationReport report;
  report.whole = read_numbers(reader);
  const auto protocol = reader.at("protocol");
  Protocol::fields(report.protocol, [&](const char* key, auto& value) { protocol.at(key).read(value); });
  report.random.text_to_video = read_values(reader.at("random_ranking").at("text_to_video"));
  report.random.video_to_text = read_values(reader.at("random_ranking").at("video_to_text"));
  if (reader.has("special_queries")) {
    const auto special = reader.at("special_queries");
    SpecialQueries::fields(report.special, [&](const char* key, auto& ids) {
      if (special.has(key)) special.at(key).read(ids);
    });
  }
  if (reader.has("parts"))
    for (const auto& [name, part] : reader.at("parts").items()) report.parts.emplace_back(name, read_numbers(part));
  if (!reader.has("breakdown")) return report;
  for (const auto& [tag, values] : reader.at("breakdown").items()) {
    report.breakdown.push_back({tag, {}});
    for (const auto& [value, entry] : values.items())
      report.breakdown.back().entries.push_back(read_entry(value, entry));
  }
  return report;
}

EvaluationReport read_report(const std::filesystem::path& file) {
  return report_from_json(read_file(file), file.string());
}

}  // namespace tvr
