#include "tvr/ops/resize.h"

#include <stdexcept>
#include <string>

#include "ops/picture.h"
#include "ops/resize_passes.h"

namespace tvr {
namespace {

struct Size {
  int64_t height = 0, width = 0;
  bool operator==(const Size&) const = default;
};

// The part of a resized picture that is wanted.
struct Window {
  int64_t top = 0, left = 0;
  Size size;
};

Size size_of(const Image& image) {
  return {image.height, image.width};
}

void check_sides(const Size& size, const char* picture) {
  if (size.height < 1 || size.width < 1)
    throw std::invalid_argument(std::string(picture) + " of a resize has less than one pixel a side");
  if (size.height > kLargestSide || size.width > kLargestSide)
    throw std::invalid_argument(std::string(picture) + " of a resize has more than " + std::to_string(kLargestSide) +
                                " pixels a side");
}

bool vertical_first(const Size& in, const Size& out, PassOrder order) {
  return order == PassOrder::kPillow && out.width != in.width && out.height < in.height &&
         2 * (in.width - out.width) < in.height - out.height;
}

// A resize of pictures of one size: one round of passes, or two where the vertical direction goes first.
std::vector<Passes> plan(const Size& in, const Size& out, const Window& window, Interpolation interpolation,
                         PassOrder order) {
  auto horizontal = make_kernel(in.width, out.width, interpolation, window.left, window.size.width);
  auto vertical = make_kernel(in.height, out.height, interpolation, window.top, window.size.height);
  std::vector<Passes> rounds;
  if (!vertical_first(in, out, order)) {
    rounds.push_back(make_passes(std::move(horizontal), std::move(vertical)));
    return rounds;
  }
  const auto unchanged = [&](int64_t pixels) { return make_kernel(pixels, pixels, interpolation, 0, pixels); };
  rounds.push_back(make_passes(unchanged(in.width), std::move(vertical)));
  rounds.push_back(make_passes(std::move(horizontal), unchanged(window.size.height)));
  return rounds;
}

void run(const PixelView& image, const Passes& passes, Layout layout, uint8_t* out) {
  (has_avx2() ? run_avx2 : run_portable)(image, passes, layout, out);
}

void run(const Image& image, const std::vector<Passes>& rounds, Layout layout, uint8_t* out) {
  const PixelView input{image.pixels.data(), image.height, image.width};
  if (rounds.size() == 1) return run(input, rounds[0], layout, out);
  Image between = empty_image(rounds[0].vertical.outputs(), image.width);
  run(input, rounds[0], Layout::kInterleaved, between.pixels.data());
  run({between.pixels.data(), between.height, between.width}, rounds[1], layout, out);
}

Size short_side_size(const Size& in, int64_t size) {
  check_sides(in, "the input");
  check_sides({size, size}, "the result");
  const Size out =
      in.width <= in.height ? Size{size * in.height / in.width, size} : Size{size, size * in.width / in.height};
  check_sides(out, "the result");
  return out;
}

}  // namespace

Image resize(const Image& image, int64_t height, int64_t width, Interpolation interpolation, PassOrder order) {
  check_picture(image);
  const Size size{height, width};
  check_sides(size_of(image), "the input");
  check_sides(size, "the result");
  if (size == size_of(image)) return image;
  Image result = empty_image(height, width);
  const auto rounds = plan(size_of(image), size, {0, 0, size}, interpolation, order);
  run(image, rounds, Layout::kInterleaved, result.pixels.data());
  return result;
}

Image resize_short_side(const Image& image, int64_t size, Interpolation interpolation, PassOrder order) {
  check_picture(image);
  const Size out = short_side_size(size_of(image), size);
  return resize(image, out.height, out.width, interpolation, order);
}

struct CentreSquare::State {
  int64_t size;
  Interpolation interpolation;
  PassOrder order;
  Size input;  // that `rounds` is for
  std::vector<Passes> rounds;

  void write(const Image& image, Layout layout, uint8_t* out) {
    check_picture(image);
    if (input != size_of(image)) {
      const Size resized = short_side_size(size_of(image), size);
      const Window middle{crop_margin(resized.height, size), crop_margin(resized.width, size), {size, size}};
      rounds = plan(size_of(image), resized, middle, interpolation, order);
      input = size_of(image);
    }
    run(image, rounds, layout, out);
  }
};

CentreSquare::CentreSquare(int64_t size, Interpolation interpolation, PassOrder order)
    : state_(new State{size, interpolation, order, {}, {}}) {
  check_sides({size, size}, "the result");
}

CentreSquare::~CentreSquare() = default;
CentreSquare::CentreSquare(CentreSquare&&) noexcept = default;
CentreSquare& CentreSquare::operator=(CentreSquare&&) noexcept = default;

Image CentreSquare::operator()(const Image& image) {
  Image result = empty_image(state_->size, state_->size);
  state_->write(image, Layout::kInterleaved, result.pixels.data());
  return result;
}

void CentreSquare::write_planes(const Image& image, uint8_t* pixels) {
  state_->write(image, Layout::kPlanar, pixels);
}

}  // namespace tvr
