#include <benchmark/benchmark.h>

#include "tvr/base/random.h"
#include "tvr/eval/ranks.h"

namespace tvr {
namespace {

// MSR-VTT 1k-A's shape; the multi-caption protocol's is 60 times as large in texts.
void both_directions(benchmark::State& state) {
  const int64_t texts = state.range(0), videos = state.range(1);
  std::vector<float> scores(static_cast<size_t>(texts * videos));
  Random random(1, "scores");
  for (auto& score : scores) score = static_cast<float>(random.normal());
  std::vector<int64_t> video_of_text;
  for (int64_t i = 0; i < texts; ++i) video_of_text.push_back(i * videos / texts);
  const DenseScores matrix(scores.data(), texts, videos);
  const GroundTruth truth(video_of_text, videos);
  for (auto _ : state) benchmark::DoNotOptimize(rank_both(matrix, truth, VideoToText::kBestCaption));
}
BENCHMARK(both_directions)->Args({1000, 1000})->Args({20000, 1000})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tvr
