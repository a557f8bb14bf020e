#include "model/weight_index.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/foreign_text.h"

namespace tvr {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr uintmax_t kMaxSize = 64 << 20;
constexpr size_t kMaxName = 300;

// One file of the index's own folder; its name goes into messages as it is.
bool is_file_name(const std::string& name) {
  const auto is_foreign = [](char c) { return c == '/' || c == '\\' || std::iscntrl(static_cast<unsigned char>(c)); };
  return !name.empty() && name != "." && name != ".." && name.size() < 256 &&
         std::none_of(name.begin(), name.end(), is_foreign);
}

}  // namespace

bool is_parameter_name(const std::string& name) {
  const auto is_ordinary = [](char c) { return c > ' ' && c < '\x7f'; };
  return !name.empty() && name.size() <= kMaxName && std::all_of(name.begin(), name.end(), is_ordinary);
}

json read_json_object(const fs::path& file) {
  std::error_code failed;
  if (fs::is_other(file, failed)) throw DataError(file.string() + ": is a pipe or a device, no regular file.");
  if (fs::file_size(file, failed) > kMaxSize && !failed)
    throw DataError(file.string() + ": is larger than 64 MiB; it is no configuration.");
  return parse_json(read_file(file), file.string() + ": ");
}

std::map<fs::path, std::set<std::string>> read_weight_index(const fs::path& index) {
  const auto content = read_json_object(index);
  if (!content.contains("weight_map") || !content["weight_map"].is_object() || content["weight_map"].empty())
    throw DataError(index.string() + ": 'weight_map' is missing or empty; it names the file of each array.");
  std::map<fs::path, std::set<std::string>> shards;
  for (const auto& [name, file] : content["weight_map"].items()) {
    if (!is_parameter_name(name))
      throw DataError(index.string() + ": 'weight_map' names an array as parameters are not named: '" + escaped(name) +
                      "'.");
    if (!file.is_string() || !is_file_name(file.get<std::string>()))
      throw DataError(index.string() + ": 'weight_map' names a shard that is not a file of its own folder.");
    shards[index.parent_path() / file.get<std::string>()].insert(name);
  }
  return shards;
}

}  // namespace tvr
