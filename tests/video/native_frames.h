#pragma once
#include "test_videos.h"
#include "video/ffmpeg_raii.h"

extern "C" {
#include <libavutil/imgutils.h>
}

namespace tvr::test {

/// What `ffmpeg -f framemd5` hashes: the planes of a frame without padding.
inline std::string md5_of_planes(const AVFrame& frame) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  std::vector<uint8_t> bytes(static_cast<size_t>(av_image_get_buffer_size(format, frame.width, frame.height, 1)));
  av_image_copy_to_buffer(bytes.data(), static_cast<int>(bytes.size()), frame.data, frame.linesize, format, frame.width,
                          frame.height, 1);
  return md5(bytes.data(), bytes.size());
}

}  // namespace tvr::test
