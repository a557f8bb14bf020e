#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tvr/base/image.h"

namespace tvr {

/// Pictures and one caption each: what a tiny CLIP is pre-trained on, as CLIP was on the web.
struct StillBatch {
  std::vector<Image> images;  ///< 96x96
  std::vector<std::string> captions;
};

/// A batch of stills in the demo corpus' grammar, never repeated. Captions state what a single picture shows: objects
/// and background, nothing of order, motion, sound or sign. Curriculum by `progress` in [0, 1): below 0.15 one object,
/// captioned with the background; below 0.30 two, below 0.50 three; then whole scenes. From 0.15 on a caption names one
/// chosen object and up to two others, and with probability 0.6 a sample comes as a hard pair, next to each other: the
/// same picture with the chosen object's colour or shape changed (and another grey), the caption changed likewise. A
/// pure function of its arguments: deterministic, safe from many threads.
StillBatch draw_stills(uint64_t seed, int64_t step, int64_t count, double progress);

}  // namespace tvr
