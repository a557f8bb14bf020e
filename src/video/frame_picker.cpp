#include "video/frame_picker.h"

namespace tvr {

FramePicker::FramePicker(const PacketIndex& index, int64_t threads)
    : index_(index), codec_(index.file(), threads, true) {}

bool FramePicker::pick(const std::vector<int64_t>& wanted, const Take& take) {
  if (wanted.empty()) return true;
  plan(wanted);
  return decode(take);
}

// Backwards from each wanted packet to where its decoding may start.
void FramePicker::plan(const std::vector<int64_t>& wanted) {
  const auto& packets = index_.packets();
  wanted_.assign(packets.size(), false);
  sent_.assign(packets.size(), false);
  for (const int64_t frame : wanted)
    wanted_[static_cast<size_t>(index_.presented()[static_cast<size_t>(frame)])] = true;
  end_ = 0;
  bool needed = false;
  for (size_t i = packets.size(); i-- > 0;) {
    needed = needed || wanted_[i];
    sent_[i] = needed && (wanted_[i] || !packets[i].disposable);
    if (sent_[i] && end_ == 0) end_ = i + 1;
    if (packets[i].restart) needed = false;
  }
  next_ = 0;
}

bool FramePicker::decode(const Take& take) {
  PacketPass pass(index_);
  bool running = false;
  for (size_t i = 0; i < end_; ++i) {
    const AVPacket* packet = pass.next();
    if (packet == nullptr || packet->pts != index_.packets()[i].time)
      index_.file().fail("changed while it was read; open it again.");
    if (!sent_[i]) continue;
    if (index_.packets()[i].restart) {
      if (running && !send(nullptr, take)) return false;
      if (used_) codec_.restart();
      used_ = running = true;
    }
    ++packets_sent_;
    if (!send(packet, take)) return false;
  }
  if (!send(nullptr, take)) return false;
  while (next_ < index_.presented().size() && !sent_[static_cast<size_t>(index_.presented()[next_])]) ++next_;
  return next_ == index_.presented().size() && codec_.complaints() == 0;
}

bool FramePicker::send(const AVPacket* packet, const Take& take) {
  return codec_.send(packet) >= 0 && receive(take);
}

bool FramePicker::receive(const Take& take) {
  for (;;) {
    const int code = codec_.receive();
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return true;
    if (code < 0 || codec_.complaints() > 0 || !is_next(codec_.frame())) return false;
    const auto frame = static_cast<int64_t>(next_++);
    if (wanted_[static_cast<size_t>(index_.presented()[static_cast<size_t>(frame)])]) take(frame, codec_.frame());
  }
}

// Frames come in presentation order, one for each packet that was sent, whole.
bool FramePicker::is_next(const AVFrame& frame) {
  const auto& presented = index_.presented();
  while (next_ < presented.size() && !sent_[static_cast<size_t>(presented[next_])]) ++next_;
  return next_ < presented.size() && frame.pts == index_.packets()[static_cast<size_t>(presented[next_])].time &&
         frame.decode_error_flags == 0 && (frame.flags & AV_FRAME_FLAG_CORRUPT) == 0;
}

}  // namespace tvr
