#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tvr/video/media_writer.h"
#include "tvr/video/video_reader.h"

extern "C" {
#include <libavutil/md5.h>
}

namespace tvr::test {

/// The folder of test data, or an empty path when there is none.
inline std::filesystem::path data_folder() {
  const char* folder = std::getenv("TVR_TEST_DATA");
  return folder != nullptr && std::filesystem::exists(std::filesystem::path(folder) / "video") ? folder : "";
}

/// A row of golden/video_probe.tsv: one real file and what FFmpeg 5.1 says of it.
struct ProbedVideo {
  std::string path;  ///< below the data folder
  std::string codec, pixel_format;
  int64_t width = 0, height = 0, frames = 0;  ///< before rotation; all 0 without decodable video
  double first_time = 0, last_time = 0;
};

inline std::vector<ProbedVideo> probed_videos() {
  std::ifstream stream(data_folder() / "golden/video_probe.tsv");
  std::vector<ProbedVideo> videos;
  std::string line;
  std::getline(stream, line);  // the heading
  while (std::getline(stream, line)) {
    std::vector<std::string> fields;
    std::istringstream columns(line);
    for (std::string field; std::getline(columns, field, '\t');) fields.push_back(field);
    ProbedVideo video{fields.at(0), fields.at(2), "", 0, 0, 0, 0, 0};
    if (video.codec != "NO_VIDEO") {
      video.pixel_format = fields.at(4);
      video.width = std::stoll(fields.at(5));
      video.height = std::stoll(fields.at(5).substr(fields.at(5).find('x') + 1));
      video.frames = std::stoll(fields.at(10));
      video.first_time = std::stod(fields.at(13));
      video.last_time = std::stod(fields.at(14));
    }
    videos.push_back(video);
  }
  return videos;
}

inline std::string md5(const void* data, size_t size) {
  uint8_t digest[16];
  av_md5_sum(digest, static_cast<const uint8_t*>(data), size);
  std::string text;
  for (const uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

/// Standard output of a shell command.
inline std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  std::vector<char> block(1 << 20);
  while (const size_t size = fread(block.data(), 1, block.size(), pipe)) output.append(block.data(), size);
  pclose(pipe);
  return output;
}

/// The file with its name quoted for the shell.
inline std::string shell_quoted(const std::filesystem::path& file) {
  return "'" + file.string() + "'";
}

/// A folder of its own that goes away with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "tvr-video-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

constexpr int64_t kClipFrames = 30, kClipHeight = 48, kClipWidth = 64;

/// Frame `index` of the clip that write_clip() makes: a bright square travels over a gradient.
inline Image clip_frame(int64_t index) {
  Image image{kClipHeight, kClipWidth, {}};
  for (int64_t y = 0; y < kClipHeight; ++y)
    for (int64_t x = 0; x < kClipWidth; ++x) {
      const bool square = y / 12 == index % 4 && x / 8 == index % 8;
      const int64_t rgb[3] = {square ? 230 : 2 * x + index, square ? 200 : 3 * y, square ? 60 : 128 - x};
      for (const int64_t value : rgb) image.pixels.push_back(static_cast<uint8_t>(value));
    }
  return image;
}

/// 30 frames of 64x48 at 8 frames a second, H.264, a key frame every 12. Returns `file`.
inline std::filesystem::path write_clip(const std::filesystem::path& file) {
  MediaContent content;
  for (int64_t index = 0; index < kClipFrames; ++index) content.frames.push_back(clip_frame(index));
  write_mp4(file, content);
  return file;
}

/// 0, 1 … of a video, at most `most` of them.
inline std::vector<int64_t> first_frames(const VideoReader& reader, int64_t most) {
  std::vector<int64_t> indices(static_cast<size_t>(std::min(most, reader.info().frames)));
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

/// The MD5 of the pixels of each wanted frame.
inline std::vector<std::string> hashes_of(VideoReader& reader, const std::vector<int64_t>& indices) {
  std::vector<std::string> hashes(indices.size());
  reader.read(indices, [&](int64_t position, const Image& image) {
    hashes[static_cast<size_t>(position)] = md5(image.pixels.data(), image.pixels.size());
  });
  return hashes;
}

}  // namespace tvr::test

#define TVR_NEED_TEST_DATA() \
  if (tvr::test::data_folder().empty()) GTEST_SKIP() << "TVR_TEST_DATA names no folder with test data"
