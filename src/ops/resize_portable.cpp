#include <algorithm>

#include "ops/picture.h"
#include "ops/resize_passes.h"

namespace tvr {
namespace {

uint8_t to_byte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

// One output row or pixel: `count` inputs of `length` bytes each, `stride` bytes apart, under their weights.
void blend(const uint8_t* in, int64_t stride, const int32_t* weights, int64_t count, int64_t length, int32_t* sums,
           uint8_t* out) {
  std::fill_n(sums, length, kHalf);
  for (int64_t k = 0; k < count; ++k)
    for (int64_t i = 0; i < length; ++i) sums[i] += in[k * stride + i] * weights[k];
  for (int64_t i = 0; i < length; ++i) out[i] = to_byte(sums[i]);
}

// The rows that the vertical pass needs, resized horizontally.
std::vector<uint8_t> horizontal_pass(const PixelView& image, const Passes& passes) {
  const Kernel& kernel = passes.horizontal;
  const int64_t begin = passes.vertical.first_input(), end = passes.vertical.end_input();
  std::vector<uint8_t> result(static_cast<size_t>((end - begin) * kernel.outputs() * kChannels));
  uint8_t* out = result.data();
  int32_t sums[kChannels];
  for (int64_t y = begin; y < end; ++y)
    for (int64_t x = 0; x < kernel.outputs(); ++x, out += kChannels) {
      const auto i = static_cast<size_t>(x);
      blend(image.pixels + (y * image.width + kernel.first[i]) * kChannels, kChannels,
            kernel.weights.data() + x * kernel.most, kernel.counts[i], kChannels, sums, out);
    }
  return result;
}

}  // namespace

Passes make_passes(Kernel horizontal, Kernel vertical) {
  Passes passes{std::move(horizontal), std::move(vertical), {}, {}};
  if (has_avx2()) {
    passes.horizontal_pairs = make_pairs(passes.horizontal);
    passes.vertical_pairs = make_pairs(passes.vertical);
  }
  return passes;
}

void run_portable(const PixelView& image, const Passes& passes, Layout layout, uint8_t* out) {
  const Kernel& kernel = passes.vertical;
  const int64_t width = passes.horizontal.outputs(), stride = width * kChannels, plane = kernel.outputs() * width;
  const auto between = horizontal_pass(image, passes);
  std::vector<int32_t> sums(static_cast<size_t>(stride));
  std::vector<uint8_t> row(static_cast<size_t>(stride));
  for (int64_t y = 0; y < kernel.outputs(); ++y) {
    const auto i = static_cast<size_t>(y);
    blend(between.data() + (kernel.first[i] - kernel.first_input()) * stride, stride,
          kernel.weights.data() + y * kernel.most, kernel.counts[i], stride, sums.data(), row.data());
    if (layout == Layout::kInterleaved) {
      std::copy(row.begin(), row.end(), out + y * stride);
      continue;
    }
    for (int64_t b = 0; b < stride; ++b)
      out[b % kChannels * plane + y * width + b / kChannels] = row[static_cast<size_t>(b)];
  }
}

}  // namespace tvr
