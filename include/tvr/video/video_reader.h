#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tvr/base/image.h"

namespace tvr {

/// What a video file presents. Counted by decoding, never estimated from the container.
struct VideoInfo {
  int64_t frames = 0;            ///< frames presented, edit lists applied, in presentation order
  std::vector<double> times;     ///< [frames] presentation time of each in seconds, the first at 0, never falling;
                                 ///< a time the file does not give follows from the frame rate
  double frames_per_second = 0;  ///< average over the presented frames; 0 for a single frame
  double duration = 0;           ///< seconds from the first frame to the end of the last
  int64_t height = 0,
          width = 0;  ///< of every frame, after rotation, in stored samples: the pixel aspect is not applied
  int rotation = 0;   ///< degrees clockwise that were applied, by the file's display matrix: mostly 0, 90, 180, 270
  std::string codec, pixel_format;  ///< FFmpeg's names; the pixel format is that of the first frame
  int64_t damaged_packets = 0;  ///< packets the container or the decoder refused; the frames that exist are still given
};

struct VideoReaderOptions {
  /// Decoder threads, 0: one a processor. Loaders parallelise over videos instead. Damaged streams decode the same from
  /// run to run with one thread only: FFmpeg conceals what is lost with what its other threads have ready.
  int64_t threads = 1;
};

/// Exact frames of the video stream ffmpeg would choose. Frame k is the k-th frame ffmpeg presents; pixels equal
/// `ffmpeg -fps_mode passthrough -pix_fmt rgb24` of the same libraries: rotation applied, frames of another size than
/// the first scaled to it. Not thread-safe: one reader a thread. Memory: one decoded frame, FFmpeg's own buffers, and 8
/// bytes a frame for the timetable.
class VideoReader {
 public:
  virtual ~VideoReader() = default;
  virtual const VideoInfo& info() const = 0;

  /// Calls `take(position, image)` for each wanted index; `position` is the place in `indices`. Indices may repeat and
  /// come in any order; they are visited in presentation order by one forward pass. Throws DataError if an index is
  /// outside [0, info().frames).
  virtual void read(const std::vector<int64_t>& indices,
                    const std::function<void(int64_t position, const Image&)>& take) = 0;

  /// The frame on screen at each time (seconds from the first frame): the last one that starts at or before it. Times
  /// before the first and after the last frame give those.
  virtual std::vector<int64_t> indices_at(const std::vector<double>& times) const = 0;
};

/// Opens and counts. Throws DataError naming the file and the reason when there is no decodable video frame, when a
/// side is over 16384 or the area over 8192 x 8192 pixels. A file is read on its own: what it refers to is not opened.
/// Throws std::invalid_argument for a negative number of threads.
std::unique_ptr<VideoReader> open_video(const std::filesystem::path& file, const VideoReaderOptions& options = {});

}  // namespace tvr
