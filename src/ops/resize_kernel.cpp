#include "ops/resize_kernel.h"

#include <algorithm>
#include <cmath>

namespace tvr {
namespace {

double bilinear(double x) {
  return std::max(0.0, 1.0 - std::abs(x));
}

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

int32_t fixed_point(double weight) {
  return static_cast<int32_t>(weight * (1 << kFractionBits) + (weight < 0 ? -0.5 : 0.5));
}

Kernel identity(int64_t begin, int64_t outputs) {
  const auto count = static_cast<size_t>(outputs);
  Kernel kernel{1, std::vector<int64_t>(count), std::vector<int64_t>(count, 1),
                std::vector<int32_t>(count, 1 << kFractionBits)};
  for (int64_t i = 0; i < outputs; ++i) kernel.first[static_cast<size_t>(i)] = begin + i;
  return kernel;
}

int32_t two_halves(int32_t first, int32_t second) {
  return static_cast<int32_t>((static_cast<uint32_t>(second) << 16) | (static_cast<uint32_t>(first) & 0xffff));
}

PairKernel::Weights split(int32_t first, int32_t second) {
  constexpr int32_t low = (1 << PairKernel::kLowBits) - 1;
  return {two_halves(first >> PairKernel::kLowBits, second >> PairKernel::kLowBits),
          two_halves(first & low, second & low)};
}

// `function` is 0 from `reach` on.
template <double (*function)(double)>
Kernel make_kernel(int64_t in, int64_t out, double reach, int64_t begin, int64_t outputs) {
  const double scale = static_cast<double>(in) / static_cast<double>(out), stretch = std::max(scale, 1.0);
  const double support = reach * stretch, shrink = 1.0 / stretch;
  Kernel kernel;
  kernel.most = std::min(in, static_cast<int64_t>(std::ceil(support)) * 2 + 1);
  kernel.weights.resize(static_cast<size_t>(outputs * kernel.most));
  std::vector<double> exact(static_cast<size_t>(kernel.most));
  for (int64_t i = 0; i < outputs; ++i) {
    const double centre = (static_cast<double>(begin + i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const int64_t count = std::min(in, static_cast<int64_t>(centre + support + 0.5)) - first;
    double sum = 0;
    for (int64_t k = 0; k < count; ++k) {
      const double weight = function((static_cast<double>(first + k) - centre + 0.5) * shrink);
      exact[static_cast<size_t>(k)] = weight;
      sum += weight;
    }
    int32_t* weights = kernel.weights.data() + i * kernel.most;
    if (sum == 0) sum = 1;
    for (int64_t k = 0; k < count; ++k) weights[k] = fixed_point(exact[static_cast<size_t>(k)] / sum);
    kernel.first.push_back(first);
    kernel.counts.push_back(count);
  }
  return kernel;
}

}  // namespace

Kernel make_kernel(int64_t in, int64_t out, Interpolation interpolation, int64_t begin, int64_t outputs) {
  if (in == out) return identity(begin, outputs);
  if (interpolation == Interpolation::kBicubic) return make_kernel<bicubic>(in, out, 2, begin, outputs);
  return make_kernel<bilinear>(in, out, 1, begin, outputs);
}

PairKernel make_pairs(const Kernel& kernel) {
  PairKernel pairs;
  for (size_t i = 0; i < kernel.first.size(); ++i)
    pairs.count = std::max(pairs.count, (kernel.first[i] + kernel.counts[i] + 1) / 2 - kernel.first[i] / 2);
  const int64_t last_begin = (kernel.end_input() + 1) / 2 - pairs.count;
  pairs.weights.reserve(kernel.first.size() * static_cast<size_t>(pairs.count));
  std::vector<int32_t> padded(static_cast<size_t>(2 * pairs.count));  // the weights of the pairs' inputs
  for (size_t i = 0; i < kernel.first.size(); ++i) {
    const int64_t begin = std::min(kernel.first[i] / 2, last_begin);
    std::fill(padded.begin(), padded.end(), 0);
    std::copy_n(kernel.weights.begin() + static_cast<int64_t>(i) * kernel.most, kernel.counts[i],
                padded.begin() + kernel.first[i] - 2 * begin);
    pairs.first.push_back(begin);
    for (size_t k = 0; k < padded.size(); k += 2) pairs.weights.push_back(split(padded[k], padded[k + 1]));
  }
  return pairs;
}

}  // namespace tvr
