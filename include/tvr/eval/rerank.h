#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "tvr/eval/score_matrix.h"

namespace tvr {

/// Post-processing of a similarity matrix S, applied for each direction on a copy, with a temperature that multiplies
/// the scores: 1 for logits, which carry the logit scale, about 100 for cosines.
enum class RerankMethod {
  /// S * softmax over the direction's queries of temperature * S (dual softmax, CAMoE)
  kDualSoftmax,
  /// softmax over the direction's queries of temperature * S
  kInvertedSoftmax,
  /// exp(temperature * S) over the sum of a bank of other queries' exp(temperature * S) for the same candidate
  /// (QB-Norm)
  kQueryBank,
  /// the same only for queries whose first candidate is among the first k of a bank query; others stay as they are
  /// (QB-Norm's dynamic inverted softmax)
  kDynamicInvertedSoftmax,
};

struct RerankSpec {
  RerankMethod method = RerankMethod::kDualSoftmax;
  double temperature = 0;
  int64_t depth = 1;  ///< k of the dynamic inverted softmax

  /// "dual_softmax:100"
  std::string text() const;
  bool needs_bank() const;
};

/// "dual_softmax:T", "inverted_softmax:T", "query_bank:T", "dynamic_inverted_softmax:T" or "…:T:k" (short: dsl, is, qb,
/// dis). Throws ConfigError for another name, and without a temperature above 0: it is never guessed.
RerankSpec parse_rerank(const std::string& text);

/// What a query bank did.
struct BankUse {
  int64_t bank_queries = 0;
  int64_t activated = 0;   ///< candidates among the first k of a bank query
  int64_t normalised = 0;  ///< queries that were changed
};

/// The matrix [T,V] to be ranked instead of S in one direction only: text to video compares within a row, video to text
/// within a column. Softmaxes become their logarithms where that does not change the order, so that nothing underflows.
/// NaN stays NaN and adds nothing to a sum. `scores` must outlive the result. `bank`: for text to video other texts
/// against the same videos [n,V], for video to text the same texts against other videos [T,n]; null where none is
/// needed. Throws DataError for +infinity, for a bank of another width, and for one without any finite score of a
/// candidate. Memory: O(T + V).
std::unique_ptr<ScoreMatrix> rerank_for_texts(const ScoreMatrix& scores, const RerankSpec& spec,
                                              const ScoreMatrix* bank, int64_t threads = 0, BankUse* use = nullptr);
std::unique_ptr<ScoreMatrix> rerank_for_videos(const ScoreMatrix& scores, const RerankSpec& spec,
                                               const ScoreMatrix* bank, int64_t threads = 0, BankUse* use = nullptr);

}  // namespace tvr
