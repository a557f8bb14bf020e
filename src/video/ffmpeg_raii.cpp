#include "video/ffmpeg_raii.h"

#include <spdlog/spdlog.h>

#include <array>
#include <mutex>
#include <new>

namespace tvr::ffmpeg {
namespace {

void log_line(void* object, int level, const char* format, va_list arguments) {
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

Frame new_frame() { return owned<Frame>(av_frame_alloc()); }
Packet new_packet() { return owned<Packet>(av_packet_alloc()); }

std::string error_text(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return text.data();
}

void quiet_log() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(log_line); });
}

}  // namespace tvr::ffmpeg
