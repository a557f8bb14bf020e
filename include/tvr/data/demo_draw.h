#pragma once
#include <cstdint>
#include <vector>

#include "tvr/base/image.h"
#include "tvr/data/demo_scene.h"

namespace tvr {

/// What one picture shows: a scene at one moment, or a picture made for pre-training.
struct DemoStill {
  int background = 0, grey = 0;
  std::vector<DemoObject> objects;  ///< drawn in this order, over the sign
  int sign = -1;                    ///< -1: none
  int sign_x = 0;
};

/// The scene in frame 0 … kDemoFrames-1.
DemoStill still_at(const DemoScene& scene, int frame);

/// [96,96,3] RGB. Shapes are antialiased (8x8 samples a pixel, box filter) and blended. Thread-safe.
Image draw_still(const DemoStill& still);

/// Mono, kDemoSampleRate, as long as the frames, in [-1, 1].
std::vector<float> draw_sound(const DemoScene& scene);

}  // namespace tvr
