#include <algorithm>
#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>

#include "tvr/base/arrays.h"
#include "tvr/base/error.h"
#include "tvr/eval/report.h"

namespace tvr {
namespace {

using nlohmann::json;

ArrayView view_of(const std::vector<int64_t>& values) {
  return {ElementType::kI64, {static_cast<int64_t>(values.size())}, values.data()};
}

std::string list_text(const std::vector<std::string>& values) {
  return json(values).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<int64_t> read_numbers(const SafetensorsFile& file, const std::string& name, const std::string& where) {
  const auto& view = file.at(name);
  if (view.type != ElementType::kI64 || view.shape.size() != 1)
    throw DataError(where + ": array '" + name + "' must be one-dimensional I64; write the file again with tvr eval.");
  std::vector<int64_t> values(view.shape[0]);
  if (!values.empty()) std::memcpy(values.data(), view.data, static_cast<size_t>(view.bytes()));
  return values;
}

std::vector<std::string> read_list(const SafetensorsFile& file, const std::string& key, const std::string& where) {
  const auto found = file.metadata().find(key);
  const auto list = found == file.metadata().end() ? json() : json::parse(found->second, nullptr, false);
  const bool valid =
      list.is_array() && std::all_of(list.begin(), list.end(), [](const json& item) { return item.is_string(); });
  if (!valid)
    throw DataError(where + ": metadata '" + key +
                    "' must be a JSON list of texts; write the file again with tvr eval.");
  return list.get<std::vector<std::string>>();
}

// Files of before this was kept do not have it.
int64_t read_candidates(const SafetensorsFile& file, const std::string& direction) {
  const auto found = file.metadata().find(direction + "_candidates");
  int64_t count = 0;
  if (found != file.metadata().end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), count);
  return std::max<int64_t>(count, 0);
}

QueryRanks read_direction(const SafetensorsFile& file, const std::string& direction, const std::string& where) {
  QueryRanks ranks{read_numbers(file, direction + "_rank", where), read_numbers(file, direction + "_tied", where),
                   read_list(file, direction + "_ids", where), read_list(file, direction + "_clusters", where),
                   read_candidates(file, direction)};
  const size_t count = ranks.rank.size();
  if (ranks.tied.size() != count || ranks.ids.size() != count || ranks.clusters.size() != count)
    throw DataError(where + ": " + direction +
                    " ranks, ties, ids and clusters differ in number; write the file again with tvr eval.");
  for (size_t i = 0; i < count; ++i) {
    if (ranks.tied[i] < 0 || ranks.rank[i] <= ranks.tied[i])
      throw DataError(where + ": " + direction + " query '" + ranks.ids[i] + "' has rank " +
                      std::to_string(ranks.rank[i]) + " with " + std::to_string(ranks.tied[i]) +
                      " ties, which cannot be; write the file again with tvr eval.");
  }
  return ranks;
}

}  // namespace

void write_ranks(const std::filesystem::path& file, const EvaluationRanks& ranks) {
  const auto &texts = ranks.text_to_video, &videos = ranks.video_to_text;
  write_safetensors(file,
                    {{"t2v_rank", view_of(texts.rank)},
                     {"t2v_tied", view_of(texts.tied)},
                     {"v2t_rank", view_of(videos.rank)},
                     {"v2t_tied", view_of(videos.tied)}},
                    {{"t2v_ids", list_text(texts.ids)},
                     {"t2v_clusters", list_text(texts.clusters)},
                     {"t2v_candidates", std::to_string(texts.candidates)},
                     {"v2t_candidates", std::to_string(videos.candidates)},
                     {"v2t_ids", list_text(videos.ids)},
                     {"v2t_clusters", list_text(videos.clusters)}});
}

EvaluationRanks read_ranks(const std::filesystem::path& file) {
  const SafetensorsFile arrays(file);
  return {read_direction(arrays, "t2v", file.string()), read_direction(arrays, "v2t", file.string())};
}

}  // namespace tvr
