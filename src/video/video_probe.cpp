#include "tvr/video/video_probe.h"

#include <algorithm>
#include <cmath>

extern "C" {
#include <libavutil/pixdesc.h>
}

#include "tvr/base/error.h"
#include "tvr/video/video_reader.h"
#include "video/container.h"
#include "video/decoder.h"
#include "video/frame_converter.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

VideoProbe unusable(VideoProbe probe, VideoState state, const std::string& reason) {
  probe.state = state;
  probe.reason = reason;
  return probe;
}

// Errors of the readers begin with the file and end with a stop; a reason is the part between.
std::string reason_of(const DataError& error, const fs::path& file) {
  std::string text = error.what();
  const std::string begin = file.string() + ": ";
  if (text.starts_with(begin)) text.erase(0, begin.size());
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// What the system says before anything is opened.
VideoProbe look_up(const fs::path& file) {
  VideoProbe probe;
  std::error_code error;
  const auto status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found) return unusable(probe, VideoState::kMissing, "there is no such file");
  if (!fs::is_regular_file(status))
    return unusable(probe, VideoState::kUnreadable, error ? error.message() : "is not a regular file");
  probe.bytes = static_cast<int64_t>(fs::file_size(file, error));
  if (error) return unusable(probe, VideoState::kUnreadable, error.message());
  probe.state = probe.bytes > 0 ? VideoState::kUsable : VideoState::kEmpty;
  return probe;
}

VideoProbe diagnose(const VideoProbe& probe, Container& container, const std::string& reason) {
  const GuardedInput& input = container.input();
  switch (input.outcome()) {
    case GuardedInput::Outcome::kUnreadable:
      return unusable(probe, VideoState::kUnreadable, input.reason());
    case GuardedInput::Outcome::kUnknownFormat:
      return unusable(probe, VideoState::kNotAVideo, input.reason());
    case GuardedInput::Outcome::kListOfFiles:
      return unusable(probe, VideoState::kUnopenable, input.format_name() + ": a list of other files");
    case GuardedInput::Outcome::kUnopenable:
      return unusable(probe, VideoState::kUnopenable, input.format_name() + ": " + input.reason());
    case GuardedInput::Outcome::kOpen:
      break;
  }
  if (!container.has_video_stream()) return unusable(probe, VideoState::kNoVideoStream, "has no video stream");
  return unusable(probe, VideoState::kUndecodable, reason);
}

double rate_of(AVRational rate) {
  return rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
}

// The lowest rate that fits all times against the average; fields counted as frames double it without a change of rate.
bool rates_differ(const AVStream& stream) {
  const double average = rate_of(stream.avg_frame_rate), fitting = rate_of(stream.r_frame_rate);
  if (average == 0 || fitting == 0) return false;
  constexpr double kTolerance = 0.02;
  const double ratio = fitting / average;
  return std::abs(ratio - 1) > kTolerance && std::abs(ratio - 2) > kTolerance;
}

bool times_vary(const std::vector<double>& times) {
  if (times.size() < 3) return false;
  std::vector<double> steps;
  for (size_t i = 1; i < times.size(); ++i) steps.push_back(times[i] - times[i - 1]);
  auto sorted = steps;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2), sorted.end());
  const double usual = sorted[sorted.size() / 2];
  const double tolerance = std::max(0.1 * usual, 0.002);  // containers round times to milliseconds
  return std::any_of(steps.begin(), steps.end(), [&](double step) { return std::abs(step - usual) > tolerance; });
}

// The container's index: how many frames it presents and whether they lie inside the file.
void read_index(const Container& container, int stream_index, VideoProbe& probe, bool& complete) {
  AVStream* stream = container.stream(stream_index);
  if (stream == nullptr) return;
  const int count = avformat_index_get_entries_count(stream);
  int64_t presented = 0;
  for (int i = 0; i < count; ++i) {
    const AVIndexEntry* entry = avformat_index_get_entry(stream, i);
    if ((entry->flags & AVINDEX_DISCARD_FRAME) == 0) ++presented;
    probe.missing_bytes = std::max(probe.missing_bytes, entry->pos + entry->size - probe.bytes);
  }
  // MP4 and MOV list every frame, unless they are fragmented and list a part of them or none.
  complete = container.input().format_name().starts_with("mov") && stream->nb_frames > 0 && count >= stream->nb_frames;
  probe.stated_frames = complete ? presented : std::max<int64_t>(0, stream->nb_frames);
}

void read_stream(const Decoder& decoder, const Container& container, VideoProbe& probe) {
  const AVStream& stream = decoder.stream();
  probe.codec = decoder.codec_name();
  probe.frames_per_second = rate_of(stream.avg_frame_rate);
  probe.variable_frame_rate = rates_differ(stream);
  const double stated = stream.duration > 0 ? static_cast<double>(stream.duration) * av_q2d(stream.time_base) : 0;
  probe.duration = stated > 0 ? stated : container.duration();
}

void read_first_frame(const AVFrame& frame, const AVStream& stream, VideoProbe& probe) {
  const auto orientation = orientation_of(frame, stream);
  probe.height = orientation.swaps_sides ? frame.width : frame.height;
  probe.width = orientation.swaps_sides ? frame.height : frame.width;
  probe.rotation = orientation.rotation;
  const char* format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame.format));
  probe.pixel_format = format != nullptr ? format : "unknown";
}

void decode_all(const fs::path& file, bool index_complete, VideoProbe& probe) {
  const auto info = open_video(file)->info();
  probe.frames = info.frames;
  probe.duration = info.duration;
  probe.variable_frame_rate = times_vary(info.times);
  probe.damaged_packets = info.damaged_packets;
  if (index_complete) probe.lost_frames = std::max<int64_t>(0, probe.stated_frames - info.frames);
}

void look_inside(const fs::path& file, const Container& container, ProbeDepth depth, VideoProbe& probe) {
  Decoder decoder(file, 1);
  const AVFrame* frame = decoder.next();
  if (frame == nullptr) throw DataError(decoder.last_refusal().empty() ? "it gives no frame" : decoder.last_refusal());
  if ((decoder.stream().disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) {
    probe = unusable(probe, VideoState::kNoVideoStream, "has only a cover picture");
    return;
  }
  bool index_complete = false;
  read_stream(decoder, container, probe);
  read_first_frame(*frame, decoder.stream(), probe);
  read_index(container, decoder.stream().index, probe, index_complete);
  probe.missing_bytes = std::max(probe.missing_bytes, stated_bytes(file) - probe.bytes);
  probe.frames = probe.stated_frames;
  if (depth == ProbeDepth::kDecode) decode_all(file, index_complete, probe);
}

}  // namespace

VideoProbe probe_video(const fs::path& file, ProbeDepth depth) {
  auto probe = look_up(file);
  if (!probe.usable()) return probe;
  const auto before = probe;
  Container container(file);
  try {
    look_inside(file, container, depth, probe);
    return probe;
  } catch (const DataError& error) {
    return diagnose(before, container, reason_of(error, file));
  }
}

}  // namespace tvr
