#include "tvr/data/video_folder.h"

#include <algorithm>
#include <set>

#include "tvr/base/error.h"
#include "tvr/data/annotation_file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

// DiDeMo's lists hold them all, down to one ".null" and many names that end in a bare dot.
const std::set<std::string, std::less<>> kExtensions{".",    ".3g2",  ".3gp", ".3gpp", ".asf", ".avi",  ".divx", ".flv",
                                                     ".gif", ".m2ts", ".m4v", ".mkv",  ".mov", ".mp4",  ".mpeg", ".mpg",
                                                     ".mts", ".null", ".ogv", ".qt",   ".ts",  ".webm", ".wmv"};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

bool is_empty_file(const fs::path& file) {
  std::error_code error;
  return fs::file_size(file, error) == 0 && !error;
}

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::equivalent(a, b, error) && !error;
}

// "…/movie/clip.avi" lies in "movie".
bool lies_in(const fs::path& file, const fs::path& folders) {
  const auto found = file.parent_path();
  const auto wanted = std::distance(folders.begin(), folders.end());
  if (std::distance(found.begin(), found.end()) < wanted) return false;
  return std::equal(folders.begin(), folders.end(), std::prev(found.end(), wanted));
}

// The names by which an id is looked for, in the order of the rules.
std::vector<std::string> names_of(const std::string& id) {
  std::vector<std::string> names{id, id.starts_with("v_") ? id.substr(2) : "v_" + id};
  if (auto stem = video_stem(id); stem != id) names.emplace_back(std::move(stem));
  return names;
}

}  // namespace

std::string video_stem(std::string_view name) {
  const auto dot = name.rfind('.');
  const bool known = dot != std::string_view::npos && dot > 0 && kExtensions.count(lower_case(name.substr(dot))) > 0;
  return std::string(known ? name.substr(0, dot) : name);
}

FoundVideo video_at(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return {{}, "has no file (" + file.string() + ")"};
  if (is_empty_file(file)) return {{}, "is empty (0 bytes)"};
  return {file, ""};
}

VideoFolder::VideoFolder(const fs::path& folder) : folder_(folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw DataError(folder.string() + ": is not a folder; the videos are expected there (setting data.videos).");
  walk();
}

void VideoFolder::walk() {
  std::error_code error;
  auto at = folder_;  // the folder that is entered next, if it is one
  const auto check = [&] {
    if (error) throw DataError(at.string() + ": cannot be read while looking for videos: " + error.message() + ".");
  };
  std::set<fs::path> visited{fs::canonical(folder_, error)};
  check();
  auto entry = fs::recursive_directory_iterator(folder_, fs::directory_options::follow_directory_symlink, error);
  for (check(); entry != fs::recursive_directory_iterator(); entry.increment(error), check()) {
    at = entry->path();
    std::error_code broken_link;
    if (entry->is_directory(broken_link)) {
      if (!visited.insert(fs::canonical(at, broken_link)).second) entry.disable_recursion_pending();
    } else if (entry->is_regular_file(broken_link)) {
      add(at);
    }
  }
}

void VideoFolder::add(const fs::path& file) {
  const auto index = static_cast<uint32_t>(files_.size());
  const auto name = lower_case(file.filename().string()), stem = video_stem(name);
  files_.push_back(file);
  by_name_[name].push_back(index);
  if (stem != name) by_name_[stem].push_back(index);
}

// The files whose whole name is `name`, else those whose name without extension is.
VideoFolder::Paths VideoFolder::named(const std::string& name) const {
  const auto path = fs::path(name).lexically_normal();
  const auto last = path.filename().string();
  const auto entry = by_name_.find(lower_case(last));
  if (entry == by_name_.end()) return {};
  Paths whole, stems;
  for (const auto index : entry->second) {
    const auto& file = files_[index];
    if (path.has_parent_path() && !lies_in(file, path.parent_path())) continue;
    const auto found = file.filename().string();
    if (found == last)
      whole.push_back(&file);
    else if (video_stem(found) == last)
      stems.push_back(&file);
  }
  return whole.empty() ? stems : whole;
}

FoundVideo VideoFolder::choose(const std::string& id, const Paths& files) const {
  Paths usable;
  std::copy_if(files.begin(), files.end(), std::back_inserter(usable),
               [](const auto* file) { return !is_empty_file(*file); });
  if (usable.empty()) return {{}, "is empty (0 bytes)"};
  std::sort(usable.begin(), usable.end(), [](const auto* a, const auto* b) { return *a < *b; });
  for (const auto* file : usable)
    if (file != usable.front() && !same_file(*file, *usable.front()))
      throw DataError("video " + in_quotes(id) + " has more than one file: " + usable.front()->string() + " and " +
                      file->string() + "; remove all but one, or name the folder to take by data.videos.");
  return {*usable.front(), ""};
}

FoundVideo VideoFolder::find(const std::string& id) const {
  FoundVideo found;
  for (const auto& name : names_of(id)) {
    const auto files = named(name);
    if (files.empty()) continue;
    auto chosen = choose(id, files);
    if (!chosen.path.empty()) return chosen;
    found = std::move(chosen);
  }
  if (found.reason.empty()) found.reason = reason_of_absence(id);
  return found;
}

std::string VideoFolder::reason_of_absence(const std::string& id) const {
  for (const auto& name : names_of(id)) {
    const auto entry = by_name_.find(lower_case(fs::path(name).lexically_normal().filename().string()));
    if (entry == by_name_.end()) continue;
    const auto& near = files_[entry->second.front()];
    return "has no file; only " + in_quotes(near.lexically_relative(folder_).string()) + " is there, in other letters" +
           (id.find('/') == std::string::npos ? "" : " or another folder");
  }
  return "has no file";
}

}  // namespace tvr
