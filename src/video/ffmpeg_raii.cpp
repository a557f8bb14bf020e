#include "video/ffmpeg_raii.h"

#include <spdlog/spdlog.h>

#include <array>
#include <mutex>
#include <new>

namespace tvr::ffmpeg {
namespace {

// The counter of the codec that writes a line, also of the copies that its threads work with.
ErrorCount* error_count_of(void* object) {
  if (object == nullptr || *static_cast<const AVClass**>(object) != avcodec_get_class()) return nullptr;
  return static_cast<ErrorCount*>(static_cast<AVCodecContext*>(object)->opaque);
}

void log_line(void* object, int level, const char* format, va_list arguments) {
  if (level <= AV_LOG_ERROR)
    if (ErrorCount* errors = error_count_of(object)) ++*errors;
  if (level > AV_LOG_WARNING || !spdlog::should_log(spdlog::level::debug)) return;
  std::array<char, 1024> line{};
  int at_start_of_line = 1;
  av_log_format_line2(object, level, format, arguments, line.data(), static_cast<int>(line.size()), &at_start_of_line);
  std::string text(line.data());
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  spdlog::debug("ffmpeg: {}", text);
}

template <class Owner, class Object>
Owner owned(Object* object) {
  if (object == nullptr) throw std::bad_alloc();
  return Owner(object);
}

}  // namespace

Frame new_frame() {
  return owned<Frame>(av_frame_alloc());
}
Packet new_packet() {
  return owned<Packet>(av_packet_alloc());
}

std::string error_text(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return text.data();
}

const int32_t* display_matrix(const AVStream& stream) {
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)  // FFmpeg 6.1: side data moved to the codec parameters
  const auto* data = av_packet_side_data_get(stream.codecpar->coded_side_data, stream.codecpar->nb_coded_side_data,
                                             AV_PKT_DATA_DISPLAYMATRIX);
  return data != nullptr && data->size >= 9 * sizeof(int32_t) ? reinterpret_cast<const int32_t*>(data->data) : nullptr;
#else
  size_t size = 0;
  const uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  return data != nullptr && size >= 9 * sizeof(int32_t) ? reinterpret_cast<const int32_t*>(data) : nullptr;
#endif
}

int64_t duration_of(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)  // FFmpeg 6.0: a new name
  return frame.duration;
#else
  return frame.pkt_duration;
#endif
}

std::string color_arguments([[maybe_unused]] const AVFrame& frame) {
#if LIBAVFILTER_VERSION_INT >= AV_VERSION_INT(9, 16, 100)  // FFmpeg 7.0: colours are negotiated between filters
  return ":colorspace=" + std::to_string(frame.colorspace) + ":range=" + std::to_string(frame.color_range);
#else
  return "";
#endif
}

void quiet_log() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(log_line); });
}

}  // namespace tvr::ffmpeg
