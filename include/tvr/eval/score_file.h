#pragma once
#include <memory>
#include <string>

#include "tvr/base/array_file.h"
#include "tvr/eval/score_matrix.h"

namespace tvr {

/// A matrix [T,V] of a file, read where it lies: pages that were read are given back at once, so that memory does not
/// grow with the file. Booleans, integers of up to 16 bits and floats of up to 32 are compared as float, 32-bit
/// integers and float64 as double, 64-bit integers and longdouble as long double: exactly, that is.
class StoredScores final : public ScoreMatrix {
 public:
  /// `origin` names the file in messages. Throws DataError unless the array has two dimensions, none of them 0.
  StoredScores(StoredArray array, const std::string& origin);
  int64_t texts() const override { return array_.shape[0]; }
  int64_t videos() const override { return array_.shape[1]; }
  ScoreType type() const override { return type_; }
  void read_rows(int64_t begin, int64_t end, void* out) const override;
  void read_pairs(const std::vector<std::pair<int64_t, int64_t>>& pairs, void* out) const override;

 private:
  StoredArray array_;
  ScoreType type_;
};

/// The matrix of a file of any format of read_arrays(), chosen as read_array() does ("scores.npz:cosine"). One in
/// Fortran order of more than 64 MiB is copied to a temporary file in row order first.
std::unique_ptr<ScoreMatrix> open_scores(const std::string& file_and_name);

}  // namespace tvr
