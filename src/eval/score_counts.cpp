#include "eval/score_counts.h"

#include <algorithm>
#include <cmath>

// Compiled for the wider vectors too and chosen when the program starts. The sanitizers' start comes after that choice.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define TVR_VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TVR_VECTOR_CLONES
#endif

namespace tvr {
namespace {

constexpr int64_t kMostPerChunk = 1 << 30;  // counters of 32 bits are as wide as a float, which the vectors like

TVR_VECTOR_CLONES void add_counts(const float* scores, int32_t count, float threshold, ScoreCounts& counts) {
  int32_t greater = 0, equal = 0;
  for (int32_t i = 0; i < count; ++i) {
    greater += scores[i] > threshold ? 1 : 0;
    equal += scores[i] == threshold ? 1 : 0;
  }
  counts.greater += greater;
  counts.equal += equal;
}

TVR_VECTOR_CLONES void add_counts(const double* scores, int32_t count, double threshold, ScoreCounts& counts) {
  int64_t greater = 0, equal = 0;
  for (int32_t i = 0; i < count; ++i) {
    greater += scores[i] > threshold ? 1 : 0;
    equal += scores[i] == threshold ? 1 : 0;
  }
  counts.greater += greater;
  counts.equal += equal;
}

void add_counts(const long double* scores, int32_t count, long double threshold, ScoreCounts& counts) {
  for (int32_t i = 0; i < count; ++i) {
    counts.greater += scores[i] > threshold ? 1 : 0;
    counts.equal += scores[i] == threshold ? 1 : 0;
  }
}

template <class T>
ScoreCounts count_chunks(const T* scores, int64_t count, T threshold) {
  ScoreCounts counts;
  for (int64_t begin = 0; begin < count; begin += kMostPerChunk)
    add_counts(scores + begin, static_cast<int32_t>(std::min(kMostPerChunk, count - begin)), threshold, counts);
  return counts;
}

TVR_VECTOR_CLONES int32_t mark_above(const float* scores, int64_t count, float threshold) {
  int32_t above = 0;
  for (int64_t i = 0; i < count; ++i) above |= scores[i] > threshold ? 1 : 0;
  return above;
}
TVR_VECTOR_CLONES int64_t mark_above(const double* scores, int64_t count, double threshold) {
  int64_t above = 0;
  for (int64_t i = 0; i < count; ++i) above |= scores[i] > threshold ? 1 : 0;
  return above;
}

TVR_VECTOR_CLONES int32_t mark_beyond_each(const float* scores, const float* thresholds, int64_t count) {
  int32_t above = 0;
  for (int64_t i = 0; i < count; ++i) above |= scores[i] <= thresholds[i] ? 0 : 1;
  return above;
}
TVR_VECTOR_CLONES int64_t mark_beyond_each(const double* scores, const double* thresholds, int64_t count) {
  int64_t above = 0;
  for (int64_t i = 0; i < count; ++i) above |= scores[i] <= thresholds[i] ? 0 : 1;
  return above;
}

// x - x is 0 for every finite x and NaN for all others.
TVR_VECTOR_CLONES int64_t count_not_finite(const float* scores, int64_t count) {
  int64_t wrong = 0;
  for (int64_t i = 0; i < count; ++i) wrong += scores[i] - scores[i] == 0 ? 0 : 1;
  return wrong;
}
TVR_VECTOR_CLONES int64_t count_not_finite(const double* scores, int64_t count) {
  int64_t wrong = 0;
  for (int64_t i = 0; i < count; ++i) wrong += scores[i] - scores[i] == 0 ? 0 : 1;
  return wrong;
}

}  // namespace

ScoreCounts count_scores(const float* scores, int64_t count, float threshold) {
  return count_chunks(scores, count, threshold);
}
ScoreCounts count_scores(const double* scores, int64_t count, double threshold) {
  return count_chunks(scores, count, threshold);
}
ScoreCounts count_scores(const long double* scores, int64_t count, long double threshold) {
  return count_chunks(scores, count, threshold);
}

bool any_above(const float* scores, int64_t count, float threshold) {
  return mark_above(scores, count, threshold) != 0;
}
bool any_above(const double* scores, int64_t count, double threshold) {
  return mark_above(scores, count, threshold) != 0;
}
bool any_above(const long double* scores, int64_t count, long double threshold) {
  return std::any_of(scores, scores + count, [&](long double score) { return score > threshold; });
}

bool any_beyond_each(const float* scores, const float* thresholds, int64_t count) {
  return mark_beyond_each(scores, thresholds, count) != 0;
}
bool any_beyond_each(const double* scores, const double* thresholds, int64_t count) {
  return mark_beyond_each(scores, thresholds, count) != 0;
}
bool any_beyond_each(const long double* scores, const long double* thresholds, int64_t count) {
  return !std::equal(scores, scores + count, thresholds, [](long double a, long double b) { return a <= b; });
}

bool all_finite(const float* scores, int64_t count) {
  return count_not_finite(scores, count) == 0;
}
bool all_finite(const double* scores, int64_t count) {
  return count_not_finite(scores, count) == 0;
}
bool all_finite(const long double* scores, int64_t count) {
  return std::all_of(scores, scores + count, [](long double score) { return std::isfinite(score); });
}

}  // namespace tvr
