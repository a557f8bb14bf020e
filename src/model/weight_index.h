#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

namespace tvr {

/// Printable ASCII without blanks, at most 300 of it: what follows may put such names into messages as they are.
bool is_parameter_name(const std::string& name);

/// A JSON object of a file of others. Throws DataError naming the file: a pipe, larger than 64 MiB, malformed,
/// no object, nested more than 50 deep, more than a million values, a name twice in one object.
nlohmann::json read_json_object(const std::filesystem::path& file);

/// The arrays of each shard of a Hugging Face index file. Throws DataError for names that lead out of its folder.
std::map<std::filesystem::path, std::set<std::string>> read_weight_index(const std::filesystem::path& index);

}  // namespace tvr
