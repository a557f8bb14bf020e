#pragma once
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tvr/video/video_probe.h"

namespace tvr {

/// A file as the system describes it: as long as this is the same, its content is taken to be.
struct FileStamp {
  std::string path;  ///< absolute
  int64_t bytes = 0;
  int64_t changed = 0;  ///< nanoseconds
  bool operator==(const FileStamp&) const = default;
};

/// The stamp of a file, or nothing if it is not there.
std::optional<FileStamp> stamp_of(const std::filesystem::path& file);

/// Results of probe_video() by file and depth, in memory and on disk: one line of JSON each, appended whole as soon as
/// it is known, the last one of a file counts. So a kill loses nothing, writers do not disturb each other, and a
/// damaged line costs that line. Private to src/data and its tests. Thread-safe.
class ProbeCache {
 public:
  /// `folder`: of the videos; `version`: whatever else the results depend on (FFmpeg's). Unusable files are notes.
  ProbeCache(const std::filesystem::path& folder, const std::string& version);
  ~ProbeCache();
  ProbeCache(const ProbeCache&) = delete;
  ProbeCache& operator=(const ProbeCache&) = delete;

  std::optional<VideoProbe> find(const FileStamp& stamp, ProbeDepth depth) const;
  void add(const FileStamp& stamp, ProbeDepth depth, const VideoProbe& probe);
  std::vector<std::string> notes() const;
  const std::filesystem::path& file() const { return file_; }

 private:
  struct Entry {
    FileStamp stamp;
    ProbeDepth depth = ProbeDepth::kHeaders;
    VideoProbe probe;
  };
  void open();
  void read(bool alone);
  bool read_line(const std::string& line);
  void rewrite();
  static std::string line_of(const Entry& entry);
  void note(const std::string& sentence);

  std::filesystem::path file_;
  int descriptor_ = -1;
  std::unordered_map<std::string, Entry> entries_;
  std::vector<std::string> notes_;
  mutable std::mutex mutex_;
};

/// $TVR_CACHE, else $XDG_CACHE_HOME/tvr, else ~/.cache/tvr; empty without any of them.
std::filesystem::path cache_folder();

}  // namespace tvr
