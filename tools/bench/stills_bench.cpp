#include <benchmark/benchmark.h>

#include "tvr/data/demo_stills.h"

namespace tvr {
namespace {

void draw_a_batch_of_64(benchmark::State& state) {
  int64_t step = 0;
  for (auto _ : state) benchmark::DoNotOptimize(draw_stills(1, step++, 64, 0.9));
}
BENCHMARK(draw_a_batch_of_64)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tvr
