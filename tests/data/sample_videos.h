#pragma once
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tvr/base/file.h"
#include "tvr/video/media_writer.h"

namespace tvr::test {

constexpr int64_t kSampleFrames = 16, kSampleRate = 8;

/// A video of grey frames of 32x32, each lighter than the one before, at 8 frames a second.
inline std::filesystem::path write_sample(const std::filesystem::path& file, int64_t frames = kSampleFrames) {
  constexpr int64_t kSide = 32, kStep = 8;
  MediaContent content;
  content.frames_per_second = kSampleRate;
  for (int64_t i = 0; i < frames; ++i)
    content.frames.push_back({kSide, kSide, std::vector<uint8_t>(kSide * kSide * 3, static_cast<uint8_t>(kStep * i))});
  write_mp4(file, content);
  return file;
}

/// A second of silence: a media file without any video.
inline std::string sound_alone() {
  constexpr uint32_t kRate = 8000, kHeader = 36;
  const auto number = [](uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
    return text;
  };
  return "RIFF" + number(kHeader + kRate, 4) + "WAVEfmt " + number(16, 4) + number(1, 2) + number(1, 2) +
         number(kRate, 4) + number(kRate, 4) + number(1, 2) + number(8, 2) + "data" + number(kRate, 4) +
         std::string(kRate, '\x80');
}

/// A sample whose last bytes are missing; its index comes first, as in most downloads.
inline std::filesystem::path write_cut_off(const std::filesystem::path& file, size_t missing) {
  const auto bytes = read_file(write_sample(file));
  write_file(file, bytes.substr(0, bytes.size() - missing));
  return file;
}

/// Sets an environment variable for a while.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~Environment() { before_.empty() ? ::unsetenv(name_) : ::setenv(name_, before_.c_str(), 1); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::string before_;
};

}  // namespace tvr::test
