#include "model/weight_index.h"

#include <nlohmann/json.hpp>

#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr uintmax_t kMaxSize = 64 << 20;
constexpr int kMaxDepth = 50;

// One file of the index's own folder.
bool is_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.size() < 256 &&
         name.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
}

}  // namespace

json parse_json_object(const std::string& text, const std::string& origin) {
  const auto check = [&](int depth, json::parse_event_t, json&) {
    if (depth > kMaxDepth) throw DataError(origin + ": is nested too deeply.");
    return true;
  };
  try {
    auto object = json::parse(text, check);
    if (!object.is_object()) throw DataError(origin + ": is not a JSON object.");
    return object;
  } catch (const json::exception&) {
    throw DataError(origin + ": is not valid JSON.");
  }
}

json read_json_object(const fs::path& file) {
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  if (!failed && size > kMaxSize) throw DataError(file.string() + ": is larger than 64 MiB; it is no configuration.");
  return parse_json_object(read_file(file), file.string());
}

std::map<fs::path, std::set<std::string>> read_weight_index(const fs::path& index) {
  const auto content = read_json_object(index);
  if (!content.contains("weight_map") || !content["weight_map"].is_object() || content["weight_map"].empty())
    throw DataError(index.string() + ": 'weight_map' is missing or empty; it names the file of each array.");
  std::map<fs::path, std::set<std::string>> shards;
  for (const auto& [name, file] : content["weight_map"].items()) {
    if (!file.is_string() || !is_file_name(file.get<std::string>()))
      throw DataError(index.string() + ": 'weight_map' names a shard that is not a file of its own folder.");
    shards[index.parent_path() / file.get<std::string>()].insert(name);
  }
  return shards;
}

}  // namespace tvr
