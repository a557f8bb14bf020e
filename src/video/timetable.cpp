#include "video/timetable.h"

#include <algorithm>

#include "tvr/video/video_reader.h"

namespace tvr {

void Timetable::add(int64_t time, int64_t duration) {
  if (time == AV_NOPTS_VALUE) {
    // Frames before the first known time count backwards from it.
    times_.push_back(times_.empty() ? 0 : times_.back() + step_);
  } else {
    const auto units = static_cast<double>(time);
    if (!known_ && !times_.empty()) {
      const double offset = units - step_ - times_.back();
      for (double& earlier : times_) earlier += offset;
    }
    known_ = true;
    times_.push_back(times_.empty() ? units : std::max(units, times_.back()));
  }
  last_duration_ = duration > 0 ? static_cast<double>(duration) : step_;
}

void Timetable::finish(VideoInfo& info) const {
  info.frames = static_cast<int64_t>(times_.size());
  info.times.clear();
  for (const double time : times_) info.times.push_back(seconds(time - times_[0]));
  info.duration = info.times.back() + seconds(last_duration_);
  if (times_.size() < 2) return;
  const double span = info.times.back();
  info.frames_per_second = span > 0 ? static_cast<double>(times_.size() - 1) / span : 1 / seconds(step_);
}

}  // namespace tvr
