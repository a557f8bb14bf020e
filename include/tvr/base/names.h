#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// The element of `known` with the smallest edit distance to `name` (Damerau-Levenshtein), or "" when none is within
/// a third of the longer length: a guess further away would mislead.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

/// "unknown head 'mean_pol'; did you mean 'mean_pool'? Known: mean_pool, token_wise".
std::string unknown_name_message(std::string_view what, std::string_view name, const std::vector<std::string>& known);

/// Elements joined by `separator`.
std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// The last parts of paths, as many as tell all of them apart: "run", or "a/run" and "b/run". Equal paths keep equal
/// names.
std::vector<std::string> short_names(const std::vector<std::filesystem::path>& paths);

/// True if `name` matches `pattern`, in which '*' stands for any run of characters. Linear in name x pattern.
bool matches_pattern(std::string_view name, std::string_view pattern);

}  // namespace tvr
