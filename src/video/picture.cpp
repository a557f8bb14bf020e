#include "tvr/video/picture.h"

#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace tvr {
namespace {

std::string encode(const Image& image, const char* extension, const std::vector<int>& options) {
  if (image.height < 1 || image.width < 1) throw std::invalid_argument("an empty image cannot be encoded");
  const cv::Mat rgb(static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3,
                    const_cast<uint8_t*>(image.pixels.data()));
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<uint8_t> bytes;
  if (!cv::imencode(extension, bgr, bytes, options))
    throw std::runtime_error("OpenCV cannot write " + std::string(extension));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::string encode_jpeg(const Image& image, int quality) {
  return encode(image, ".jpg", {cv::IMWRITE_JPEG_QUALITY, quality});
}

std::string encode_png(const Image& image) {
  return encode(image, ".png", {});
}

Image contact_sheet(const std::vector<Image>& images, int64_t columns) {
  if (images.empty() || columns < 1) throw std::invalid_argument("a contact sheet needs an image and a column");
  const int64_t height = images[0].height, width = images[0].width, count = static_cast<int64_t>(images.size());
  columns = std::min(columns, count);
  Image sheet{(count + columns - 1) / columns * height, columns * width, {}};
  sheet.pixels.resize(static_cast<size_t>(sheet.height * sheet.width * 3));
  for (int64_t i = 0; i < count; ++i) {
    const auto& image = images[static_cast<size_t>(i)];
    if (image.height != height || image.width != width)
      throw std::invalid_argument("a contact sheet needs images of one size");
    for (int64_t y = 0; y < height; ++y) {
      const int64_t row = i / columns * height + y, column = i % columns * width;
      std::copy_n(image.pixels.begin() + y * width * 3, width * 3,
                  sheet.pixels.begin() + (row * sheet.width + column) * 3);
    }
  }
  return sheet;
}

}  // namespace tvr
