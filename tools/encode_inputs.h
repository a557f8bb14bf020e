#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tvr/base/arrays.h"

namespace tvr {

/// The lines of a text file, mapped. A line ends with LF or CRLF; the last one may end with the file. An empty line is
/// an empty text.
class TextLines {
 public:
  /// Throws DataError if the file cannot be read.
  explicit TextLines(const std::filesystem::path& file);
  int64_t size() const { return static_cast<int64_t>(lines_.size()); }
  /// Lines [begin, end).
  std::vector<std::string> rows(int64_t begin, int64_t end) const;

 private:
  MappedFile file_;
  std::vector<std::string_view> lines_;
};

/// The media files of one kind below a folder, in the order of their names.
struct MediaFiles {
  std::vector<std::string> ids;  ///< paths below the folder, "clips/a.mp4"
  std::vector<std::filesystem::path> paths;
  std::vector<std::string> others;  ///< ids of files that are none by their ending

  int64_t size() const { return static_cast<int64_t>(ids.size()); }
  /// Tells whether the first `count` files are those of before: of their names, sizes and times of change.
  std::string stamp(int64_t count) const;
};

/// Links are followed, each folder once. Throws DataError if the folder cannot be read or a name is not UTF-8,
/// ConfigError if it holds none; `setting` begins the messages.
MediaFiles find_images(const std::filesystem::path& folder, const std::string& setting);
MediaFiles find_videos(const std::filesystem::path& folder, const std::string& setting);

}  // namespace tvr
