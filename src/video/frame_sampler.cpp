#include "tvr/video/frame_sampler.h"

#include <stdexcept>

namespace tvr {

std::vector<int64_t> middle_of_segments(int64_t frames, int64_t count) {
  if (frames < 1 || count < 1)
    throw std::invalid_argument("middle_of_segments needs at least one frame and one segment");
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i) indices.push_back((2 * i + 1) * frames / (2 * count));
  return indices;
}

}  // namespace tvr
