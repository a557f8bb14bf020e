#pragma once
#include <string>

namespace tvr {

/// The media libraries this program runs with, for `tvr doctor`.
struct MediaLibraries {
  std::string ffmpeg;  ///< FFmpeg's own version: "5.1.8"
  std::string opencv;  ///< OpenCV's: "4.6.0"
  bool x264 = false;   ///< the libx264 encoder is there (write_mp4() needs it)
  bool aac = false;    ///< the AAC encoder is there (write_mp4() with audio needs it)
};

MediaLibraries media_libraries();

}  // namespace tvr
