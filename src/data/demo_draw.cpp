#include "tvr/data/demo_draw.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <stdexcept>
#include <tuple>

#include "data/demo_glyphs.h"

namespace tvr {
namespace {

using Colour = std::array<int, 3>;  // RGB, 0 … 255
constexpr std::array<Colour, 6> kColours{
    {{225, 35, 35}, {30, 190, 60}, {45, 75, 235}, {245, 225, 40}, {170, 55, 205}, {50, 215, 225}}};
constexpr std::array<Colour, 5> kBackgrounds{
    {{18, 20, 44}, {236, 236, 242}, {196, 168, 120}, {38, 74, 40}, {104, 66, 92}}};
constexpr int kSnow = 1, kSand = 2;  // bright: their signs are black
constexpr int kSamples = kDemoSubpixels * kDemoSubpixels;

// Whether a shape covers a point; x and y count in sides of the shape from its centre, y downwards.
bool covers(int shape, double x, double y) {
  const double radius = std::hypot(x, y);
  switch (shape) {
    case 0:
      return radius <= 0.5;
    case 1:
      return true;
    case 2:
      return std::abs(x) <= (y + 0.5) / 2;
    case 3: {
      // Five tips: fold the angle into half a tip, then compare with the line from the tip to the notch beside it.
      constexpr double kHalfTip = std::numbers::pi / 5, kTip = 0.5, kNotch = 0.2;
      double angle = std::fmod(std::atan2(x, -y) + 2 * std::numbers::pi, 2 * kHalfTip);
      angle = std::min(angle, 2 * kHalfTip - angle);
      const double along = radius * std::cos(angle), across = radius * std::sin(angle);
      const double notch_along = kNotch * std::cos(kHalfTip), notch_across = kNotch * std::sin(kHalfTip);
      return across * (kTip - notch_along) <= notch_across * (kTip - along);
    }
    case 4:
      return std::abs(x) <= 0.16 || std::abs(y) <= 0.16;
    default:
      return radius <= 0.5 && radius >= 0.24;
  }
}

// How many of each pixel's samples a shape covers, for one shape, side and offset within the pixel.
struct Mask {
  int side = 0;
  std::vector<uint8_t> samples;  // [side,side], 0 … kSamples
};

// Which of the samples a shape covers, at whole pixels.
std::vector<bool> sample_shape(int shape, int side) {
  const int extent = side * kDemoSubpixels;
  std::vector<bool> covered(static_cast<size_t>(extent * extent));
  for (int row = 0; row < extent; ++row)
    for (int column = 0; column < extent; ++column)
      covered[static_cast<size_t>(row * extent + column)] =
          covers(shape, (column + 0.5) / extent - 0.5, (row + 0.5) / extent - 0.5);
  return covered;
}

Mask draw_mask(const std::vector<bool>& covered, int side, int offset_x, int offset_y) {
  Mask mask{side + (offset_x + offset_y > 0 ? 1 : 0), {}};
  mask.samples.resize(static_cast<size_t>(mask.side * mask.side));
  const int extent = side * kDemoSubpixels;
  for (int row = 0; row < extent; ++row) {
    uint8_t* samples = mask.samples.data() + (row + offset_y) / kDemoSubpixels * mask.side;
    for (int column = 0; column < extent; ++column)
      if (covered[static_cast<size_t>(row * extent + column)]) ++samples[(column + offset_x) / kDemoSubpixels];
  }
  return mask;
}

// Every mask a scene can need; made once.
class Masks {
 public:
  Masks() {
    for (int shape = 0; shape < static_cast<int>(kDemoShapes.size()); ++shape)
      for (const DemoSize size : {DemoSize::kBig, DemoSize::kMid, DemoSize::kTiny}) add(shape, size);
  }
  const Mask& at(int shape, DemoSize size, int offset_x, int offset_y) const {
    return masks_.at({shape, size, offset_x, offset_y});
  }

