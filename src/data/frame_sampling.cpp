#include "tvr/data/frame_sampling.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "tvr/base/random.h"

namespace tvr {
namespace {

using Indices = std::vector<int64_t>;

constexpr int64_t kMostMoments = 10'000'000, kFarAway = int64_t{1} << 50;

// Frames [begin, end) of a video, end > begin.
struct Range {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
};

Range frames_within(const VideoTimeline& video, const TimeWindow& window) {
  const auto first = std::lower_bound(video.times.begin(), video.times.end(), window.start);
  const auto after = std::upper_bound(video.times.begin(), video.times.end(), window.end);
  Range range{first - video.times.begin(), after - video.times.begin()};
  // A window between two frames, or past the last: what is on screen when it starts.
  if (range.size() < 1) range.begin = frame_at(video.times, window.start), range.end = range.begin + 1;
  return range;
}

Indices middle_of_segments(int64_t frames, int64_t count) {
  Indices indices;
  for (int64_t i = 0; i < count; ++i) indices.push_back((2 * i + 1) * frames / (2 * count));
  return indices;
}

// Middles of truncated segments, or random frames of them; the last frame repeated where there are fewer than `count`.
Indices of_truncated_segments(int64_t frames, int64_t count, Random* random) {
  const int64_t segments = std::min(frames, count);
  const auto bounds = truncated_linspace(frames, segments + 1);
  Indices indices;
  for (size_t i = 0; i + 1 < bounds.size(); ++i) {
    const int64_t begin = bounds[i], end = bounds[i + 1];
    indices.push_back(random != nullptr ? begin + random->integer(end - begin) : (begin + end - 1) / 2);
  }
  indices.resize(static_cast<size_t>(count), indices.back());
  return indices;
}

// int(seconds * rate) for seconds that may be infinite.
int64_t whole_frames(double seconds, double rate, int64_t most) {
  return seconds * rate < static_cast<double>(most) ? static_cast<int64_t>(seconds * rate) : most;
}

Indices per_counted_second(const FrameSampling& sampling, const VideoTimeline& video, const TimeWindow& window) {
  const int64_t rate = std::max<int64_t>(1, static_cast<int64_t>(video.stated_frames_per_second));
  const int64_t wanted = std::max<int64_t>(1, static_cast<int64_t>(sampling.fps));
  const int64_t step = std::max<int64_t>(1, rate / wanted);
  const int64_t seconds = (video.frames + rate - 1) / rate;
  const int64_t last = whole_frames(window.end, 1, seconds);
  Indices indices;
  for (int64_t second = whole_frames(window.start, 1, seconds); second <= last; ++second)
    for (int64_t offset = 0, taken = 0; offset < rate && taken < wanted; offset += step, ++taken)
      if (const int64_t index = second * rate + offset; index < video.frames) indices.push_back(index);
  return indices;
}

Indices by_stride(const FrameSampling& sampling, const VideoTimeline& video, const TimeWindow& window) {
  const double rate = video.frames_per_second > 0 ? video.frames_per_second : 1;
  // nearbyint rounds half to even, as Python does.
  const auto stride = std::max<int64_t>(1, static_cast<int64_t>(std::nearbyint(rate / sampling.fps)));
  const int64_t end = whole_frames(window.end, rate, video.frames - 1);
  Indices indices;
  for (int64_t index = whole_frames(window.start, rate, video.frames - 1); index <= end; index += stride)
    indices.push_back(index);
  return indices;
}

// Which of `all` candidates stay.
Indices selected_places(int64_t all, const FrameSampling& sampling) {
  const int64_t count = sampling.count == 0 ? all : std::min(all, sampling.count);
  if (sampling.selection == "uniform" && count < all) return truncated_linspace(all - 1, count);
  Indices places(static_cast<size_t>(count));
  std::iota(places.begin(), places.end(), sampling.selection == "tail" ? all - count : 0);
  return places;
}

// Moments are counted, not listed: a gap in the timestamps may hold billions of them.
Indices by_time(const FrameSampling& sampling, const VideoTimeline& video, const TimeWindow& window) {
  const Range range = frames_within(video, window);
  const double begin = std::max(window.start, 0.0), last = video.times[static_cast<size_t>(range.end - 1)];
  const auto moment = [&](int64_t i) { return begin + static_cast<double>(i) / sampling.fps; };
  const double moments = std::max(0.0, (last - begin) * sampling.fps);
  if (sampling.count == 0 && moments > static_cast<double>(kMostMoments))
    throw std::invalid_argument("more moments than can be listed; give a count");
  auto all = static_cast<int64_t>(std::min(moments, static_cast<double>(kFarAway))) + 1;
  if (moment(all) <= last) ++all;  // the quotient was rounded down
  while (all > 1 && moment(all - 1) > last) --all;
  Indices indices;
  for (const int64_t place : selected_places(all, sampling))
    indices.push_back(std::clamp(frame_at(video.times, moment(place)), range.begin, range.end - 1));
  return indices;
}

Indices selected(const Indices& candidates, const FrameSampling& sampling) {
  Indices indices;
  for (const int64_t place : selected_places(static_cast<int64_t>(candidates.size()), sampling))
    indices.push_back(candidates[static_cast<size_t>(place)]);
  return indices;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check(const FrameSampling& sampling, const VideoTimeline& video) {
  if (!contains(kFrameRules, sampling.rule)) throw std::invalid_argument("unknown sampling rule " + sampling.rule);
  if (!contains(kFrameSelections, sampling.selection))
    throw std::invalid_argument("unknown selection " + sampling.selection);
  if (sampling.count < (may_be_short(sampling) ? 0 : 1)) throw std::invalid_argument("too few frames to sample");
  if (!(sampling.fps > 0)) throw std::invalid_argument("fps must be above 0");
  if (video.frames < 1 || static_cast<int64_t>(video.times.size()) != video.frames)
    throw std::invalid_argument("a video without frames, or without their times, cannot be sampled");
}

}  // namespace

bool is_random(const FrameSampling& sampling) {
  return sampling.rule == "random";
}

bool may_be_short(const FrameSampling& sampling) {
  return sampling.rule == "clip4clip" || sampling.rule == "drl" || sampling.rule == "fps";
}

std::vector<int64_t> truncated_linspace(int64_t last, int64_t count) {
  if (count == 1) return {0};
  const double step = static_cast<double>(last) / static_cast<double>(count - 1);
  Indices values;
  for (int64_t i = 0; i + 1 < count; ++i) values.push_back(static_cast<int64_t>(static_cast<double>(i) * step));
  values.push_back(last);
  return values;
}

int64_t frame_at(const std::vector<double>& times, double time) {
  const auto after = std::upper_bound(times.begin(), times.end(), time);
  return std::max<int64_t>(0, after - times.begin() - 1);
}

std::vector<int64_t> sample_frames(const FrameSampling& sampling, const VideoTimeline& video, const TimeWindow& window,
                                   const DrawKey& key) {
  check(sampling, video);
  if (sampling.rule == "clip4clip") {
    auto indices = selected(per_counted_second(sampling, video, window), sampling);
    return indices.empty() ? Indices{video.frames - 1} : indices;
  }
  if (sampling.rule == "drl") return selected(by_stride(sampling, video, window), sampling);
  if (sampling.rule == "fps") return by_time(sampling, video, window);
  const Range range = frames_within(video, window);
  Random random(key.seed, key.view == 0 ? "frames" : "frames of view " + std::to_string(key.view),
                static_cast<uint64_t>(key.epoch), static_cast<uint64_t>(key.index));
  auto indices = sampling.rule == "middle" ? middle_of_segments(range.size(), sampling.count)
                 : sampling.rule == "uniform"
                     ? truncated_linspace(range.size() - 1, sampling.count)
                     : of_truncated_segments(range.size(), sampling.count, is_random(sampling) ? &random : nullptr);
  for (auto& index : indices) index += range.begin;
  return indices;
}

}  // namespace tvr
