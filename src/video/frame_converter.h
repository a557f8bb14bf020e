#pragma once
#include <array>
#include <string>
#include <vector>

#include "tvr/base/image.h"
#include "video/ffmpeg_raii.h"

namespace tvr {

/// How the ffmpeg program turns frames upright: filters with their arguments, from the display matrix of the frame or,
/// without one, of the stream.
struct Orientation {
  std::vector<std::array<std::string, 2>> filters;
  int rotation = 0;  ///< degrees clockwise, 0 … 359
  bool swaps_sides = false;
  bool operator==(const Orientation&) const = default;
};
Orientation orientation_of(const AVFrame& frame, const AVStream& stream);

/// Native frames to RGB of one size, by the filter graph that the ffmpeg program builds: turning first, then libswscale
/// with its default flags and the colour matrix and range of each frame. The graph is rebuilt when frames change, so
/// that a result depends on its own frame alone. Private to src/video.
class FrameConverter {
 public:
  FrameConverter(const AVStream& stream, int64_t height, int64_t width)
      : stream_(stream), height_(height), width_(width) {}

  /// Throws DataError with FFmpeg's reason, without the file's name.
  void convert(const AVFrame& frame, Image& image);

 private:
  // What a graph is built for.
  struct Input {
    int width = 0, height = 0, format = -1, color_range = 0, color_space = 0;
    Orientation orientation;
    bool operator==(const Input&) const = default;
  };

  void build(const AVFrame& frame, const Input& input);

  const AVStream& stream_;
  int64_t height_, width_;
  Input input_;
  ffmpeg::FilterGraph graph_;
  AVFilterContext* source_ = nullptr;
  AVFilterContext* sink_ = nullptr;
  ffmpeg::Frame rgb_ = ffmpeg::new_frame();
};

}  // namespace tvr
