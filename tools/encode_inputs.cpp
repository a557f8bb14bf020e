#include "encode_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <set>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/data/annotation_file.h"
#include "tvr/data/video_folder.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

bool is_image(const fs::path& file) {
  static const std::set<std::string> kEndings{".jpg", ".jpeg", ".png", ".webp", ".bmp"};
  auto ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char letter) { return static_cast<char>(std::tolower(static_cast<unsigned char>(letter))); });
  return kEndings.count(ending) > 0;
}

bool is_video(const fs::path& file) {
  const auto name = file.filename().string();
  return video_stem(name) != name && !name.ends_with('.');
}

std::vector<fs::path> files_below(const fs::path& folder, const std::string& setting) {
  std::vector<fs::path> files;
  std::set<fs::path> seen{fs::weakly_canonical(folder)};
  try {
    for (auto it = fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink);
         it != fs::recursive_directory_iterator(); ++it) {
      if (it->is_directory()) {
        if (!seen.insert(fs::canonical(it->path())).second) it.disable_recursion_pending();
      } else if (it->is_regular_file()) {  // a pipe would be waited for without end
        files.push_back(it->path());
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw DataError(setting + " " + folder.string() + ": cannot be read: " + error.code().message() + " (" +
                    error.path1().string() + ").");
  }
  return files;
}

MediaFiles find_media(const fs::path& folder, const std::string& setting,
                      const std::function<bool(const fs::path&)>& is, const std::string& kind) {
  if (!fs::is_directory(folder)) throw DataError(setting + ": there is no folder '" + folder.string() + "'.");
  std::vector<std::pair<std::string, fs::path>> found;
  MediaFiles media;
  for (const auto& file : files_below(folder, setting)) {
    const auto id = file.lexically_relative(folder).generic_string();
    if (!is_utf8(id)) throw DataError(setting + ": the name '" + id + "' is not valid UTF-8; rename the file.");
    if (is(file))
      found.emplace_back(id, file);
    else
      media.others.push_back(id);
  }
  if (found.empty()) throw ConfigError(setting + " " + folder.string() + ": holds no " + kind + ".");
  std::sort(found.begin(), found.end());
  std::sort(media.others.begin(), media.others.end());
  for (auto& [id, path] : found) {
    media.ids.push_back(std::move(id));
    media.paths.push_back(std::move(path));
  }
  return media;
}

}  // namespace

TextLines::TextLines(const fs::path& file) : file_(file) {
  std::string_view rest(file_.data(), static_cast<size_t>(file_.size()));
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines_.push_back(line);
    if (!is_utf8(line) || line.find('\0') != std::string_view::npos)
      throw DataError(file.string() + ":" + std::to_string(lines_.size()) +
                      ": is no UTF-8 text; save the file as UTF-8, one text a line.");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

std::vector<std::string> TextLines::rows(int64_t begin, int64_t end) const {
  return {lines_.begin() + begin, lines_.begin() + end};
}

std::string MediaFiles::stamp(int64_t count) const {
  std::string content;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    std::error_code error;
    const auto size = fs::file_size(paths[i], error);
    const auto changed = fs::last_write_time(paths[i], error).time_since_epoch().count();
    content += fmt::format("{} {} {}\n", ids[i], error ? 0 : size, error ? 0 : changed);
  }
  return sha256(content);
}

MediaFiles find_images(const fs::path& folder, const std::string& setting) {
  return find_media(folder, setting, is_image, "picture (.jpg, .jpeg, .png, .webp or .bmp)");
}

MediaFiles find_videos(const fs::path& folder, const std::string& setting) {
  return find_media(folder, setting, is_video, "video (.mp4, .avi, .mkv, .webm, …)");
}

}  // namespace tvr
