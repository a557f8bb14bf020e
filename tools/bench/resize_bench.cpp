// Resizes and times on request, so that programs in other languages can compare themselves: resize_bench.sh, and
// tests/reference/pillow_resize.py. Requests are lines on standard input:
//
//   picture HEIGHT WIDTH                         followed by the bytes [height,width,3]; keeps them
//   resize HEIGHT WIDTH bilinear|bicubic         answers the bytes of the kept picture's resize()
//   square SIZE bilinear|bicubic                 … of its CentreSquare
//   planes SIZE bilinear|bicubic                 … channel by channel
//   time COUNT followed by one of these three    answers COUNT lines, microseconds of processor time, after one
//                                                more run

#include <ctime>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>

#include "tvr/base/error.h"
#include "tvr/ops/resize.h"

namespace tvr {
namespace {

constexpr const char* kRequests =
    "picture HEIGHT WIDTH, resize HEIGHT WIDTH KERNEL, square SIZE KERNEL, planes SIZE KERNEL, time COUNT REQUEST, "
    "with "
    "KERNEL bilinear or bicubic";

using Bytes = std::vector<uint8_t>;

template <typename T>
T read_value(std::istream& line) {
  T value{};
  if (!(line >> value)) throw DataError(std::string("A request is incomplete; known: ") + kRequests + ".");
  return value;
}

Interpolation read_kernel(std::istream& line) {
  const auto name = read_value<std::string>(line);
  if (name == "bicubic") return Interpolation::kBicubic;
  if (name == "bilinear") return Interpolation::kBilinear;
  throw DataError("The kernel '" + name + "' is unknown; known: bilinear, bicubic.");
}

Image read_picture(std::istream& line) {
  const auto height = read_value<int64_t>(line), width = read_value<int64_t>(line);
  if (height < 1 || width < 1 || height > kLargestSide || width > kLargestSide)
    throw DataError("A picture of " + std::to_string(height) + " x " + std::to_string(width) + " pixels is refused.");
  Image image{height, width, Bytes(static_cast<size_t>(height * width * 3))};
  if (!std::cin.read(reinterpret_cast<char*>(image.pixels.data()), static_cast<std::streamsize>(image.pixels.size())))
    throw DataError("Standard input ended inside a picture.");
  return image;
}

// What the request asks to be done with the picture, which must outlive it.
std::function<Bytes()> work(const std::string& request, std::istream& line, const Image& image) {
  if (request == "resize") {
    const auto height = read_value<int64_t>(line), width = read_value<int64_t>(line);
    return [&image, height, width, kernel = read_kernel(line)] { return resize(image, height, width, kernel).pixels; };
  }
  if (request != "square" && request != "planes")
    throw DataError("The request '" + request + "' is unknown; known: " + kRequests + ".");
  const auto size = read_value<int64_t>(line);
  const auto square = std::make_shared<CentreSquare>(size, read_kernel(line));
  if (request == "square") return [square, &image] { return (*square)(image).pixels; };
  return [square, &image, size] {
    Bytes pixels(static_cast<size_t>(3 * size * size));
    square->write_planes(image, pixels.data());
    return pixels;
  };
}

// Of this thread: what other programs take on a shared machine does not count.
double processor_microseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
}

void time(int64_t count, const std::function<Bytes()>& repeated) {
  for (int64_t i = -1; i < count; ++i) {
    const double begin = processor_microseconds();
    const auto result = repeated();
    const double duration = processor_microseconds() - begin;
    if (i >= 0) std::cout << duration << '\n';
  }
}

void answer(const std::string& text, Image& image) {
  std::istringstream line(text);
  const auto request = read_value<std::string>(line);
  if (request == "picture") {
    image = read_picture(line);
  } else if (request == "time") {
    const auto count = read_value<int64_t>(line);
    time(count, work(read_value<std::string>(line), line, image));
  } else {
    const Bytes bytes = work(request, line, image)();
    std::cout.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  std::cout.flush();
}

}  // namespace
}  // namespace tvr

int main() {
  std::ios::sync_with_stdio(false);
  try {
    tvr::Image image;
    for (std::string line; std::getline(std::cin, line);) tvr::answer(line, image);
  } catch (const std::exception& error) {
    std::cerr << "tvr_resize_bench: " << error.what() << '\n';
    return 2;
  }
}
