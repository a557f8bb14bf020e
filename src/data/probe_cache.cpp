#include "data/probe_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::json;

// Changes with the meaning of VideoProbe: results of other formats are in files of other names.
constexpr char kFormat[] = "1";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Names its members once, for both directions.
template <class Probe, class Visit>
void visit_members(Probe& probe, Visit&& visit) {
  visit("reason", probe.reason);
  visit("bytes", probe.bytes);
  visit("codec", probe.codec);
  visit("pixel_format", probe.pixel_format);
  visit("height", probe.height);
  visit("width", probe.width);
  visit("rotation", probe.rotation);
  visit("frames_per_second", probe.frames_per_second);
  visit("variable_frame_rate", probe.variable_frame_rate);
  visit("stated_frames", probe.stated_frames);
  visit("frames", probe.frames);
  visit("duration", probe.duration);
  visit("missing_bytes", probe.missing_bytes);
  visit("lost_frames", probe.lost_frames);
  visit("damaged_packets", probe.damaged_packets);
}

Json json_of(const VideoProbe& probe) {
  Json json{{"state", static_cast<int>(probe.state)}};
  visit_members(probe, [&](const char* name, const auto& member) { json[name] = member; });
  return json;
}

// Throws Json::exception for what is absent or of another type.
VideoProbe probe_of(const Json& json) {
  VideoProbe probe;
  const int state = json.at("state").get<int>();
  if (state < 0 || state > static_cast<int>(VideoState::kUndecodable)) json.at("a known state");
  probe.state = static_cast<VideoState>(state);
  visit_members(probe, [&](const char* name, auto& member) { json.at(name).get_to(member); });
  constexpr int64_t kMostFrames = int64_t{1} << 32;
  if (probe.frames < 0 || probe.frames > kMostFrames || probe.stated_frames < 0 || probe.stated_frames > kMostFrames ||
      !(probe.duration >= 0) || probe.bytes < 0)
    json.at("a possible number");
  return probe;
}

// Whole lines of several writers must not mix: one call for each.
bool append(int descriptor, const std::string& text) {
  return ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string reason_of_errno() {
  return std::strerror(errno);
}

}  // namespace

std::optional<FileStamp> stamp_of(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  constexpr int64_t kSecond = 1'000'000'000;
  return FileStamp{fs::absolute(file).lexically_normal().string(), status.st_size,
                   status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec};
}

fs::path cache_folder() {
  if (const auto folder = variable("TVR_CACHE"); !folder.empty()) return folder;
  if (const auto folder = variable("XDG_CACHE_HOME"); !folder.empty()) return fs::path(folder) / "tvr";
  if (const auto home = variable("HOME"); !home.empty()) return fs::path(home) / ".cache" / "tvr";
  return {};
}

ProbeCache::ProbeCache(const fs::path& folder, const std::string& version) {
  const auto videos = fs::absolute(folder).lexically_normal().string();
  const auto place = cache_folder();
  if (place.empty()) {
    note("there is no folder for caches; set TVR_CACHE to one.");
    return;
  }
  constexpr size_t kDigits = 16;
  const auto name = sha256(videos + '\n' + version + '\n' + kFormat).substr(0, kDigits);
  file_ = place / fmt::format("videos-{}.jsonl", name);
  try {
    open();
  } catch (const DataError& error) {
    note(error.what());
  }
}

ProbeCache::~ProbeCache() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ProbeCache::note(const std::string& sentence) {
  notes_.push_back("what is found out about videos cannot be kept for the next time: " + sentence);
}

bool ProbeCache::read_line(const std::string& line) {
  try {
    const auto json = Json::parse(line);
    Entry entry;
    json.at("path").get_to(entry.stamp.path);
    json.at("bytes").get_to(entry.stamp.bytes);
    json.at("changed").get_to(entry.stamp.changed);
    entry.depth = json.at("decoded").get<bool>() ? ProbeDepth::kDecode : ProbeDepth::kHeaders;
    entry.probe = probe_of(json.at("probe"));
    entries_[entry.stamp.path] = entry;
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

void ProbeCache::open() {
  std::error_code error;
  fs::create_directories(file_.parent_path(), error);
  descriptor_ = ::open(file_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  const auto reason = reason_of_errno();
  const bool alone = descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0;
  if (!alone && descriptor_ >= 0) ::flock(descriptor_, LOCK_SH);
  read(alone);
  if (alone) ::flock(descriptor_, LOCK_SH);
  if (descriptor_ < 0) throw DataError(file_.string() + ": cannot be written: " + reason + ".");
}

// Beside other writers, a damaged line may be one that is just being written.
void ProbeCache::read(bool alone) {
  std::error_code error;
  if (!fs::exists(file_, error)) return;
  constexpr int64_t kManyLines = 1000;
  int64_t lines = 0, damaged = 0;
  std::ifstream stream(file_, std::ios::binary);
  if (!stream) throw DataError(file_.string() + ": cannot be read: " + reason_of_errno() + ".");
  for (std::string line; std::getline(stream, line); ++lines)
    if (!read_line(line)) ++damaged;
  if (!alone) return;
  if (damaged > 0)
    notes_.push_back(
        fmt::format("{}: {} of {} lines of this cache were damaged; the videos they were about are looked at again.",
                    file_.string(), damaged, lines));
  if (damaged > 0 || lines > kManyLines + 2 * static_cast<int64_t>(entries_.size())) rewrite();
}

void ProbeCache::rewrite() {
  std::string text;
  for (const auto& [path, entry] : entries_) text += line_of(entry);
  if (::ftruncate(descriptor_, 0) != 0 || !append(descriptor_, text))
    throw DataError(file_.string() + ": cannot be written: " + reason_of_errno() + ".");
}

std::string ProbeCache::line_of(const Entry& entry) {
  const Json json{{"path", entry.stamp.path},
                  {"bytes", entry.stamp.bytes},
                  {"changed", entry.stamp.changed},
                  {"decoded", entry.depth == ProbeDepth::kDecode},
                  {"probe", json_of(entry.probe)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';  // a path need not be UTF-8
}

std::optional<VideoProbe> ProbeCache::find(const FileStamp& stamp, ProbeDepth depth) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(stamp.path);
  if (found == entries_.end() || found->second.stamp != stamp) return std::nullopt;
  if (depth == ProbeDepth::kDecode && found->second.depth != ProbeDepth::kDecode) return std::nullopt;
  return found->second.probe;
}

void ProbeCache::add(const FileStamp& stamp, ProbeDepth depth, const VideoProbe& probe) {
  const Entry entry{stamp, depth, probe};
  const auto line = line_of(entry);
  const std::lock_guard lock(mutex_);
  entries_[stamp.path] = entry;
  if (descriptor_ < 0 || append(descriptor_, line)) return;
  note(file_.string() + ": cannot be written: " + reason_of_errno() + ".");
  ::close(descriptor_);
  descriptor_ = -1;
}

std::vector<std::string> ProbeCache::notes() const {
  const std::lock_guard lock(mutex_);
  return notes_;
}

}  // namespace tvr
