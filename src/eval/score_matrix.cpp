#include "tvr/eval/score_matrix.h"

#include <algorithm>
#include <cstring>

namespace tvr {
namespace {

constexpr int64_t kBlockBytes = 4 << 20;
using Pairs = std::vector<std::pair<int64_t, int64_t>>;

template <class T>
void read_as(const ScoreMatrix& scores, const Pairs& pairs, std::vector<long double>& out) {
  std::vector<T> values(pairs.size());
  scores.read_pairs(pairs, values.data());
  out.assign(values.begin(), values.end());
}

template <class From>
void convert(const std::vector<char>& bytes, double* out) {
  const auto* values = reinterpret_cast<const From*>(bytes.data());
  std::copy_n(values, bytes.size() / sizeof(From), out);
}

}  // namespace

int64_t score_size(ScoreType type) {
  if (type == ScoreType::kFloat) return sizeof(float);
  return type == ScoreType::kDouble ? sizeof(double) : sizeof(long double);
}

void ScoreMatrix::read_pairs(const std::vector<std::pair<int64_t, int64_t>>& pairs, void* out) const {
  const int64_t size = score_size(type()), rows = rows_per_block(*this, kBlockBytes);
  std::vector<char> block;
  int64_t begin = 0, end = 0;
  auto* place = static_cast<char*>(out);
  for (const auto& [text, video] : pairs) {
    if (text >= end) {
      begin = text;
      end = std::min(texts(), begin + rows);
      block.resize(static_cast<size_t>((end - begin) * videos() * size));
      read_rows(begin, end, block.data());
    }
    std::memcpy(place, block.data() + ((text - begin) * videos() + video) * size, static_cast<size_t>(size));
    place += size;
  }
}

void DenseScores::read_rows(int64_t begin, int64_t end, void* out) const {
  std::memcpy(out, data_ + begin * videos_, static_cast<size_t>((end - begin) * videos_) * sizeof(float));
}

void DenseScores::read_pairs(const std::vector<std::pair<int64_t, int64_t>>& pairs, void* out) const {
  auto* scores = static_cast<float*>(out);
  for (const auto& [text, video] : pairs) *scores++ = data_[text * videos_ + video];
}

std::vector<long double> pair_scores(const ScoreMatrix& scores, const Pairs& pairs) {
  std::vector<long double> result;
  if (scores.type() == ScoreType::kFloat) read_as<float>(scores, pairs, result);
  if (scores.type() == ScoreType::kDouble) read_as<double>(scores, pairs, result);
  if (scores.type() == ScoreType::kLongDouble) read_as<long double>(scores, pairs, result);
  return result;
}

void read_as_double(const ScoreMatrix& scores, int64_t begin, int64_t end, double* out) {
  if (scores.type() == ScoreType::kDouble) return scores.read_rows(begin, end, out);
  std::vector<char> bytes(static_cast<size_t>((end - begin) * scores.videos() * score_size(scores.type())));
  scores.read_rows(begin, end, bytes.data());
  return scores.type() == ScoreType::kFloat ? convert<float>(bytes, out) : convert<long double>(bytes, out);
}

int64_t rows_per_block(const ScoreMatrix& scores, int64_t bytes) {
  return std::clamp<int64_t>(bytes / (scores.videos() * score_size(scores.type())), 1, scores.texts());
}

}  // namespace tvr
