#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "tvr/model/token_interaction.h"

namespace tvr {
namespace {

// One evaluation tile of word-patch interaction at the demo's sizes.
void score_a_tile_of_128_by_128(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  const int64_t words = 24, patches = 96, dim = 64, rows = 128;
  const WeightedTokens text{torch::randn({rows, words, dim}), torch::ones({rows, words}, torch::kBool),
                            torch::full({rows, words}, 1.0 / words)};
  const WeightedTokens video{torch::randn({rows, patches, dim}), torch::ones({rows, patches}, torch::kBool),
                             torch::full({rows, patches}, 1.0 / patches)};
  for (auto _ : state) benchmark::DoNotOptimize(token_similarity(text, video));
}
BENCHMARK(score_a_tile_of_128_by_128)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tvr
