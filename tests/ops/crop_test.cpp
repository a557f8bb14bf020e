#include <gtest/gtest.h>

#include <algorithm>

#include "ops/noise.h"
#include "tvr/base/random.h"
#include "tvr/ops/resize.h"

namespace tvr {
namespace {

// Pixel [y,x] is y, x, 7.
Image coordinates(int64_t height, int64_t width) {
  Image image{height, width, {}};
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (const int64_t byte : {y, x, int64_t{7}}) image.pixels.push_back(static_cast<uint8_t>(byte));
  return image;
}

TEST(Crop, TakesTheRectangle) {
  const Image part = crop(coordinates(4, 5), 1, 3, 2, 2);
  EXPECT_EQ(part.height, 2);
  EXPECT_EQ(part.width, 2);
  EXPECT_EQ(part.pixels, (std::vector<uint8_t>{1, 3, 7, 1, 4, 7, 2, 3, 7, 2, 4, 7}));
  EXPECT_EQ(crop(part, 0, 0, 2, 2).pixels, part.pixels);
}

TEST(Crop, RefusesWhatIsNotInside) {
  const Image image = coordinates(4, 5);
  EXPECT_THROW(crop(image, -1, 0, 2, 2), std::invalid_argument);
  EXPECT_THROW(crop(image, 0, -1, 2, 2), std::invalid_argument);
  EXPECT_THROW(crop(image, 3, 0, 2, 2), std::invalid_argument);
  EXPECT_THROW(crop(image, 0, 4, 2, 2), std::invalid_argument);
  EXPECT_THROW(crop(image, 0, 0, 0, 2), std::invalid_argument);
  EXPECT_THROW(crop(image, 0, 0, 2, 0), std::invalid_argument);
  EXPECT_THROW(crop(image, INT64_MAX, 0, 2, 2), std::invalid_argument);
  EXPECT_THROW(crop(image, 2, 0, INT64_MAX, 2), std::invalid_argument);
  EXPECT_THROW(crop(Image{4, 5, {1, 2, 3}}, 0, 0, 1, 1), std::invalid_argument);
  EXPECT_THROW(centre_crop(image, 5, 2), std::invalid_argument);
  EXPECT_THROW(centre_crop(image, 2, 0), std::invalid_argument);
  EXPECT_THROW(centre_crop(Image{}, 1, 1), std::invalid_argument);
}

TEST(CentreCrop, SplitsOddMarginsByRoundingHalfToEven) {
  for (const auto& [side, offset] : std::vector<std::pair<int64_t, int>>{{5, 0}, {7, 2}, {9, 2}, {11, 4}, {8, 2}}) {
    EXPECT_EQ(centre_crop(coordinates(side, 1), 4, 1).pixels[0], offset) << side;
    EXPECT_EQ(centre_crop(coordinates(1, side), 1, 4).pixels[1], offset) << side;
  }
}

TEST(Flip, MirrorsRowsAndKeepsChannels) {
  EXPECT_EQ(flip(coordinates(2, 3)).pixels,
            (std::vector<uint8_t>{0, 2, 7, 0, 1, 7, 0, 0, 7, 1, 2, 7, 1, 1, 7, 1, 0, 7}));
  const Image image = noise_picture(7, 12);
  EXPECT_NE(flip(image).pixels, image.pixels);
  EXPECT_EQ(flip(flip(image)).pixels, image.pixels);
  EXPECT_THROW(flip(Image{}), std::invalid_argument);
}

std::vector<uint8_t> planes_of(const Image& image) {
  std::vector<uint8_t> planes;
  for (size_t c = 0; c < 3; ++c)
    for (size_t i = c; i < image.pixels.size(); i += 3) planes.push_back(image.pixels[i]);
  return planes;
}

TEST(CentreSquare, EqualsResizeAndCropForPicturesOfChangingSizes) {
  Random random(5, "sizes");
  for (const int64_t size : {1, 7, 16, 33, 100}) {
    for (const auto order : {PassOrder::kPillow, PassOrder::kHorizontalFirst}) {
      CentreSquare square(size, Interpolation::kBicubic, order);
      for (int trial = 0; trial < 30; ++trial) {
        const int64_t height = 1 + random.integer(150), width = 1 + random.integer(60);
        const Image image = noise_picture(height, width);
        const Image expected = centre_crop(resize_short_side(image, size, Interpolation::kBicubic, order), size, size);
        const Image result = square(image);
        ASSERT_EQ(result.height, size);
        ASSERT_EQ(result.width, size);
        ASSERT_EQ(result.pixels, expected.pixels) << height << "x" << width << " to " << size;
        std::vector<uint8_t> planes(expected.pixels.size());
        square.write_planes(image, planes.data());
        ASSERT_EQ(planes, planes_of(expected)) << height << "x" << width << " to " << size;
      }
    }
  }
}

TEST(CentreSquare, KeepsPicturesOfItsSize) {
  const Image image = noise_picture(20, 20);
  EXPECT_EQ(CentreSquare(20)(image).pixels, image.pixels);
}

TEST(CentreSquare, WritesNothingBesideItsPlanes) {
  std::vector<uint8_t> bytes(3 * 17 * 17 + 64, 99);
  CentreSquare(17).write_planes(Image{40, 30, std::vector<uint8_t>(3600, 5)}, bytes.data() + 32);
  EXPECT_EQ(std::count(bytes.begin(), bytes.begin() + 32, 99), 32);
  EXPECT_EQ(std::count(bytes.begin() + 32, bytes.end() - 32, 5), 3 * 17 * 17);
  EXPECT_EQ(std::count(bytes.end() - 32, bytes.end(), 99), 32);
}

TEST(CentreSquare, RefusesImpossibleSizes) {
  EXPECT_THROW(CentreSquare(0), std::invalid_argument);
  EXPECT_THROW(CentreSquare(kLargestSide + 1), std::invalid_argument);
  CentreSquare square(8);
  EXPECT_THROW(square(Image{}), std::invalid_argument);
  EXPECT_THROW(square(Image{2, 2, std::vector<uint8_t>(11)}), std::invalid_argument);
  EXPECT_THROW(square(Image{1, kLargestSide / 4, std::vector<uint8_t>(3 * kLargestSide / 4)}), std::invalid_argument);
  EXPECT_EQ(square(Image{2, 2, std::vector<uint8_t>(12, 4)}).pixels, std::vector<uint8_t>(192, 4));
}

}  // namespace
}  // namespace tvr
