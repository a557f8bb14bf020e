#include "tvr/video/picture.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <opencv2/imgcodecs.hpp>

namespace tvr {
namespace {

Image painted(int64_t height, int64_t width, uint8_t red, uint8_t green, uint8_t blue) {
  Image image{height, width, {}};
  for (int64_t i = 0; i < height * width; ++i) image.pixels.insert(image.pixels.end(), {red, green, blue});
  return image;
}

// The pixel as red, green, blue.
std::vector<int> decoded_pixel(const std::string& bytes, int y, int x) {
  const std::vector<uint8_t> buffer(bytes.begin(), bytes.end());
  const cv::Mat bgr = cv::imdecode(buffer, cv::IMREAD_COLOR);
  const auto pixel = bgr.at<cv::Vec3b>(y, x);
  return {pixel[2], pixel[1], pixel[0]};
}

TEST(Picture, PngKeepsEveryPixel) {
  Image image = painted(5, 7, 10, 20, 30);
  image.pixels[(3 * 7 + 4) * 3] = 200;
  const auto bytes = encode_png(image);
  EXPECT_EQ(bytes.substr(1, 3), "PNG");
  EXPECT_EQ(decoded_pixel(bytes, 0, 0), (std::vector<int>{10, 20, 30}));
  EXPECT_EQ(decoded_pixel(bytes, 3, 4), (std::vector<int>{200, 20, 30}));
}

TEST(Picture, JpegKeepsColoursInTheirOrder) {
  const auto bytes = encode_jpeg(painted(16, 16, 220, 40, 90), 95);
  EXPECT_EQ(bytes.substr(0, 2), "\xFF\xD8");
  const auto pixel = decoded_pixel(bytes, 8, 8);
  EXPECT_LE(std::abs(pixel[0] - 220), 3);
  EXPECT_LE(std::abs(pixel[1] - 40), 3);
  EXPECT_LE(std::abs(pixel[2] - 90), 3);
}

TEST(Picture, RefusesEmptyImages) {
  EXPECT_THROW(encode_png(Image{}), std::invalid_argument);
  EXPECT_THROW(encode_jpeg(Image{}), std::invalid_argument);
}

TEST(ContactSheet, LaysImagesInRows) {
  const auto sheet = contact_sheet({painted(2, 3, 1, 1, 1), painted(2, 3, 2, 2, 2), painted(2, 3, 3, 3, 3)}, 2);
  EXPECT_EQ(sheet.height, 4);
  EXPECT_EQ(sheet.width, 6);
  const auto at = [&](int y, int x) { return static_cast<int>(sheet.pixels[static_cast<size_t>((y * 6 + x) * 3)]); };
  EXPECT_EQ(at(0, 0), 1);
  EXPECT_EQ(at(1, 3), 2);
  EXPECT_EQ(at(2, 0), 3);
  EXPECT_EQ(at(3, 5), 0);
}

TEST(ContactSheet, IsNoWiderThanItsImages) {
  EXPECT_EQ(contact_sheet({painted(2, 3, 1, 1, 1)}, 8).width, 3);
}

TEST(ContactSheet, RefusesWhatDoesNotFit) {
  EXPECT_THROW(contact_sheet({}, 1), std::invalid_argument);
  EXPECT_THROW(contact_sheet({painted(2, 3, 1, 1, 1)}, 0), std::invalid_argument);
  EXPECT_THROW(contact_sheet({painted(2, 3, 1, 1, 1), painted(2, 2, 1, 1, 1)}, 2), std::invalid_argument);
}

}  // namespace
}  // namespace tvr
