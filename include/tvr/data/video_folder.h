#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tvr {

/// Where a video is, or why it cannot be used.
struct FoundVideo {
  std::filesystem::path path;  ///< empty if there is no file, or none with content
  std::string reason;          ///< of an empty path: a sentence without the id, "has no file"
};

/// `name` without a known media extension or a bare dot at its end. Names hold dots of their own (LSMDC's times), so
/// nothing else is taken off.
std::string video_stem(std::string_view name);

/// The same of one path: "has no file" or "is empty (0 bytes)".
FoundVideo video_at(const std::filesystem::path& file);

/// The video files under a folder by id, found by one walk. Links are followed, each folder once. Thread-safe.
class VideoFolder {
 public:
  /// Throws DataError if the folder or one below it cannot be read.
  explicit VideoFolder(const std::filesystem::path& folder);
  /// The file of `id`. The first of these rules that finds one wins:
  ///   1. its name is the id
  ///   2. its name without media extension is the id
  ///   3. the same for the id without a `v_` at its front, or with one (ActivityNet)
  ///   4. an id with folders, "movie/clip": the last part by 1 and 2, in those folders (LSMDC)
  ///   5. the id without its own media extension by 1 and 2: files are often converted (DiDeMo)
  /// Letters' case counts; a name that differs only in it is mentioned in the reason. Throws DataError if a rule finds
  /// several files, unless they are links to the same one.
  FoundVideo find(const std::string& id) const;

 private:
  using Paths = std::vector<const std::filesystem::path*>;
  void walk();
  void add(const std::filesystem::path& file);
  Paths named(const std::string& name) const;
  FoundVideo choose(const std::string& id, const Paths& files) const;
  std::string reason_of_absence(const std::string& id) const;

  std::filesystem::path folder_;
  std::vector<std::filesystem::path> files_;
  std::unordered_map<std::string, std::vector<uint32_t>> by_name_;  ///< name and stem in lower case -> files_
};

}  // namespace tvr
