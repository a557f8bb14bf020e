#pragma once
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/eval/metrics.h"

namespace tvr::test {

/// A similarity matrix that owns its scores, with the right video of each text.
struct Matrix {
  std::vector<float> scores;
  int64_t texts = 0, videos = 0;
  std::vector<int64_t> video_of_text;
  DenseScores view() const { return {scores.data(), texts, videos}; }
  GroundTruth truth() const { return {video_of_text, videos}; }
  const float* row(int64_t text) const { return scores.data() + text * videos; }
};

inline Matrix square_matrix(std::vector<float> scores, int64_t size) {
  Matrix matrix{std::move(scores), size, size, std::vector<int64_t>(size)};
  std::iota(matrix.video_of_text.begin(), matrix.video_of_text.end(), 0);
  return matrix;
}

/// Six captions of three videos (2, 1 and 3 each), small enough to rank by hand.
inline Matrix toy_matrix() {
  return {{0.90F, 0.85F, 0.20F, 0.30F, 0.82F, 0.40F, 0.20F, 0.80F, 0.10F, 0.10F, 0.20F, 0.30F, 0.60F, 0.10F, 0.50F,
           0.50F, 0.50F, 0.50F},
          6,
          3,
          {0, 0, 1, 2, 2, 2}};
}

/// The test data folder, or nothing where it is absent.
inline std::optional<std::filesystem::path> test_data(const std::string& name) {
  const char* folder = std::getenv("TVR_TEST_DATA");
  if (folder == nullptr || !std::filesystem::exists(std::filesystem::path(folder) / name)) return std::nullopt;
  return std::filesystem::path(folder) / name;
}

/// The 1000 x 1000 cosine matrix of a real system (NumPy 1.0 file, little-endian float32, C order).
inline std::optional<Matrix> golden_matrix() {
  const auto file = test_data("simmatrix/msrvtt_video_matrix.npy");
  if (!file) return std::nullopt;
  const auto bytes = read_file(*file);
  uint16_t header = 0;
  std::memcpy(&header, bytes.data() + 8, 2);
  constexpr int64_t kSize = 1000;
  std::vector<float> scores(kSize * kSize);
  if (bytes.size() != 10 + header + scores.size() * sizeof(float))
    throw DataError(file->string() + ": has another size");
  std::memcpy(scores.data(), bytes.data() + 10 + header, scores.size() * sizeof(float));
  return square_matrix(std::move(scores), kSize);
}

}  // namespace tvr::test
