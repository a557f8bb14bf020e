#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tvr/base/error.h"
#include "tvr/base/image.h"

namespace tvr {

/// What a video file presents. Never estimated from what the container states.
struct VideoInfo {
  int64_t frames = 0;            ///< frames presented, edit lists applied, in presentation order
  std::vector<double> times;     ///< [frames] presentation time of each in seconds, the first at 0, never falling;
                                 ///< a time the file does not give follows from the frame rate
  double frames_per_second = 0;  ///< average over the presented frames; 0 for a single frame
  /// What the container and the codec state, right or wrong, 0 where they do not: OpenCV's CAP_PROP_FPS, whose whole
  /// part CLIP4Clip's sampling counts with. For nothing else.
  double stated_frames_per_second = 0;
  double duration = 0;  ///< seconds from the first frame to the end of the last
  int64_t height = 0,
          width = 0;  ///< of every frame, after rotation, in stored samples: the pixel aspect is not applied
  int rotation = 0;   ///< degrees clockwise that were applied, by the file's display matrix: mostly 0, 90, 180, 270
  std::string codec, pixel_format;  ///< FFmpeg's names; the pixel format is that of the first frame
  /// Packets the container or the decoder refused, as far as all were decoded; the frames that exist are still given.
  int64_t damaged_packets = 0;
};

/// How open_video() learns which frames a file has.
enum class FrameCount {
  /// Every frame is decoded. Exact for damaged files too.
  kByDecoding,
  /// From the headers of the packets, where these tell it for certain, else by decoding. As exact for whole files, at a
  /// fraction of the cost: for loaders. Damage is noticed when a frame that read() needs shows it (FramesChanged). What
  /// cannot be noticed is damage in packets that no wanted frame needs: decoding everything may lose frames there,
  /// whereupon later ones have lower indices than here, or spoil others, which come out whole here.
  kByPackets,
};

struct VideoReaderOptions {
  /// Decoder threads, 0: one a processor. Loaders parallelise over videos instead. Damaged streams decode the same from
  /// run to run with one thread only: FFmpeg conceals what is lost with what its other threads have ready.
  int64_t threads = 1;
  FrameCount count = FrameCount::kByDecoding;
};

/// The file is damaged and does not hold the frames its packets promised. The reader that throws this has counted by
/// decoding meanwhile: its info() is exact now, and read() works with indices chosen by it.
class FramesChanged : public DataError {
 public:
  using DataError::DataError;
};

/// Exact frames of the video stream ffmpeg would choose. Frame k is the k-th frame ffmpeg presents; pixels equal
/// `ffmpeg -fps_mode passthrough -pix_fmt rgb24` of the same libraries: rotation applied, frames of another size than
/// the first scaled to it. Not thread-safe: one reader a thread. Memory: one decoded frame, FFmpeg's own buffers, the
/// packets of the stream up to 64 MiB (a larger stream is read again from the file), and 40 bytes a frame, for at most
/// a million of them, beyond that 8 bytes.
class VideoReader {
 public:
  /// Receives an image and the place in the wanted indices it is for.
  using Take = std::function<void(int64_t position, const Image&)>;

  virtual ~VideoReader() = default;
  virtual const VideoInfo& info() const = 0;

  /// Calls `take` for each wanted index. Indices may repeat and come in any order; they are visited in presentation
  /// order by one forward pass. Only what the wanted frames need is decoded, where the packets tell that for certain
  /// (H.264, HEVC, VP8, VP9, AV1, ProRes with whole timestamps), else everything up to the last of them; the pixels are
  /// the same. Throws DataError if an index is outside [0, info().frames), FramesChanged as told there, possibly after
  /// some calls of `take`.
  virtual void read(const std::vector<int64_t>& indices, const Take& take) = 0;

  /// The frame on screen at each time (seconds from the first frame): the last one that starts at or before it. Times
  /// before the first and after the last frame give those.
  virtual std::vector<int64_t> indices_at(const std::vector<double>& times) const = 0;
};

/// Opens and counts. Throws DataError naming the file and the reason when there is no decodable video frame, when a
/// side is over 16384 or the area over 8192 x 8192 pixels. A file is read on its own: what it refers to is not opened.
/// Throws std::invalid_argument for a negative number of threads.
std::unique_ptr<VideoReader> open_video(const std::filesystem::path& file, const VideoReaderOptions& options = {});

/// Opens, reads the frames that `choose` picks, and returns the info they were picked by. After FramesChanged it asks
/// `choose` once more and gives all frames again: a later image for a position replaces the earlier one. Throws what
/// open_video() and read() throw.
VideoInfo read_frames(const std::filesystem::path& file, const VideoReaderOptions& options,
                      const std::function<std::vector<int64_t>(const VideoInfo&)>& choose,
                      const VideoReader::Take& take);

}  // namespace tvr
