#pragma once
#include <functional>
#include <vector>

#include "video/codec.h"
#include "video/packet_index.h"

namespace tvr {

/// Decodes chosen frames of an index without doubt, and of the others only what those need: from the last packet where
/// decoding may start to that of the frame, without what no other packet needs. The pixels are those of decoding
/// everything. Private to src/video and its tests. Not thread-safe.
class FramePicker {
 public:
  /// `index` must outlive it. Throws what Codec does.
  FramePicker(const PacketIndex& index, int64_t threads);

  /// Calls take(k, frame) for each k of `wanted`: presented frames, rising, none twice. False as soon as decoding
  /// contradicts the index: a packet is refused or complained of, a frame is damaged, missing or not foreseen. What was
  /// given until then stands. Throws DataError when a frame is too large, or the file changed since it was indexed.
  bool pick(const std::vector<int64_t>& wanted, const std::function<void(int64_t, const AVFrame&)>& take);

  int64_t packets_sent() const { return packets_sent_; }  ///< to the decoder, since construction

 private:
  using Take = std::function<void(int64_t, const AVFrame&)>;

  void plan(const std::vector<int64_t>& wanted);
  bool decode(const Take& take);
  bool send(const AVPacket* packet, const Take& take);
  bool receive(const Take& take);
  bool is_next(const AVFrame& frame);

  const PacketIndex& index_;
  Codec codec_;
  bool used_ = false;
  int64_t packets_sent_ = 0;
  std::vector<bool> wanted_, sent_;  // by packet
  size_t end_ = 0;                   // after the last packet to be sent
  size_t next_ = 0;                  // of index_.presented(): the frame that must come next
};

}  // namespace tvr
