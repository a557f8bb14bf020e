#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "tvr/video/video_reader.h"

namespace tvr {

/// What write_mp4() encodes. Deterministic: equal input gives equal bytes with the same libraries.
struct MediaContent {
  std::vector<Image> frames;  ///< all of one even size, at least one
  int64_t frames_per_second = 8;
  std::vector<float> samples;  ///< mono audio in [-1,1]; empty: no audio stream
  int64_t sample_rate = 16000;
  int64_t keyframe_interval = 12;  ///< frames
  int64_t quality = 18;            ///< x264's constant rate factor, 0 (lossless) … 51
  int64_t audio_bits_per_second = 48000;
};

/// H.264 (libx264 ultrafast, yuv420p, BT.601 limited range) and AAC in MP4; written beside `file` and renamed.
/// Throws DataError naming the file if it cannot be written or the libraries lack an encoder.
void write_mp4(const std::filesystem::path& file, const MediaContent& content);

}  // namespace tvr
