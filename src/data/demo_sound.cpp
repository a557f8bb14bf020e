#include <algorithm>
#include <cmath>
#include <numbers>

#include "tvr/data/demo_draw.h"

namespace tvr {
namespace {

double sine(double cycles) {
  return std::sin(2 * std::numbers::pi * cycles);
}
double fraction(double value) {
  return value - std::floor(value);
}

// One of kDemoSounds at a time in seconds, before its loudness; `pitch` scales every tone.
double wave(int sound, double time, double pitch, Random& noise) {
  switch (sound) {
    case 0:
      return sine(130 * pitch * time) + 0.4 * sine(260 * pitch * time);
    case 1:
      return fraction(4 * time) < 0.4 ? sine(1200 * pitch * time) : 0.0;
    case 2:
      return std::sin(2 * std::numbers::pi * 2200 * pitch * time + 6 * sine(5 * time));
    case 3: {
      // 600 and 900 Hz in turn, a quarter of a second each, without a jump in phase.
      const double turn = std::floor(time / 0.25);
      const double before = 0.25 * (std::ceil(turn / 2) * 600 + std::floor(turn / 2) * 900);
      const double tone = std::fmod(turn, 2) == 0 ? 600 : 900;
      return sine(pitch * (before + tone * (time - 0.25 * turn)));
    }
    case 4:
      return 0.5 * noise.normal();
    default:
      return std::exp(-60 * fraction(6 * time)) * (noise.chance(0.5) ? 1.0 : -1.0);
  }
}

}  // namespace

std::vector<float> draw_sound(const DemoScene& scene) {
  constexpr int64_t kCount = static_cast<int64_t>(kDemoSampleRate) * kDemoFrames / kDemoFramesPerSecond;
  constexpr double kHiss = 0.01;
  Random random(scene.sound_seed, "demo sound");
  const double pitch = random.uniform(0.92, 1.08), loudness = random.uniform(0.25, 0.4);
  std::vector<float> samples(static_cast<size_t>(kCount));
  for (int64_t i = 0; i < kCount; ++i) {
    const double time = static_cast<double>(i) / kDemoSampleRate;
    const double value = loudness * wave(scene.sound, time, pitch, random) + kHiss * random.normal();
    samples[static_cast<size_t>(i)] = static_cast<float>(std::clamp(value, -1.0, 1.0));
  }
  return samples;
}

}  // namespace tvr