 private:
  void add(int shape, DemoSize size) {
    const int side = static_cast<int>(size);
    const auto covered = sample_shape(shape, side);
    const int offsets = size == DemoSize::kBig ? kDemoSubpixels : 1;  // only the actor moves
    for (int offset = 0; offset < offsets; ++offset) {
      masks_[{shape, size, offset, 0}] = draw_mask(covered, side, offset, 0);
      masks_[{shape, size, 0, offset}] = draw_mask(covered, side, 0, offset);
    }
  }
  std::map<std::tuple<int, DemoSize, int, int>, Mask> masks_;
};

const Masks& masks() {
  static const Masks kMasks;
  return kMasks;
}

uint8_t* pixel(Image& image, int row, int column) {
  return image.pixels.data() + (row * kDemoSide + column) * 3;
}

void fill_background(Image& image, const DemoStill& still) {
  const Colour& base = kBackgrounds.at(static_cast<size_t>(still.background));
  std::array<uint8_t, 3> colour{};
  for (size_t c = 0; c < 3; ++c) colour[c] = static_cast<uint8_t>(std::clamp(base[c] + still.grey, 0, 255));
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = colour[i % 3];
}

// Whether a letter's dot is set; dots outside it are not.
bool dot(const std::array<uint8_t, kGlyphHeight>& glyph, int row, int column) {
  if (row < 0 || row >= kGlyphHeight || column < 0 || column >= kGlyphWidth) return false;
  return ((glyph[static_cast<size_t>(row)] >> (kGlyphWidth - 1 - column)) & 1) != 0;
}

// A pixel of the letter at twice its size, diagonals smoothed by the rule of Scale2x (Mazzoleni 2001): readers of text
// take the stairs of doubled dots for other letters (N for H).
bool smooth_dot(const std::array<uint8_t, kGlyphHeight>& glyph, int row, int column) {
  const int y = row / 2, x = column / 2, up = row % 2 == 0 ? -1 : 1, side = column % 2 == 0 ? -1 : 1;
  const bool vertical = dot(glyph, y + up, x), horizontal = dot(glyph, y, x + side);
  const bool corner =
      vertical == horizontal && vertical != dot(glyph, y, x - side) && horizontal != dot(glyph, y - up, x);
  return corner ? vertical : dot(glyph, y, x);
}

void draw_letter(Image& image, char letter, int left, uint8_t value) {
  constexpr int kTop = kDemoSide - kDemoCell + 1;
  const auto& glyph = kGlyphs.at(static_cast<size_t>(letter - 'a'));
  for (int row = 0; row < 2 * kGlyphHeight; ++row)
    for (int column = 0; column < 2 * kGlyphWidth; ++column)
      if (smooth_dot(glyph, row, column)) std::fill_n(pixel(image, kTop + row, left + column), 3, value);
}

void draw_sign(Image& image, const DemoStill& still) {
  const uint8_t value = still.background == kSnow || still.background == kSand ? 0 : 255;
  int left = still.sign_x;
  for (const char letter : kDemoSigns.at(static_cast<size_t>(still.sign))) {
    draw_letter(image, letter, left, value);
    left += 2 * (kGlyphWidth + 1);
  }
}

void draw_object(Image& image, const DemoObject& object) {
  const Mask& mask = masks().at(object.look.shape, object.size, object.x % kDemoSubpixels, object.y % kDemoSubpixels);
  const Colour& colour = kColours.at(static_cast<size_t>(object.look.colour));
  const int left = object.x / kDemoSubpixels, top = object.y / kDemoSubpixels;
  const int rows = std::min(mask.side, kDemoSide - top), columns = std::min(mask.side, kDemoSide - left);
  for (int row = 0; row < rows; ++row) {
    uint8_t* target = pixel(image, top + row, left);
    const uint8_t* samples = mask.samples.data() + row * mask.side;
    for (int column = 0; column < columns; ++column, target += 3) {
      const int share = samples[column];
      for (size_t c = 0; c < 3; ++c)
        target[c] =
            static_cast<uint8_t>((target[c] * (kSamples - share) + colour[c] * share + kSamples / 2) / kSamples);
    }
  }
}

// The actor's way by a frame, in 1/8 pixel: rounded so that a reversed journey passes the same places.
int travelled(int frame) {
  constexpr int kPath = kDemoSubpixels * kDemoTravel, kSteps = kDemoFrames - 1;
  return (2 * kPath * frame + kSteps) / (2 * kSteps);
}

DemoObject moved_actor(const DemoScene& scene, int frame) {
  DemoObject actor = scene.actor;
  switch (scene.direction) {
    case DemoDirection::kLeft:
      actor.x -= travelled(frame);
      break;
    case DemoDirection::kRight:
      actor.x += travelled(frame);
      break;
    case DemoDirection::kUp:
      actor.y -= travelled(frame);
      break;
    case DemoDirection::kDown:
      actor.y += travelled(frame);
      break;
  }
  return actor;
}

}  // namespace

DemoStill still_at(const DemoScene& scene, int frame) {
  if (frame < 0 || frame >= kDemoFrames) throw std::logic_error("still_at: no such frame");
  DemoStill still{scene.background, scene.grey, {scene.tiny[0], scene.tiny[1]}, scene.sign, scene.sign_x};
  still.objects.push_back(scene.visitors[frame < kDemoFrames / 2 ? 0 : 1]);
  if (frame / (kDemoFrames / kDemoSegments) == scene.brief_segment) still.objects.push_back(scene.brief);
  still.objects.push_back(moved_actor(scene, frame));
  return still;
}

Image draw_still(const DemoStill& still) {
  Image image{kDemoSide, kDemoSide, std::vector<uint8_t>(static_cast<size_t>(kDemoSide) * kDemoSide * 3)};
  fill_background(image, still);
  if (still.sign >= 0) draw_sign(image, still);
  for (const DemoObject& object : still.objects) draw_object(image, object);
  return image;
}

}  // namespace tvr
