#pragma once
#include <cstdint>

#include "video/ffmpeg_raii.h"

namespace tvr {

/// What a packet tells of itself without being decoded.
struct PacketTraits {
  /// Exactly one coded picture that is shown, or hidden ones only. Nothing else here holds where this is false.
  bool understood = false;
  bool shown = true;
  /// Decoding may start here afresh: neither this packet nor a later one needs an earlier one, parameter sets aside.
  bool restart = false;
  /// No picture of the same or a lower temporal layer refers to this one, and the packet holds nothing else of use.
  bool unreferenced = false;
  int temporal_layer = 0;
  uint64_t parameter_sets = 0;  ///< a hash of those within the packet; 0 without any
  /// Presentation order among packets of equal `period`; periods follow each other.
  int64_t period = 0, order = 0;
};

/// Reads the headers of the packets of one stream, in decoding order. Knows H.264, HEVC, VP8, VP9, AV1 and ProRes.
/// Private to src/video and its tests.
class PacketInspector {
 public:
  explicit PacketInspector(const AVCodecParameters& parameters);
  PacketTraits inspect(const AVPacket& packet);

 private:
  PacketTraits inspect_nal_units(const AVPacket& packet);
  bool parse(const AVPacket& packet, PacketTraits& traits);

  AVCodecID codec_;
  int length_bytes_ = 0;  // before each NAL unit; 0: start codes
  int64_t packets_ = 0, period_ = 0;
  ffmpeg::CodecContext context_;  // for the parser
  ffmpeg::Parser parser_;
};

}  // namespace tvr
