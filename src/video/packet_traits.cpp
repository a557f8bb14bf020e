#include "video/packet_traits.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <new>
#include <string_view>
#include <vector>

namespace tvr {
namespace {

using Bytes = std::basic_string_view<uint8_t>;

/// Bits of a header, the highest first; zeros after the end.
class Bits {
 public:
  explicit Bits(Bytes bytes) : bytes_(bytes) {}
  uint32_t take(int count) {
    uint32_t value = 0;
    for (; count > 0; --count, ++next_)
      value = value << 1 | (next_ / 8 < bytes_.size() ? bytes_[next_ / 8] >> (7 - next_ % 8) & 1 : 0);
    return value;
  }

 private:
  Bytes bytes_;
  size_t next_ = 0;
};

// ---- H.264 and HEVC ------------------------------------------------------------------------------------------------

// The bytes before a NAL unit that hold its length; 0: units follow start codes. By the same rule as FFmpeg's decoders.
int length_bytes_of(const AVCodecParameters& parameters) {
  const uint8_t* data = parameters.extradata;
  const int size = parameters.extradata_size;
  if (parameters.codec_id == AV_CODEC_ID_H264 && size >= 7 && data[0] == 1) return (data[4] & 3) + 1;
  if (parameters.codec_id == AV_CODEC_ID_HEVC && size >= 23 && (data[0] != 0 || data[1] != 0 || data[2] > 1))
    return (data[21] & 3) + 1;
  return 0;
}

size_t start_code(Bytes bytes, size_t from) {
  constexpr uint8_t kCode[] = {0, 0, 1};
  return bytes.find(Bytes(kCode, 3), from);
}

// Calls visit for each NAL unit. False when the lengths do not add up to the packet, or there is no unit.
bool for_each_nal_unit(Bytes bytes, int length_bytes, const std::function<void(Bytes)>& visit) {
  if (length_bytes == 0) {
    size_t at = start_code(bytes, 0);
    if (at == Bytes::npos) return false;
    while (at != Bytes::npos) {
      const size_t next = start_code(bytes, at + 3);
      visit(bytes.substr(at + 3, next == Bytes::npos ? Bytes::npos : next - at - 3));
      at = next;
    }
    return true;
  }
  while (bytes.size() > static_cast<size_t>(length_bytes)) {
    const size_t length = Bits(bytes).take(8 * length_bytes);
    bytes.remove_prefix(static_cast<size_t>(length_bytes));
    if (length > bytes.size()) return false;
    visit(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  return bytes.empty();
}

/// What the NAL units of a packet add up to.
struct NalUnits {
  int pictures = 0;  // coded frames or fields
  bool strange = false, all_idr = true, all_unreferenced = true, only_slices = true;
  int temporal_layer = 0;
  uint64_t parameter_sets = 0;

  void add_parameter_set(Bytes unit) {
    const std::string_view text(reinterpret_cast<const char*>(unit.data()), unit.size());
    parameter_sets = parameter_sets * 31 + std::hash<std::string_view>()(text) + 1;
    only_slices = false;
  }

  void add_h264(Bytes unit) {
    const int type = unit[0] & 31;
    if (type == 1 || type == 5) {
      pictures += unit.size() > 1 ? unit[1] >> 7 : 0;  // first_mb_in_slice is 0
      all_idr = all_idr && type == 5;
      all_unreferenced = all_unreferenced && (unit[0] >> 5 & 3) == 0;
    } else if (type == 7 || type == 8 || type == 13 || type == 15) {
      add_parameter_set(unit);
    } else if ((type >= 2 && type <= 4) || type == 14 || type == 20 || type == 21) {
      strange = true;  // data partitions, scalable and multi-view streams
    } else if (type != 6 && type != 9 && type != 12) {
      only_slices = false;
    }
  }

  void add_hevc(Bytes unit) {
    const int type = unit[0] >> 1 & 63;
    if (type < 32) {
      const bool random_access = type >= 16 && type <= 23;
      pictures += unit.size() > 2 ? unit[2] >> 7 : 0;  // first_slice_segment_in_pic_flag
      // no_output_of_prior_pics_flag would make the decoder drop frames.
      strange = strange || (random_access && unit.size() > 2 && (unit[2] >> 6 & 1) != 0);
      all_idr = all_idr && (type == 19 || type == 20);
      all_unreferenced = all_unreferenced && type <= 14 && type % 2 == 0;
      temporal_layer = (unit.size() > 1 ? unit[1] & 7 : 1) - 1;
    } else if (type <= 34) {
      add_parameter_set(unit);
    } else if (type == 39) {
      strange = strange || turns_pictures(unit.substr(2));
    } else if (type != 35 && type != 38 && type != 40) {
      only_slices = false;
    }
    // Another layer (multi-view, alpha).
    strange = strange || unit.size() < 2 || ((unit[0] & 1) << 5 | unit[1] >> 3) != 0;
  }

  // A display orientation message of HEVC stays in force for later packets.
  static bool turns_pictures(Bytes messages) {
    constexpr int kDisplayOrientation = 47;
    while (messages.size() > 2) {
      size_t numbers[2] = {0, 0};  // type and size
      for (size_t& number : numbers) {
        for (; !messages.empty() && messages[0] == 255; messages.remove_prefix(1)) number += 255;
        if (messages.empty()) return false;
        number += messages[0];
        messages.remove_prefix(1);
      }
      if (numbers[0] == kDisplayOrientation) return true;
      messages.remove_prefix(std::min(numbers[1], messages.size()));
    }
    return false;
  }
};

// ---- VP8, VP9, AV1 -------------------------------------------------------------------------------------------------

PacketTraits inspect_vp8(Bytes bytes) {
  PacketTraits traits;
  traits.understood = bytes.size() >= 3;
  traits.restart = (bytes[0] & 1) == 0;
  traits.shown = (bytes[0] >> 4 & 1) != 0;
  return traits;
}

struct Vp9Frame {
  bool valid, key, shown;
};

Vp9Frame inspect_vp9_frame(Bytes bytes) {
  Bits bits(bytes);
  const bool valid = bits.take(2) == 2;
  const uint32_t profile = bits.take(1) | bits.take(1) << 1;
  if (profile == 3) bits.take(1);
  if (bits.take(1) != 0) return {valid, false, true};  // an existing frame is shown
  const bool key = bits.take(1) == 0;
  return {valid, key, bits.take(1) != 0};
}

// The frames of a VP9 packet: one, or those that the index at its end tells.
std::vector<Bytes> vp9_frames(Bytes bytes) {
  const uint8_t marker = bytes.back();
  const size_t count = (marker & 7u) + 1, width = (marker >> 3 & 3u) + 1, index = 2 + count * width;
  if ((marker & 0xE0) != 0xC0 || bytes.size() < index || bytes[bytes.size() - index] != marker) return {bytes};
  std::vector<Bytes> frames;
  Bytes sizes = bytes.substr(bytes.size() - index + 1);
  Bytes rest = bytes.substr(0, bytes.size() - index);
  for (size_t i = 0; i < count; ++i) {
    size_t size = 0;
    for (size_t k = 0; k < width; ++k) size |= size_t{sizes[i * width + k]} << (8 * k);
    if (size > rest.size()) return {};
    if (size > 0) frames.push_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  return frames;
}

PacketTraits inspect_vp9(Bytes bytes) {
  PacketTraits traits;
  int shown = 0;
  bool first = true;
  traits.understood = true;
  const auto frames = vp9_frames(bytes);
  for (const Bytes frame : frames) {
    const auto [valid, key, is_shown] = inspect_vp9_frame(frame);
    traits.understood = traits.understood && valid;
    if (first) traits.restart = key;
    first = false;
    shown += is_shown ? 1 : 0;
  }
  traits.understood = traits.understood && !frames.empty() && shown <= 1;
  traits.shown = shown == 1;
  return traits;
}

PacketTraits inspect_av1(Bytes bytes) {
  PacketTraits traits;
  bool sequence = false, first = true, known = true;
  int shown = 0;
  while (!bytes.empty()) {
    const int type = bytes[0] >> 3 & 15;
    const bool extended = (bytes[0] & 4) != 0, sized = (bytes[0] & 2) != 0;
    bytes.remove_prefix(std::min<size_t>(extended ? 2 : 1, bytes.size()));
    size_t size = sized ? 0 : bytes.size();
    for (int shift = 0; sized && shift < 35 && !bytes.empty(); shift += 7) {
      const uint8_t byte = bytes[0];
      bytes.remove_prefix(1);
      size |= size_t{byte & 127u} << shift;
      if (byte < 128) break;
    }
    if (size > bytes.size()) return traits;
    Bits bits(bytes.substr(0, size));
    bytes.remove_prefix(size);
    if (type == 1) {  // sequence header: profile, still picture, and a reduced header, whose frames look otherwise
      bits.take(4);
      known = known && bits.take(1) == 0;
      sequence = true;
    } else if (type == 3 || type == 6) {  // frame header, frame
      const bool existing = bits.take(1) != 0, key = bits.take(2) == 0, is_shown = bits.take(1) != 0;
      if (first) traits.restart = sequence && !existing && key && is_shown;
      first = false;
      shown += existing || is_shown ? 1 : 0;
    }
  }
  traits.understood = known && shown == 1;
  return traits;
}

}  // namespace

PacketInspector::PacketInspector(const AVCodecParameters& parameters)
    : codec_(parameters.codec_id), length_bytes_(length_bytes_of(parameters)) {
  if (codec_ != AV_CODEC_ID_H264 && codec_ != AV_CODEC_ID_HEVC) return;
  context_.reset(avcodec_alloc_context3(nullptr));
  parser_.reset(av_parser_init(codec_));
  if (!context_ || !parser_ || avcodec_parameters_to_context(context_.get(), &parameters) < 0) throw std::bad_alloc();
  parser_->flags |= PARSER_FLAG_COMPLETE_FRAMES;
}

// The order in which pictures are to be shown and whether they are fields: what takes parameter sets to read.
bool PacketInspector::parse(const AVPacket& packet, PacketTraits& traits) {
  uint8_t* data = nullptr;
  int size = 0;
  parser_->picture_structure = AV_PICTURE_STRUCTURE_UNKNOWN;
  parser_->output_picture_number = std::numeric_limits<int>::min();  // stays where the headers cannot be read
  av_parser_parse2(parser_.get(), context_.get(), &data, &size, packet.data, packet.size, packet.pts, packet.dts, -1);
  traits.order = parser_->output_picture_number;
  return size > 0;
}

PacketTraits PacketInspector::inspect_nal_units(const AVPacket& packet) {
  NalUnits units;
  const bool h264 = codec_ == AV_CODEC_ID_H264;
  const bool whole =
      for_each_nal_unit(Bytes(packet.data, static_cast<size_t>(packet.size)), length_bytes_, [&](Bytes unit) {
        if (!unit.empty()) h264 ? units.add_h264(unit) : units.add_hevc(unit);
      });
  PacketTraits traits;
  const bool parsed = parse(packet, traits);
  const bool fields = h264 && parser_->picture_structure != AV_PICTURE_STRUCTURE_FRAME;
  const bool known = !h264 || parser_->picture_structure != AV_PICTURE_STRUCTURE_UNKNOWN;
  traits.understood = whole && parsed && known && !units.strange && units.pictures == (fields ? 2 : 1);
  traits.restart = units.all_idr;
  traits.unreferenced = units.all_unreferenced && units.only_slices;
  traits.temporal_layer = units.temporal_layer;
  traits.parameter_sets = units.parameter_sets;
  if (traits.restart) ++period_;
  traits.period = period_;
  return traits;
}

PacketTraits PacketInspector::inspect(const AVPacket& packet) {
  const Bytes bytes(packet.data, static_cast<size_t>(packet.size));
  PacketTraits traits;
  switch (codec_) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
      return inspect_nal_units(packet);
    case AV_CODEC_ID_VP8:
      traits = inspect_vp8(bytes);
      break;
    case AV_CODEC_ID_VP9:
      traits = inspect_vp9(bytes);
      break;
    case AV_CODEC_ID_AV1:
      traits = inspect_av1(bytes);
      break;
    case AV_CODEC_ID_PRORES:
      traits.understood = traits.restart = traits.unreferenced = true;
      break;
    default:
      break;
  }
  traits.period = packets_++;  // these codecs have no frames that wait for later packets
  return traits;
}

}  // namespace tvr
