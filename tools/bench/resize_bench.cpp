#include <benchmark/benchmark.h>
#include <torch/torch.h>

#include "tvr/base/random.h"
#include "tvr/ops/resize.h"

namespace tvr {
namespace {

constexpr int64_t kHeight = 360, kWidth = 640, kSize = 224;

Image noise() {
  Image image{kHeight, kWidth, std::vector<uint8_t>(kHeight * kWidth * 3)};
  Random random(1, "pixels");
  for (auto& pixel : image.pixels) pixel = static_cast<uint8_t>(random.integer(256));
  return image;
}

void resize_to_224(benchmark::State& state) {
  const auto image = noise();
  for (auto _ : state) benchmark::DoNotOptimize(resize_short_side(image, kSize));
}
BENCHMARK(resize_to_224)->Unit(benchmark::kMillisecond);

void baseline_torch_resize_to_224(benchmark::State& state) {
  at::set_num_threads(1);
  auto image = noise();
  const auto pixels =
      torch::from_blob(image.pixels.data(), {1, kHeight, kWidth, 3}, torch::kUInt8).permute({0, 3, 1, 2});
  for (auto _ : state)
    benchmark::DoNotOptimize(at::_upsample_bicubic2d_aa(pixels, {kSize, kSize * kWidth / kHeight}, false));
}
BENCHMARK(baseline_torch_resize_to_224)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tvr
