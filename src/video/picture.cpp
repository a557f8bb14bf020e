#include "tvr/video/picture.h"

#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "video/picture_header.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kMostPixels = 200'000'000;
constexpr uintmax_t kMostBytes = uintmax_t{1} << 30;

std::string size_text(const PictureHeader& header) {
  return std::to_string(header.width) + " x " + std::to_string(header.height) + " pixels";
}

void check_header(const PictureHeader& header, const std::string& origin) {
  if (header.height < 1 || header.width < 1)
    throw DataError(origin + ": is damaged: it says it has " + size_text(header) + ".");
  if (header.height > kMostPixels / header.width)
    throw DataError(origin + ": has " + size_text(header) + ", at most 200 megapixels are read; make it smaller.");
  if (header.bits > 8)
    throw DataError(origin + ": has " + std::to_string(header.bits) + " bits a channel; save it with 8.");
  if (header.has_cmyk) throw DataError(origin + ": has the four colours of printing (CMYK); save it as RGB.");
  if (header.is_cut_short) throw DataError(origin + ": is cut short: the JPEG has no end.");
}

// OpenCV says by an exception or by an empty picture that it cannot.
cv::Mat decode(std::string_view bytes) {
  const cv::Mat buffer(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<char*>(bytes.data()));
  try {
    return cv::imdecode(buffer, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
  } catch (const cv::Exception&) {
    return {};
  }
}

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

Image decode_image(std::string_view bytes, const std::string& origin) {
  const auto header = read_picture_header(bytes, origin);
  check_header(header, origin);
  const auto bgr = decode(bytes);
  if (bgr.rows != header.height || bgr.cols != header.width || bgr.type() != CV_8UC3)
    throw DataError(origin + ": is damaged, or of a kind that is not supported (animated, compressed BMP).");
  Image image{header.height, header.width, std::vector<uint8_t>(static_cast<size_t>(header.height * header.width * 3))};
  cv::Mat rgb(bgr.rows, bgr.cols, CV_8UC3, image.pixels.data());
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return image;
}

Image read_image(const fs::path& file) {
  std::error_code error;
  if (fs::file_size(file, error) > kMostBytes && !error)
    throw DataError(file.string() + ": has more than 1 GiB; make it smaller.");
  return decode_image(read_file(file), file.string());
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
