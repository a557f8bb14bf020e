#pragma once
#include <cstdint>
#include <vector>

namespace tvr {

/// The middle frame of each of `count` equal segments of a video of `frames` frames: floor((2i+1)*frames / (2*count)),
/// i = 0 … count-1, in [0, frames). With fewer frames than segments, frames repeat. Throws std::invalid_argument unless
/// both are at least 1.
std::vector<int64_t> middle_of_segments(int64_t frames, int64_t count);

}  // namespace tvr
