#pragma once
#include <cstdint>
#include <vector>

#include "tvr/eval/score_matrix.h"

namespace tvr {

/// The first `depth` candidates of every query, best first, [queries, depth]; -1 where there are fewer candidates that
/// are numbers. Equal scores come in order of their number; NaN is never retrieved. Reads the matrix once; memory: the
/// result for each thread. `threads` 0: all processors.
std::vector<int64_t> top_videos(const ScoreMatrix& scores, int64_t depth, int64_t threads = 0);  ///< [T, depth]
std::vector<int64_t> top_texts(const ScoreMatrix& scores, int64_t depth, int64_t threads = 0);   ///< [V, depth]

/// How unevenly candidates are retrieved. N_k(c) counts the queries that have candidate c among their first k.
/// (Radovanović et al. 2010, k-occurrence)
struct Hubness {
  int64_t depth = 0;  ///< k
  int64_t candidates = 0;
  int64_t never_retrieved = 0;  ///< candidates with N_k = 0
  int64_t most = 0;             ///< the largest N_k
  double skewness = 0;          ///< third central moment of N_k / standard deviation^3 (population); 0 if all are equal
  std::vector<std::pair<int64_t, int64_t>> hubs;  ///< the ten most retrieved: candidate, N_k; most first
};

/// From what top_videos() or top_texts() gave with a depth of at least `depth`.
Hubness hubness(const std::vector<int64_t>& retrieved, int64_t queries, int64_t candidates, int64_t depth);

}  // namespace tvr
