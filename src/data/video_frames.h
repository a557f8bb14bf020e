#pragma once
#include <functional>
#include <vector>

#include "tvr/base/image.h"
#include "tvr/data/corpus.h"
#include "tvr/data/frame_sampling.h"

namespace tvr {

/// Frames that a sampling rule took from a file.
struct SampledVideo {
  VideoTimeline timeline;
  std::vector<int64_t> indices;
};

/// Opens the video's file, samples it and hands each sampled frame over with its place among the indices, in any order.
/// A file found damaged on the way is counted and sampled again: a later frame for a place replaces the earlier one.
/// Thread-safe. Throws DataError naming the file. Part of builds with video support. Private to src/data.
SampledVideo read_sampled(const VideoItem& video, const FrameSampling& sampling, const DrawKey& key,
                          const std::function<void(const SampledVideo&, int64_t place, const Image&)>& take);

}  // namespace tvr
