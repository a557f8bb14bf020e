#include "tvr/ops/resize.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace tvr {
namespace {

constexpr int kFractionBits = 22;  // weights are integers of 2^-22, sums start at one half
constexpr int64_t kChannels = 3;

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

// Which inputs make output i, and with which weights: inputs first[i] … of weights[i*most … ], counts[i] of them.
struct Kernel {
  int64_t most = 0;
  std::vector<int64_t> first, counts;
  std::vector<int32_t> weights;
};

int32_t fixed_point(double weight) {
  return static_cast<int32_t>(weight * (1 << kFractionBits) + (weight < 0 ? -0.5 : 0.5));
}

Kernel make_kernel(int64_t in, int64_t out, Interpolation interpolation) {
  const auto function = interpolation == Interpolation::kBicubic ? bicubic : bilinear;
  const double scale = static_cast<double>(in) / static_cast<double>(out), stretch = std::max(scale, 1.0);
  const double support = (interpolation == Interpolation::kBicubic ? 2.0 : 1.0) * stretch, shrink = 1.0 / stretch;
  Kernel kernel;
  kernel.most = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
  kernel.weights.resize(static_cast<size_t>(out * kernel.most));
  std::vector<double> exact;
  for (int64_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t begin = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const int64_t end = std::min(in, static_cast<int64_t>(centre + support + 0.5));
    exact.clear();
    double sum = 0;
    for (int64_t x = begin; x < end; ++x) {
      exact.push_back(function((static_cast<double>(x) - centre + 0.5) * shrink));
      sum += exact.back();
    }
    for (size_t k = 0; k < exact.size(); ++k)
      kernel.weights[static_cast<size_t>(i * kernel.most) + k] = fixed_point(sum != 0 ? exact[k] / sum : exact[k]);
    kernel.first.push_back(begin);
    kernel.counts.push_back(end - begin);
  }
  return kernel;
}

uint8_t to_byte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

// One output row or pixel: `count` inputs of `length` bytes each, `stride` bytes apart, under their weights.
void blend(const uint8_t* in, int64_t stride, const int32_t* weights, int64_t count, int64_t length, int32_t* sums,
           uint8_t* out) {
  std::fill_n(sums, length, 1 << (kFractionBits - 1));
  for (int64_t k = 0; k < count; ++k)
    for (int64_t i = 0; i < length; ++i) sums[i] += in[k * stride + i] * weights[k];
  for (int64_t i = 0; i < length; ++i) out[i] = to_byte(sums[i]);
}

Image empty_image(int64_t height, int64_t width) {
  return {height, width, std::vector<uint8_t>(static_cast<size_t>(height * width * kChannels))};
}

Image resize_width(const Image& image, int64_t width, Interpolation interpolation) {
  if (width == image.width) return image;
  const Kernel kernel = make_kernel(image.width, width, interpolation);
  Image result = empty_image(image.height, width);
  int32_t sums[kChannels];
  for (int64_t y = 0; y < image.height; ++y) {
    const uint8_t* row = image.pixels.data() + y * image.width * kChannels;
    uint8_t* out = result.pixels.data() + y * width * kChannels;
    for (int64_t x = 0; x < width; ++x) {
      const auto i = static_cast<size_t>(x);
      blend(row + kernel.first[i] * kChannels, kChannels, &kernel.weights[static_cast<size_t>(x * kernel.most)],
            kernel.counts[i], kChannels, sums, out + x * kChannels);
    }
  }
  return result;
}

Image resize_height(const Image& image, int64_t height, Interpolation interpolation) {
  if (height == image.height) return image;
  const Kernel kernel = make_kernel(image.height, height, interpolation);
  Image result = empty_image(height, image.width);
  const int64_t stride = image.width * kChannels;
  std::vector<int32_t> sums(static_cast<size_t>(stride));
  for (int64_t y = 0; y < height; ++y) {
    const auto i = static_cast<size_t>(y);
    blend(image.pixels.data() + kernel.first[i] * stride, stride, &kernel.weights[static_cast<size_t>(y * kernel.most)],
          kernel.counts[i], stride, sums.data(), result.pixels.data() + y * stride);
  }
  return result;
}

void check_not_empty(const Image& image) {
  if (image.height < 1 || image.width < 1) throw std::invalid_argument("an empty image cannot be resized");
}

}  // namespace

Image resize(const Image& image, int64_t height, int64_t width, Interpolation interpolation, PassOrder order) {
  check_not_empty(image);
  if (height < 1 || width < 1) throw std::invalid_argument("an image cannot be resized to less than one pixel a side");
  const bool vertical_first = order == PassOrder::kPillow && width != image.width && height < image.height &&
                              2 * (image.width - width) < image.height - height;
  if (vertical_first) return resize_width(resize_height(image, height, interpolation), width, interpolation);
  return resize_height(resize_width(image, width, interpolation), height, interpolation);
}

Image resize_short_side(const Image& image, int64_t size, Interpolation interpolation, PassOrder order) {
  check_not_empty(image);
  if (image.width <= image.height) return resize(image, size * image.height / image.width, size, interpolation, order);
  return resize(image, size, size * image.width / image.height, interpolation, order);
}

Image centre_crop(const Image& image, int64_t height, int64_t width) {
  if (height < 1 || width < 1 || height > image.height || width > image.width)
    throw std::invalid_argument("a crop must lie inside its image");
  // nearbyint rounds half to even.
  const auto top = static_cast<int64_t>(std::nearbyint(static_cast<double>(image.height - height) / 2));
  const auto left = static_cast<int64_t>(std::nearbyint(static_cast<double>(image.width - width) / 2));
  Image result = empty_image(height, width);
  for (int64_t y = 0; y < height; ++y)
    std::copy_n(image.pixels.begin() + ((top + y) * image.width + left) * kChannels, width * kChannels,
                result.pixels.begin() + y * width * kChannels);
  return result;
}

}  // namespace tvr
