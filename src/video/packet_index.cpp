#include "video/packet_index.h"

#include <algorithm>
#include <set>

#include "video/packet_traits.h"

namespace tvr {
namespace {

constexpr size_t kMostPackets = 1'000'000;

// What keeping a packet costs besides its bytes: FFmpeg's structure, buffers and padding.
constexpr int64_t kPacketOverhead = 512;

bool has_side_data(const AVPacket& packet, AVPacketSideDataType type) {
  return av_packet_get_side_data(&packet, type, nullptr) != nullptr;
}

}  // namespace

/// Collects packets and what makes their promise doubtful; the first doubt is kept.
class PacketIndex::Builder {
 public:
  explicit Builder(PacketIndex& index) : index_(index), stream_(index.file_.stream()), inspector_(*stream_.codecpar) {}

  void add(const AVPacket& packet) {
    if (!index_.doubt_.empty()) return;
    const PacketTraits traits = inspector_.inspect(packet);
    doubt_packet(packet, traits);
    if (traits_.size() == kMostPackets) doubt("there are too many");
    traits_.push_back(traits);
    index_.packets_.push_back({packet.pts, packet.duration, traits.restart, false});
    discarded_.push_back((packet.flags & AV_PKT_FLAG_DISCARD) != 0);
  }

  void finish() {
    if (traits_.empty()) doubt("there are none");
    if (index_.file_.read_error() != 0) doubt("the end cannot be read");
    if (index_.doubt_.empty()) order();
    if (index_.doubt_.empty()) mark();
    if (index_.doubt_.empty()) return;
    index_.packets_ = {};
    index_.presented_ = {};
  }

 private:
  void doubt(const char* reason) {
    if (index_.doubt_.empty()) index_.doubt_ = reason;
  }

  void doubt_packet(const AVPacket& packet, const PacketTraits& traits) {
    if (!traits.understood) doubt("one is not understood");
    if (packet.pts == AV_NOPTS_VALUE) doubt("one has no time");
    if ((packet.flags & AV_PKT_FLAG_CORRUPT) != 0) doubt("one is corrupt");
    if (has_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA) || has_side_data(packet, AV_PKT_DATA_PARAM_CHANGE))
      doubt("one changes the decoder's settings");
    if (traits_.empty() && !traits.restart) doubt("decoding cannot start with the first");
  }

  // The decoder presents frames in the order of their pictures; their times must agree, and it must wait long enough.
  void order() {
    std::vector<int64_t> by_time;
    for (size_t i = 0; i < traits_.size(); ++i)
      if (traits_[i].shown) by_time.push_back(static_cast<int64_t>(i));
    const auto time = [&](int64_t i) { return index_.packets_[static_cast<size_t>(i)].time; };
    std::stable_sort(by_time.begin(), by_time.end(), [&](int64_t a, int64_t b) { return time(a) < time(b); });
    const auto place = [&](int64_t i) {
      const auto& traits = traits_[static_cast<size_t>(i)];
      return std::pair(traits.period, traits.order);
    };
    for (size_t k = 1; k < by_time.size(); ++k)
      if (time(by_time[k - 1]) == time(by_time[k]) || place(by_time[k - 1]) >= place(by_time[k]))
        return doubt("their times and their order disagree");
    if (waiting(by_time) > stream_.codecpar->video_delay) return doubt("the decoder does not wait long enough");
    for (const int64_t i : by_time)
      if (!discarded_[static_cast<size_t>(i)]) index_.presented_.push_back(i);
    if (index_.presented_.empty()) doubt("none is presented");
  }

  // The most frames that are decoded before another one and presented after it.
  static int64_t waiting(const std::vector<int64_t>& by_time) {
    int64_t most = 0;
    std::multiset<int64_t> later;  // packets of the frames presented after the current one
    for (size_t k = by_time.size(); k-- > 0;) {
      // Packets wait only within the reach of reordering: those with smaller numbers than this one.
      most = std::max(most, static_cast<int64_t>(std::distance(later.begin(), later.lower_bound(by_time[k]))));
      later.insert(by_time[k]);
      if (later.size() > 64) later.erase(std::prev(later.end()));
    }
    return most;
  }

  // Starting afresh skips packets, and what would be lost with them must not be needed: parameter sets in the packets
  // have to be the same everywhere and present where decoding starts.
  void mark() {
    uint64_t sets = 0;
    bool several = false;
    int highest_layer = 0;
    for (const auto& traits : traits_) {
      if (traits.parameter_sets != 0) {
        several = several || (sets != 0 && sets != traits.parameter_sets);
        sets = traits.parameter_sets;
      }
      highest_layer = std::max(highest_layer, traits.temporal_layer);
    }
    for (size_t i = 0; i < traits_.size(); ++i) {
      auto& packet = index_.packets_[i];
      packet.restart = packet.restart && (i == 0 || (!several && traits_[i].parameter_sets == sets));
      packet.disposable = traits_[i].unreferenced && traits_[i].temporal_layer == highest_layer;
    }
  }

  PacketIndex& index_;
  const AVStream& stream_;
  PacketInspector inspector_;
  std::vector<PacketTraits> traits_;
  std::vector<bool> discarded_;
};

PacketIndex::PacketIndex(VideoFile& file, int64_t most_bytes_kept) : file_(file) {
  Builder builder(*this);
  int64_t bytes = 0;
  while (AVPacket* packet = file.next_packet()) {
    builder.add(*packet);
    bytes += packet->size + kPacketOverhead;
    for (int i = 0; i < packet->side_data_elems; ++i) bytes += static_cast<int64_t>(packet->side_data[i].size);
    kept_ = kept_ && bytes <= most_bytes_kept;
    if (!kept_) {
      store_.clear();
      continue;
    }
    store_.push_back(ffmpeg::new_packet());
    av_packet_move_ref(store_.back().get(), packet);
  }
  builder.finish();
}

PacketPass::PacketPass(const PacketIndex& index) : index_(&index) {
  if (!index.kept()) file_.emplace(index.file().path());
}

const AVPacket* PacketPass::next() {
  if (file_) return file_->next_packet();
  return next_ < index_->store_.size() ? index_->store_[next_++].get() : nullptr;
}

}  // namespace tvr
