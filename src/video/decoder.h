#pragma once
#include <string>

#include "video/codec.h"
#include "video/packet_index.h"

namespace tvr {

/// One forward pass that decodes every packet. It gives the frames that the ffmpeg program presents, in its order and
/// with its native planes: frames that edit lists or the stream mark as discarded are not among them. Private to
/// src/video and its tests. Not thread-safe.
class Decoder {
 public:
  /// From an index, which must outlive it. `threads`: of the codec, 0 for one a processor. Throws DataError naming the
  /// file and the reason.
  Decoder(const PacketIndex& index, int64_t threads) : packets_(index), codec_(packets_.file(), threads, false) {}
  /// From a file, of which it reads no more than the frames that are asked for take.
  Decoder(const std::filesystem::path& file, int64_t threads)
      : packets_(file), codec_(packets_.file(), threads, false) {}
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// The next frame, valid until the next call; nullptr after the last. Damaged packets are counted and passed over.
  /// Throws DataError when a frame is too large or the file exceeds the bounds on reading.
  const AVFrame* next();

  const AVStream& stream() const { return packets_.file().stream(); }
  const char* codec_name() const { return packets_.file().codec_name(); }
  int64_t damaged_packets() const { return damaged_; }
  /// FFmpeg's reason for the last refused packet; empty if there was none.
  const std::string& last_refusal() const { return refusal_; }

 private:
  void send_packet();
  bool receive_frame();
  void refuse(int code);

  PacketPass packets_;
  Codec codec_;
  int64_t damaged_ = 0, refused_at_end_ = 0;
  std::string refusal_;
  bool receiving_ = false, draining_ = false, ended_ = false;
};

}  // namespace tvr
