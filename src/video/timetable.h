#pragma once
#include <cstdint>
#include <vector>

#include "video/ffmpeg_raii.h"

namespace tvr {

struct VideoInfo;

/// The presentation times of frames as they come, in units of the stream, made whole at the end. Private to src/video.
class Timetable {
 public:
  Timetable(AVRational unit, double frame_rate) : unit_(unit), step_(1 / frame_rate / av_q2d(unit)) {}

  /// `time`: AV_NOPTS_VALUE where it is unknown; `duration`: 0 where it is.
  void add(int64_t time, int64_t duration);

  /// Fills frames, times, duration and rate. There is at least one frame.
  void finish(VideoInfo& info) const;

 private:
  double seconds(double units) const { return units * unit_.num / unit_.den; }

  AVRational unit_;
  double step_, last_duration_ = 0;
  bool known_ = false;
  std::vector<double> times_;
};

}  // namespace tvr
