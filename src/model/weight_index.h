#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

namespace tvr {

/// A JSON object of a file of others. Throws DataError naming the file: larger than 64 MiB, malformed, no object,
/// nested more than 50 deep.
nlohmann::json read_json_object(const std::filesystem::path& file);
/// The same of a text.
nlohmann::json parse_json_object(const std::string& text, const std::string& origin);

/// The arrays of each shard of a Hugging Face index file. Throws DataError for names that lead out of its folder.
std::map<std::filesystem::path, std::set<std::string>> read_weight_index(const std::filesystem::path& index);

}  // namespace tvr
