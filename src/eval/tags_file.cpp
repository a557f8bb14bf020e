#include <nlohmann/json.hpp>
#include <set>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/eval/ground_truth_file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

std::string value_text(const Json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "";
  if (value.is_number() || value.is_boolean()) return value.dump();
  throw DataError(where + ": a tag's value is a text, a number or null.");
}

std::vector<Tag> tags_of_json(const std::string& content, const fs::path& file) {
  const auto root = Json::parse(content, nullptr, false);
  if (!root.is_object())
    throw DataError(file.string() + ": a JSON object {\"tag\": [a value for each text]} is needed.");
  std::vector<Tag> tags;
  for (const auto& [name, values] : root.items()) {
    if (!values.is_array()) throw DataError(file.string() + ": tag '" + name + "' is not a list of values.");
    Tag tag{name, {}};
    for (const auto& value : values)
      tag.value_of_text.push_back(value_text(
          value, file.string() + ": tag '" + name + "', entry " + std::to_string(tag.value_of_text.size() + 1)));
    tags.push_back(std::move(tag));
  }
  return tags;
}

std::vector<Tag> tags_of_rows(const fs::path& file) {
  const auto rows = read_csv(file);
  std::vector<Tag> tags;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (row == 0) {
      for (const auto& name : rows[0]) tags.push_back({name, {}});
      continue;
    }
    if (rows[row].size() != tags.size())
      throw DataError(file.string() + ": row " + std::to_string(row + 1) + " has " + std::to_string(rows[row].size()) +
                      " fields, the header names " + std::to_string(tags.size()) + " tags.");
    for (size_t i = 0; i < tags.size(); ++i) tags[i].value_of_text.push_back(rows[row][i]);
  }
  return tags;
}

}  // namespace

std::vector<Tag> read_tags(const fs::path& file, int64_t texts) {
  const auto content = read_file(file);
  const auto first = content.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  const bool is_json = first != std::string::npos && content[first] == '{';
  const auto tags = is_json ? tags_of_json(content, file) : tags_of_rows(file);
  if (tags.empty()) throw DataError(file.string() + ": is empty; its header names the tags.");
  std::set<std::string> names;
  for (const auto& tag : tags) {
    if (!names.insert(tag.name).second)
      throw DataError(file.string() + ": two tags are named '" + tag.name + "'; give each a name of its own.");
    if (tag.name.empty()) throw DataError(file.string() + ": a tag has no name; name every column of the header.");
    if (static_cast<int64_t>(tag.value_of_text.size()) != texts)
      throw DataError(file.string() + ": tag '" + tag.name + "' has " + std::to_string(tag.value_of_text.size()) +
                      " values for " + std::to_string(texts) + " texts; give one each, in order, empty for none.");
  }
  return tags;
}

}  // namespace tvr
