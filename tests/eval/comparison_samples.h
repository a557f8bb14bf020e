#pragma once
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "tvr/base/random.h"
#include "tvr/eval/comparison.h"

namespace tvr::test {

using Ranks = std::vector<double>;  ///< 1-based, one a query

inline constexpr int64_t kCandidates = 40;

inline SeedResult seed_result(const Ranks& ranks) {
  SeedResult result;
  Ranks positions;
  for (size_t i = 0; i < ranks.size(); ++i) {
    positions.push_back(ranks[i] - 1);
    result.ids.push_back("query" + std::to_string(i));
  }
  result.values = query_values(positions);
  result.candidates = kCandidates;
  return result;
}

/// A system with the same ranks in both directions; a list of ranks a seed.
inline ComparedSystem compared_system(const std::string& name, const std::vector<Ranks>& seeds) {
  ComparedSystem system{name, {}, {}};
  for (const auto& ranks : seeds) system.text_to_video.push_back(seed_result(ranks));
  system.video_to_text = system.text_to_video;
  return system;
}

inline std::vector<int64_t> clusters_of(size_t queries, size_t queries_a_cluster = 1) {
  std::vector<int64_t> clusters(queries);
  for (size_t i = 0; i < queries; ++i) clusters[i] = static_cast<int64_t>(i / queries_a_cluster);
  return clusters;
}

inline ComparisonInput comparison_input(const std::vector<ComparedSystem>& systems, size_t queries_a_cluster = 1) {
  const ComparedQueries queries{clusters_of(systems.at(0).text_to_video.at(0).ids.size(), queries_a_cluster), {}};
  return {systems, queries, queries};
}

/// Ranks 1 … kCandidates; small ones with the given chance.
inline Ranks random_ranks(uint64_t seed, int64_t queries, double skill) {
  Random random(seed, "comparison test");
  Ranks ranks(queries);
  for (auto& rank : ranks)
    rank = static_cast<double>(1 + (random.chance(skill) ? random.integer(3) : random.integer(kCandidates)));
  return ranks;
}

}  // namespace tvr::test
