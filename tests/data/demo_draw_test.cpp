#include "tvr/data/demo_draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <set>
#include <vector>

namespace tvr {
namespace {

std::array<int, 3> colour_at(const Image& image, int row, int column) {
  const uint8_t* pixel = image.pixels.data() + (row * kDemoSide + column) * 3;
  return {pixel[0], pixel[1], pixel[2]};
}

DemoObject object(int colour, int shape, DemoSize size, int x, int y) {
  return {{colour, shape}, size, x * kDemoSubpixels, y * kDemoSubpixels};
}

// Pixels whose value differs from the corner's, weighted by how much of them is covered.
double covered_area(int shape, DemoSize size) {
  DemoStill still;
  still.background = 0;
  still.objects = {object(1, shape, size, 20, 20)};  // green 190 on 20
  const Image image = draw_still(still);
  double area = 0;
  for (int row = 0; row < kDemoSide; ++row)
    for (int column = 0; column < kDemoSide; ++column) area += (colour_at(image, row, column)[1] - 20) / 170.0;
  return area;
}

TEST(DemoDraw, ShapesCoverTheAreaOfTheirFormula) {
  constexpr double kPi = std::numbers::pi;
  const double star = 5 * 0.5 * 0.2 * std::sin(kPi / 5);
  const double areas[] = {kPi * 0.25, 1.0, 0.5, star, 2 * 0.32 - 0.32 * 0.32, kPi * (0.25 - 0.24 * 0.24)};
  for (const DemoSize size : {DemoSize::kBig, DemoSize::kMid, DemoSize::kTiny}) {
    const double side = static_cast<int>(size);
    for (int shape = 0; shape < 6; ++shape)
      EXPECT_NEAR(covered_area(shape, size), areas[shape] * side * side, 0.02 * side * side)
          << kDemoShapes[static_cast<size_t>(shape)];
  }
}

TEST(DemoDraw, PutsColoursWhereTheSceneSays) {
  DemoStill still;
  still.background = 3;
  still.grey = -8;
  still.objects = {object(0, 1, DemoSize::kTiny, 16, 32)};
  const Image image = draw_still(still);
  EXPECT_EQ(colour_at(image, 0, 0), (std::array{30, 66, 32}));
  EXPECT_EQ(colour_at(image, 32, 16), (std::array{225, 35, 35}));
  EXPECT_EQ(colour_at(image, 43, 27), (std::array{225, 35, 35}));
  EXPECT_EQ(colour_at(image, 44, 27), (std::array{30, 66, 32}));
}

TEST(DemoDraw, BlendsTheEdgeOfASubpixelPosition) {
  DemoStill still;
  still.objects = {{{0, 1}, DemoSize::kBig, 10 * kDemoSubpixels + 2, 10 * kDemoSubpixels}};
  const Image image = draw_still(still);
  EXPECT_EQ(colour_at(image, 20, 10)[0], static_cast<int>(std::lround(18 + 0.75 * (225 - 18))));
  EXPECT_EQ(colour_at(image, 20, 40)[0], static_cast<int>(std::lround(18 + 0.25 * (225 - 18))));
  EXPECT_EQ(colour_at(image, 20, 41)[0], 18);
}

TEST(DemoDraw, EveryWordLooksDifferentAndStaysInTheBottomRow) {
  std::set<std::vector<uint8_t>> pictures;
  DemoStill empty;
  const Image plain = draw_still(empty);
  for (int sign = 0; sign < static_cast<int>(kDemoSigns.size()); ++sign) {
    DemoStill still;
    still.sign = sign;
    still.sign_x = kDemoSide - 2 - kDemoSignWidth;
    const Image image = draw_still(still);
    EXPECT_TRUE(std::equal(plain.pixels.begin(), plain.pixels.begin() + 80 * kDemoSide * 3, image.pixels.begin()));
    for (int row = 80; row < kDemoSide; ++row)
      EXPECT_EQ(colour_at(image, row, kDemoSide - 2), colour_at(plain, row, kDemoSide - 2));
    pictures.insert(image.pixels);
  }
  EXPECT_EQ(pictures.size(), kDemoSigns.size());
}

TEST(DemoDraw, ShowsVisitorsAndTheBriefObjectAtTheirTimesOnly) {
  Random random(1, "test");
  const DemoScene scene = draw_scene(random);
  for (int frame = 0; frame < kDemoFrames; ++frame) {
    const auto shown = still_at(scene, frame).objects;
    const auto count = [&](const DemoObject& wanted) { return std::count(shown.begin(), shown.end(), wanted); };
    EXPECT_EQ(count(scene.visitors[0]), frame < 12 ? 1 : 0);
    EXPECT_EQ(count(scene.visitors[1]), frame < 12 ? 0 : 1);
    EXPECT_EQ(count(scene.brief), frame / 3 == scene.brief_segment ? 1 : 0);
    EXPECT_EQ(count(scene.tiny[0]) + count(scene.tiny[1]), 2);
  }
}

// Power of one frequency in the first second of a signal, by its definition.
double power_at(const std::vector<float>& samples, double frequency) {
  std::complex<double> sum = 0;
  for (int i = 0; i < kDemoSampleRate; ++i)
    sum += std::polar(1.0, -2 * std::numbers::pi * frequency * i / kDemoSampleRate) *
           static_cast<double>(samples[static_cast<size_t>(i)]);
  return std::norm(sum) / kDemoSampleRate;
}

double power_between(const std::vector<float>& samples, double low, double high) {
  double most = 0;
  for (double frequency = low; frequency <= high; frequency += 1) most = std::max(most, power_at(samples, frequency));
  return most;
}

DemoScene sounding(int sound) {
  DemoScene scene;
  scene.sound = sound;
  scene.sound_seed = 9;
  return scene;
}

TEST(DemoSound, LastsAsLongAsTheFramesAndStaysInRange) {
  for (int sound = 0; sound < 6; ++sound) {
    const auto samples = draw_sound(sounding(sound));
    EXPECT_EQ(samples.size(), 48000u);
    float loudest = 0;
    for (const float sample : samples) loudest = std::max(loudest, std::abs(sample));
    EXPECT_GT(loudest, 0.2f) << kDemoSounds[static_cast<size_t>(sound)];
    EXPECT_LE(loudest, 1.0f);
  }
}

TEST(DemoSound, TonesLieWithinThePitchJitter) {
  EXPECT_GT(power_between(draw_sound(sounding(0)), 130 * 0.92, 130 * 1.08), 10.0);
  EXPECT_LT(power_between(draw_sound(sounding(1)), 130 * 0.92, 130 * 1.08), 0.1);
  EXPECT_GT(power_between(draw_sound(sounding(1)), 1200 * 0.92, 1200 * 1.08), 10.0);
  EXPECT_LT(power_between(draw_sound(sounding(0)), 1200 * 0.92, 1200 * 1.08), 0.1);
}

TEST(DemoSound, IsAPureFunctionOfTheScene) {
  for (int sound = 0; sound < 6; ++sound) EXPECT_EQ(draw_sound(sounding(sound)), draw_sound(sounding(sound)));
}

}  // namespace
}  // namespace tvr
