#pragma once
#include <cstdint>

namespace tvr {

/// How many scores are above a threshold, and how many equal it. NaN is neither.
struct ScoreCounts {
  int64_t greater = 0, equal = 0;
};
ScoreCounts count_scores(const float* scores, int64_t count, float threshold);
ScoreCounts count_scores(const double* scores, int64_t count, double threshold);
ScoreCounts count_scores(const long double* scores, int64_t count, long double threshold);

/// True if a score is above the threshold.
bool any_above(const float* scores, int64_t count, float threshold);
bool any_above(const double* scores, int64_t count, double threshold);
bool any_above(const long double* scores, int64_t count, long double threshold);

/// True unless every score is at most the threshold of its place, which a NaN on either side never is.
bool any_beyond_each(const float* scores, const float* thresholds, int64_t count);
bool any_beyond_each(const double* scores, const double* thresholds, int64_t count);
bool any_beyond_each(const long double* scores, const long double* thresholds, int64_t count);

/// True if every score is finite.
bool all_finite(const float* scores, int64_t count);
bool all_finite(const double* scores, int64_t count);
bool all_finite(const long double* scores, int64_t count);

/// values [rows, columns] of stride `stride` -> out [columns, rows].
template <class T>
void transpose(const T* values, int64_t rows, int64_t columns, int64_t stride, T* out) {
  constexpr int64_t kTile = 16;  // two such tiles of float stay in the first-level cache
  for (int64_t row = 0; row < rows; row += kTile)
    for (int64_t column = 0; column < columns; column += kTile)
      for (int64_t c = column; c < columns && c < column + kTile; ++c)
        for (int64_t r = row; r < rows && r < row + kTile; ++r) out[c * rows + r] = values[r * stride + c];
}

}  // namespace tvr
