#pragma once
#include <memory>

#include "tvr/eval/score_matrix.h"

namespace tvr {

// Calls work(T{}) with the type of the scores.
template <class Work>
auto with_score_type(const ScoreMatrix& scores, const Work& work) {
  if (scores.type() == ScoreType::kFloat) return work(float{});
  return scores.type() == ScoreType::kDouble ? work(double{}) : work(static_cast<long double>(0));
}

// Room for rows of scores that read_rows() fills; not zeroed first.
template <class T>
std::unique_ptr<T[]> row_buffer(const ScoreMatrix& scores, int64_t rows) {
  return std::make_unique_for_overwrite<T[]>(static_cast<size_t>(rows * scores.videos()));
}

}  // namespace tvr
