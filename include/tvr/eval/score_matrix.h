#pragma once
#include <cstdint>
#include <utility>
#include <vector>

namespace tvr {

// Shape letters: T texts, V videos. Texts are rows, videos are columns, everywhere.

/// In what scores are handed out and compared: the narrowest of the three that holds each one exactly.
enum class ScoreType { kFloat, kDouble, kLongDouble };

int64_t score_size(ScoreType type);  ///< bytes of one score

/// Scores of every text against every video; higher is better. They may lie in memory, in a file, or be computed when
/// they are asked for, and are read in blocks of rows, so that no reader of them needs more memory than a block.
class ScoreMatrix {
 public:
  virtual ~ScoreMatrix() = default;
  virtual int64_t texts() const = 0;   ///< T, rows
  virtual int64_t videos() const = 0;  ///< V, columns
  virtual ScoreType type() const = 0;
  /// Writes rows [begin, end), each of V scores of type(), one behind the other, at `out`. A row's values do not depend
  /// on the block it is read in. Thread-safe. Throws DataError where a score cannot be had.
  virtual void read_rows(int64_t begin, int64_t end, void* out) const = 0;
  /// Writes the scores of these (text, video) pairs, which are in increasing order of text, at `out`. The general way
  /// reads every row that has a pair; matrices with direct access do better.
  virtual void read_pairs(const std::vector<std::pair<int64_t, int64_t>>& pairs, void* out) const;
};

/// A float32 matrix [T,V], row-major, in somebody else's memory.
class DenseScores final : public ScoreMatrix {
 public:
  DenseScores(const float* data, int64_t texts, int64_t videos) : data_(data), texts_(texts), videos_(videos) {}
  int64_t texts() const override { return texts_; }
  int64_t videos() const override { return videos_; }
  ScoreType type() const override { return ScoreType::kFloat; }
  void read_rows(int64_t begin, int64_t end, void* out) const override;
  void read_pairs(const std::vector<std::pair<int64_t, int64_t>>& pairs, void* out) const override;

 private:
  const float* data_;
  int64_t texts_, videos_;
};

/// The scores of (text, video) pairs in increasing order of text, whatever the type.
std::vector<long double> pair_scores(const ScoreMatrix& scores, const std::vector<std::pair<int64_t, int64_t>>& pairs);

/// Rows [begin, end) as double, whatever the type, at `out` [end - begin, V].
void read_as_double(const ScoreMatrix& scores, int64_t begin, int64_t end, double* out);

/// How many rows of V scores make a block of about `bytes` (at least 1).
int64_t rows_per_block(const ScoreMatrix& scores, int64_t bytes);

}  // namespace tvr
