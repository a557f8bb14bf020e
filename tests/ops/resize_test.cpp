#include "tvr/ops/resize.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>
#include <string>

#include "ops/noise.h"
#include "ops/resize_golden.h"
#include "ops/resize_passes.h"
#include "tvr/base/file.h"
#include "tvr/base/random.h"

namespace tvr {
namespace {

// Gradients, squares and a checkerboard under noise.
Image pattern(int64_t height, int64_t width) {
  Image image{height, width, {}};
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      const int64_t base[3] = {(5 * x + 3 * y) % 256, (x * x / 8 + y) % 256, ((x / 8 + y / 8) % 2) * 255};
      for (int64_t c = 0; c < 3; ++c)
        image.pixels.push_back(static_cast<uint8_t>((3 * base[c] + noise((y * width + x) * 3 + c)) / 4));
    }
  return image;
}

int64_t sum(const Image& image) {
  return std::accumulate(image.pixels.begin(), image.pixels.end(), int64_t{0});
}

std::vector<int> pixel(const Image& image, int64_t y, int64_t x) {
  const auto* p = &image.pixels[static_cast<size_t>((y * image.width + x) * 3)];
  return {p[0], p[1], p[2]};
}

// Made with Pillow 13.0 (bicubic) and torchvision's crop on pattern().
struct Golden {
  int64_t height, width, input_sum, resized_height, resized_width, resized_sum, crop_sum, crop_weighted_sum;
  std::vector<int> first, inner;  // pixels [0,0] and [100,57] of the crop
};

TEST(Resize, ShortSideAndCropEqualPillow) {
  const std::vector<Golden> goldens{
      {240, 320, 29304303, 224, 298, 25470970, 19132188, 1767441707, {188, 207, 198}, {74, 110, 203}},
      {360, 483, 66216398, 224, 300, 25590616, 19124717, 714656574, {62, 207, 240}, {211, 65, 248}},
      {100, 75, 2780071, 298, 224, 24744630, 18789116, 1498763681, {85, 7, 230}, {213, 90, 213}},
      {227, 224, 19395533, 227, 224, 19395533, 19143481, 729877066, {34, 34, 46}, {67, 212, 205}},
      {333, 1000, 126935431, 224, 672, 57380421, 19126183, 426602220, {146, 113, 238}, {181, 153, 7}},
  };
  for (const auto& golden : goldens) {
    SCOPED_TRACE(std::to_string(golden.height) + "x" + std::to_string(golden.width));
    const Image image = pattern(golden.height, golden.width);
    ASSERT_EQ(sum(image), golden.input_sum);
    const Image resized = resize_short_side(image, 224);
    EXPECT_EQ(resized.height, golden.resized_height);
    EXPECT_EQ(resized.width, golden.resized_width);
    EXPECT_EQ(sum(resized), golden.resized_sum);
    const Image crop = centre_crop(resized, 224, 224);
    EXPECT_EQ(sum(crop), golden.crop_sum);
    EXPECT_EQ(weighted_sum(crop), golden.crop_weighted_sum);
    EXPECT_EQ(pixel(crop, 0, 0), golden.first);
    EXPECT_EQ(pixel(crop, 100, 57), golden.inner);
  }
}

TEST(Resize, SquashEqualsPillowInBothOrdersOfThePasses) {
  const Image landscape = resize(pattern(240, 320), 224, 224);
  EXPECT_EQ(sum(landscape), 19145889);
  EXPECT_EQ(pixel(landscape, 0, 0), (std::vector<int>{15, 28, 22}));
  EXPECT_EQ(pixel(landscape, 100, 57), (std::vector<int>{199, 149, 233}));

  const Image vertical_first = resize(pattern(640, 360), 224, 224);
  EXPECT_EQ(sum(vertical_first), 19122737);
  EXPECT_EQ(weighted_sum(vertical_first), 714948060);
  EXPECT_EQ(pixel(vertical_first, 0, 0), (std::vector<int>{33, 32, 21}));

  const Image horizontal_first =
      resize(pattern(640, 360), 224, 224, Interpolation::kBicubic, PassOrder::kHorizontalFirst);
  EXPECT_EQ(sum(horizontal_first), 19122778);
  EXPECT_EQ(weighted_sum(horizontal_first), 712892337);
  EXPECT_EQ(pixel(horizontal_first, 0, 0), (std::vector<int>{33, 31, 21}));
}

// The [height,width,3] bytes of a NumPy file of version 1.
Image read_npy(const std::filesystem::path& file, int64_t height, int64_t width) {
  const std::string content = read_file(file);
  const size_t bytes = static_cast<size_t>(height * width * 3);
  EXPECT_GT(content.size(), bytes);
  return {height, width, {content.end() - static_cast<std::ptrdiff_t>(bytes), content.end()}};
}

TEST(Resize, RealPicturesEqualClipsPreprocessing) {
  const char* folder = std::getenv("TVR_TEST_DATA");
  const auto pictures = std::filesystem::path(folder != nullptr ? folder : "") / "clip_preprocess";
  if (!std::filesystem::exists(pictures)) GTEST_SKIP() << "TVR_TEST_DATA names no folder with test data";
  const std::vector<std::tuple<std::string, int64_t, int64_t>> names{
      {"123_456", 456, 123}, {"416_264", 264, 416}, {"524_316", 316, 524}};
  for (const auto& [name, height, width] : names) {
    const Image image = read_npy(pictures / (name + "_decoded_u8.npy"), height, width);
    const Image golden = read_npy(pictures / (name + "_u8_224.npy"), 224, 224);
    EXPECT_EQ(centre_crop(resize_short_side(image, 224), 224, 224).pixels, golden.pixels) << name;
  }
}

TEST(Resize, BilinearHalvesByTheTriangleOfTwiceTheWidth) {
  // Weights 1, 3, 3, 1 of eight inside; at the border the triangle loses its first input: 3, 3, 1 of seven.
  const Image image{1, 4, {0, 70, 0, 70, 0, 7, 140, 0, 0, 210, 0, 0}};
  const Image half = resize(image, 1, 2, Interpolation::kBilinear);
  EXPECT_EQ(half.pixels, (std::vector<uint8_t>{50, 30, 3, 160, 0, 1}));
}

TEST(Resize, EnlargesASinglePixelToItself) {
  const Image image{1, 1, {9, 8, 7}};
  for (const auto interpolation : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    const Image large = resize(image, 3, 2, interpolation);
    ASSERT_EQ(large.pixels.size(), 18u);
    for (size_t i = 0; i < 18; ++i) EXPECT_EQ(large.pixels[i], image.pixels[i % 3]);
  }
}

TEST(Resize, KeepsFlatPicturesFlat) {
  const Image image{50, 70, std::vector<uint8_t>(50 * 70 * 3, 173)};
  EXPECT_EQ(resize(image, 224, 31).pixels, std::vector<uint8_t>(224 * 31 * 3, 173));
}

TEST(Resize, NoiseOfAllSizesEqualsPillow) {
  for (const auto& golden : kResizeGoldens) {
    const auto kernel = golden.bicubic ? Interpolation::kBicubic : Interpolation::kBilinear;
    const Image result =
        resize(noise_picture(golden.height, golden.width), golden.out_height, golden.out_width, kernel);
    ASSERT_EQ(result.height, golden.out_height);
    ASSERT_EQ(result.width, golden.out_width);
    ASSERT_EQ(weighted_sum(result), golden.checksum)
        << golden.height << "x" << golden.width << " to " << golden.out_height << "x" << golden.out_width
        << (golden.bicubic ? ", bicubic" : ", bilinear");
  }
}

// A kernel of a random part of the outputs of a random resize.
Kernel random_kernel(Random& random, int64_t in) {
  const int64_t out = random.integer(8) == 0 ? in : 1 + random.integer(80), begin = random.integer(out);
  const auto interpolation = random.integer(2) == 0 ? Interpolation::kBilinear : Interpolation::kBicubic;
  return make_kernel(in, out, interpolation, begin, 1 + random.integer(out - begin));
}

TEST(Resize, VectorCodeEqualsPortableCode) {
  if (!has_avx2()) GTEST_SKIP() << "this processor has no AVX2";
  Random random(3, "sizes");
  for (int trial = 0; trial < 1000; ++trial) {
    const int64_t height = 1 + random.integer(90), width = 1 + random.integer(90);
    const Image image = noise_picture(height, width);
    const auto passes = make_passes(random_kernel(random, width), random_kernel(random, height));
    const auto bytes = static_cast<size_t>(passes.horizontal.outputs() * passes.vertical.outputs() * 3);
    for (const auto layout : {Layout::kInterleaved, Layout::kPlanar}) {
      std::vector<uint8_t> portable(bytes), vector(bytes);
      run_portable({image.pixels.data(), height, width}, passes, layout, portable.data());
      run_avx2({image.pixels.data(), height, width}, passes, layout, vector.data());
      ASSERT_EQ(portable, vector) << height << "x" << width << " to " << passes.vertical.outputs() << "x"
                                  << passes.horizontal.outputs() << ", trial " << trial;
    }
  }
}

TEST(Resize, RefusesImpossibleSizes) {
  const Image image{2, 2, std::vector<uint8_t>(12)};
  EXPECT_THROW(resize(image, 0, 2), std::invalid_argument);
  EXPECT_THROW(resize(image, 2, -1), std::invalid_argument);
  EXPECT_THROW(resize(image, 1, kLargestSide + 1), std::invalid_argument);
  EXPECT_THROW(resize(image, INT64_MAX, 1), std::invalid_argument);
  EXPECT_THROW(resize_short_side(image, INT64_MAX), std::invalid_argument);
  EXPECT_THROW(resize_short_side(image, 0), std::invalid_argument);
}

TEST(Resize, RefusesImagesThatAreEmptyOrLackBytes) {
  EXPECT_THROW(resize(Image{}, 2, 2), std::invalid_argument);
  EXPECT_THROW(resize_short_side(Image{}, 2), std::invalid_argument);
  EXPECT_THROW(resize(Image{2, 2, std::vector<uint8_t>(11)}, 2, 2), std::invalid_argument);
  EXPECT_THROW(resize(Image{2, 2, std::vector<uint8_t>(18)}, 2, 2), std::invalid_argument);
  EXPECT_THROW(resize(Image{INT64_MAX, 4, std::vector<uint8_t>(12)}, 2, 2), std::invalid_argument);
  EXPECT_THROW(resize(Image{4, INT64_MAX, std::vector<uint8_t>(12)}, 2, 2), std::invalid_argument);
}

TEST(Resize, TakesPicturesOfExtremeSides) {
  const Image wide{1, 200000, std::vector<uint8_t>(600000, 173)};
  EXPECT_EQ(resize(wide, 3, 5).pixels, std::vector<uint8_t>(45, 173));
  EXPECT_EQ(resize(Image{200000, 1, wide.pixels}, 5, 3).pixels, std::vector<uint8_t>(45, 173));
  EXPECT_EQ(resize(Image{1, 1, {173, 173, 173}}, 1, 200000).pixels, wide.pixels);
}

}  // namespace
}  // namespace tvr
