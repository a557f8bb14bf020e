#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace tvr {

/// How closely a video is looked at.
enum class ProbeDepth {
  kHeaders,  ///< the container's headers and the first frame; reads little of a file, however long it is
  kDecode    ///< every frame
};

/// Whether frames of a file can be had.
enum class VideoState {
  kUsable,
  kMissing,        ///< there is no file
  kEmpty,          ///< no bytes
  kUnreadable,     ///< not a regular file, or the system refuses to read it
  kNotAVideo,      ///< no media format that FFmpeg knows
  kUnopenable,     ///< begins as a media file, but its headers are cut off or broken
  kNoVideoStream,  ///< sound alone, at most with a cover picture
  kUndecodable     ///< not one frame of its video stream can be decoded
};

/// What is known of a video file. Numbers a container does not state are 0 at depth kHeaders.
struct VideoProbe {
  VideoState state = VideoState::kMissing;
  std::string reason;  ///< why it is not usable, in FFmpeg's or the system's words
  int64_t bytes = 0;
  std::string codec, pixel_format;   ///< FFmpeg's names
  int64_t height = 0, width = 0;     ///< after rotation, as in VideoInfo
  int rotation = 0;                  ///< degrees clockwise
  double frames_per_second = 0;      ///< average, as the container states it
  bool variable_frame_rate = false;  ///< kHeaders: as far as the stated rates tell
  int64_t stated_frames = 0;         ///< as the container counts them, edit lists applied
  int64_t frames = 0;                ///< presented; kHeaders: stated_frames
  double duration = 0;               ///< seconds; kHeaders: as stated for the video stream, else for the file
  int64_t missing_bytes = 0;         ///< how far the container's own sizes and index point past the end of the file
  int64_t lost_frames = 0;           ///< kDecode: of stated_frames, where the container's index is complete
  int64_t damaged_packets = 0;       ///< kDecode: refused by the container or the decoder

  bool usable() const { return state == VideoState::kUsable; }
  bool operator==(const VideoProbe&) const = default;
};

/// Looks at one file with one thread. What is wrong with it is told in the result; it never throws for a file. Where
/// the index of an MP4 does not tell (fragments), a cut-off end is not seen.
VideoProbe probe_video(const std::filesystem::path& file, ProbeDepth depth);

}  // namespace tvr
