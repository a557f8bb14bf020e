#include "tvr/base/names.h"

#include <algorithm>
#include <cstdint>
#include <set>

namespace tvr {
namespace {

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost one.
int64_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<int64_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<int64_t>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = static_cast<int64_t>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

// The last `depth` parts of a path.
std::string tail(const std::filesystem::path& path, int depth) {
  std::filesystem::path name, rest = path.has_filename() ? path : path.parent_path();  // "runs/a/" ends in ""
  for (int i = 0; i < depth && rest.has_filename(); ++i, rest = rest.parent_path())
    name = name.empty() ? rest.filename() : rest.filename() / name;
  return name.string();
}

}  // namespace

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
  std::string nearest;
  int64_t best = 0;
  for (const auto& candidate : known) {
    const int64_t distance = edit_distance(name, candidate);
    const auto limit = static_cast<int64_t>(std::max(name.size(), candidate.size()) + 2) / 3;
    if (distance <= limit && (nearest.empty() || distance < best)) {
      nearest = candidate;
      best = distance;
    }
  }
  return nearest;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string result;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) result += separator;
    result += parts[i];
  }
  return result;
}

std::string unknown_name_message(std::string_view what, std::string_view name, const std::vector<std::string>& known) {
  std::string message = "unknown " + std::string(what) + " '" + std::string(name) + "'";
  if (const auto nearest = nearest_name(name, known); !nearest.empty())
    message += "; did you mean '" + nearest + "'?";
  else
    message += ".";
  return message + " Known: " + (known.empty() ? "none" : join(known, ", "));
}

std::vector<std::string> short_names(const std::vector<std::filesystem::path>& paths) {
  constexpr int kMostParts = 16;
  std::vector<std::string> names;
  for (int depth = 1; depth <= kMostParts; ++depth) {
    names.clear();
    for (const auto& path : paths) names.push_back(tail(path, depth));
    if (std::set<std::string>(names.begin(), names.end()).size() == names.size()) break;
  }
  return names;
}

bool matches_pattern(std::string_view name, std::string_view pattern) {
  // Greedy with one backtracking point: the last '*' seen.
  size_t n = 0, p = 0, star = std::string_view::npos, mark = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace tvr
