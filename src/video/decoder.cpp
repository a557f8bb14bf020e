#include "video/decoder.h"

namespace tvr {

const AVFrame* Decoder::next() {
  while (!ended_) {
    if (receiving_ && receive_frame()) return &codec_.frame();
    if (ended_) break;
    if (draining_) {
      receiving_ = true;
    } else {
      send_packet();
    }
  }
  return nullptr;
}

// Like the program, what the decoder refuses is lost and the next packet tried.
void Decoder::send_packet() {
  const AVPacket* packet = packets_.next();
  if (packet == nullptr) {
    if (packets_.file().read_error() != 0) refuse(packets_.file().read_error());
    draining_ = receiving_ = true;
    codec_.send(nullptr);
    return;
  }
  const int code = codec_.send(packet);
  receiving_ = code >= 0;
  if (code < 0) refuse(code);
}

bool Decoder::receive_frame() {
  const int code = codec_.receive();
  if (code >= 0) return true;
  receiving_ = false;
  if (code == AVERROR_EOF) ended_ = true;
  if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) {
    ended_ = ended_ || draining_;
    return false;
  }
  refuse(code);
  // A decoder that keeps failing while it hands out its last frames has none left.
  constexpr int64_t kMostRefusedAtEnd = 100;
  if (draining_ && ++refused_at_end_ > kMostRefusedAtEnd) ended_ = true;
  return false;
}

void Decoder::refuse(int code) {
  ++damaged_;
  refusal_ = ffmpeg::error_text(code);
}

}  // namespace tvr
