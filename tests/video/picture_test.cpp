#include "tvr/video/picture.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "tvr/base/error.h"

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

// What OpenCV writes of a matrix.
std::string encoded(const cv::Mat& pixels, const std::string& ending, const std::vector<int>& options = {}) {
  std::vector<uint8_t> bytes;
  cv::imencode(ending, pixels, bytes, options);
  return {bytes.begin(), bytes.end()};
}

std::string refusal(const std::string& bytes) {
  try {
    decode_image(bytes, "picture");
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(DecodeImage, GivesThePixelsOfEveryKindOfFile) {
  auto image = painted(6, 9, 10, 20, 30);
  image.pixels[5] = 200;
  const cv::Mat rgb(6, 9, CV_8UC3, image.pixels.data());
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  for (const auto& bytes :
       {encoded(bgr, ".png"), encoded(bgr, ".bmp"), encoded(bgr, ".webp", {cv::IMWRITE_WEBP_QUALITY, 101})}) {
    const auto decoded = decode_image(bytes, "picture");
    EXPECT_EQ(decoded.height, 6);
    EXPECT_EQ(decoded.width, 9);
    EXPECT_EQ(decoded.pixels, image.pixels);
  }
}

TEST(DecodeImage, RepeatsGrayAndLeavesAlphaOut) {
  const auto gray = decode_image(encoded(cv::Mat(2, 2, CV_8UC1, cv::Scalar(77)), ".png"), "gray");
  EXPECT_EQ(gray.pixels, std::vector<uint8_t>(12, 77));
  const auto clear = decode_image(encoded(cv::Mat(1, 1, CV_8UC4, cv::Scalar(30, 20, 10, 0)), ".png"), "clear");
  EXPECT_EQ(clear.pixels, (std::vector<uint8_t>{10, 20, 30}));
}

TEST(DecodeImage, RefusesWhatIsNoWholePicture) {
  EXPECT_EQ(refusal("hello"), "picture: is not a JPEG, PNG, WebP or BMP picture; convert it to one of them.");
  EXPECT_EQ(refusal(""), "picture: is not a JPEG, PNG, WebP or BMP picture; the file is empty.");
  const auto jpeg = encode_jpeg(painted(40, 40, 1, 2, 3)), png = encode_png(painted(40, 40, 1, 2, 3));
  EXPECT_EQ(refusal(jpeg.substr(0, jpeg.size() - 2)), "picture: is cut short: the JPEG has no end.");
  for (size_t size = 3; size < jpeg.size(); ++size) EXPECT_NE(refusal(jpeg.substr(0, size)), "") << size;
  for (size_t size = 1; size + 12 < png.size(); ++size) EXPECT_NE(refusal(png.substr(0, size)), "") << size;
  auto damaged = png;
  damaged[damaged.size() / 2] ^= 0x55;
  EXPECT_NE(refusal(damaged), "");
}

TEST(DecodeImage, RefusesWhatIsTooLargeOrTooDeep) {
  auto giant = encode_png(painted(1, 1, 1, 2, 3));
  giant.replace(16, 8, std::string("\x00\x00\x80\x00\x00\x00\x80\x00", 8));
  EXPECT_EQ(refusal(giant), "picture: has 32768 x 32768 pixels, at most 200 megapixels are read; make it smaller.");
  EXPECT_EQ(refusal(encoded(cv::Mat(2, 2, CV_16UC3, cv::Scalar(1, 2, 3)), ".png")),
            "picture: has 16 bits a channel; save it with 8.");
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
