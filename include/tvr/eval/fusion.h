#pragma once
#include <cstdint>
#include <vector>

#include "tvr/eval/ranks.h"

namespace tvr {

/// Late fusion: the weighted sum of several similarity matrices of the same texts and videos, in double. A matrix of
/// weight 0 is not read. The matrices must outlive it.
class FusedScores final : public ScoreMatrix {
 public:
  /// Throws DataError for shapes that differ, std::logic_error unless there is one weight a matrix, at least one.
  FusedScores(std::vector<const ScoreMatrix*> matrices, std::vector<double> weights);
  int64_t texts() const override { return matrices_[0]->texts(); }
  int64_t videos() const override { return matrices_[0]->videos(); }
  ScoreType type() const override { return ScoreType::kDouble; }
  void read_rows(int64_t begin, int64_t end, void* out) const override;

 private:
  std::vector<const ScoreMatrix*> matrices_;
  std::vector<double> weights_;
};

/// Weights that sum to 1 and maximise RSum of both directions on matrices of a validation set: coordinate ascent from
/// equal weights in steps of 1/20 (for two matrices: all 21 of them). Of equally good ones the first tried stays.
std::vector<double> tune_fusion(const std::vector<const ScoreMatrix*>& matrices, const GroundTruth& truth,
                                VideoToText variant, TiePolicy policy, int64_t threads = 0);

}  // namespace tvr
