#include "encode_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
namespace {

// Names of files need not be UTF-8; JSON must be.
std::string text_of(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

// The first setting that differs, for people.
std::string difference(const Json& then, const Json& now) {
  for (const auto& [key, value] : now.items())
    if (!then.contains(key) || then[key] != value)
      return key + " was " + (then.contains(key) ? text_of(then[key]) : "not there") + " and is " + text_of(value);
  return "a setting is gone";
}

// Ends with the process, however it ends. -1: file systems without locks.
int lock_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0 || ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return descriptor;
  ::close(descriptor);
  throw ConfigError("--out: another tvr encode is writing " + folder.string() +
                    "; wait for its end or choose another file.");
}

void sync_file(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = descriptor >= 0 && ::fsync(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  if (!done) throw DataError(file.string() + ": cannot be written; is the disk full?");
}

int64_t row_bytes(const FeatureArray& array) {
  return ArrayView{array.type, array.row, nullptr}.bytes();
}

}  // namespace

FeatureStore::FeatureStore(const fs::path& file, std::vector<FeatureArray> arrays, Json settings, bool overwrite)
    : file_(file), folder_(file.string() + ".tvr-parts"), settings_(std::move(settings)) {
  if (fs::is_directory(file_)) throw ConfigError("--out " + file_.string() + ": is a folder, a file name is needed.");
  if (fs::exists(file_) && !overwrite)
    throw ConfigError("--out " + file_.string() + ": exists; choose another name, or replace it by --overwrite.");
  for (auto& array : arrays) {
    const auto part = folder_ / (array.name + ".part");
    parts_.push_back({std::move(array), part, 0, {}});
  }
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw DataError("--out: " + folder_.string() + " cannot be made: " + error.message() + ".");
  lock_ = lock_folder(folder_);
  try {
    open_folder(overwrite);
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

FeatureStore::~FeatureStore() {
  if (lock_ >= 0) ::close(lock_);
}

void FeatureStore::open_folder(bool overwrite) {
  if (!fs::exists(state_file())) return begin_anew();
  try {
    const auto state = Json::parse(read_file(state_file()));
    if (state.at("settings") == settings_) return go_on(state);
    if (overwrite) return begin_anew();
    throw ConfigError("--out: " + folder_.string() + " holds the beginning of features made otherwise (" +
                      difference(state.at("settings"), settings_) +
                      "). Give what it was begun with to go on, or start anew by --overwrite.");
  } catch (const Json::exception& problem) {
    throw DataError(state_file().string() + ": is damaged (" + problem.what() + "); remove " + folder_.string() +
                    " to start anew.");
  }
}

void FeatureStore::begin_anew() {
  progress = nullptr;
  for (auto& part : parts_) part.bytes = 0;
  fs::remove(state_file());
  open_parts();
}

void FeatureStore::go_on(const Json& state) {
  progress = state.at("progress");
  for (auto& part : parts_) {
    part.bytes = state.at("bytes").at(part.array.name).get<int64_t>();
    std::error_code error;
    const auto size = fs::file_size(part.file, error);
    if (error || part.bytes < 0 || size < static_cast<uintmax_t>(part.bytes))
      throw DataError(part.file.string() + ": has lost rows that were in it; remove " + folder_.string() +
                      " to start anew.");
  }
  open_parts();
}

// What lies behind the last commit is cut off.
void FeatureStore::open_parts() {
  for (auto& part : parts_) {
    part.stream.close();
    part.stream.clear();
    part.stream.open(part.file, std::ios::binary | std::ios::app);
    if (!part.stream) throw DataError(part.file.string() + ": cannot be written.");
    fs::resize_file(part.file, static_cast<uintmax_t>(part.bytes));
  }
}

void FeatureStore::append(const std::string& name, const ArrayView& rows) {
  const auto part =
      std::find_if(parts_.begin(), parts_.end(), [&](const Part& candidate) { return candidate.array.name == name; });
  if (part == parts_.end() || part->array.type != rows.type || rows.bytes() % row_bytes(part->array) != 0)
    throw std::logic_error("rows of " + name + " do not fit the array");
  part->stream.write(static_cast<const char*>(rows.data), rows.bytes());
  if (!part->stream) throw DataError(part->file.string() + ": cannot be written; is the disk full?");
  part->bytes += rows.bytes();
}

void FeatureStore::commit() {
  auto bytes = Json::object();
  for (auto& part : parts_) {
    part.stream.flush();
    if (!part.stream) throw DataError(part.file.string() + ": cannot be written; is the disk full?");
    sync_file(part.file);
    bytes[part.array.name] = part.bytes;
  }
  write_file(state_file(), text_of({{"settings", settings_}, {"progress", progress}, {"bytes", bytes}}, 1) + "\n");
}

void FeatureStore::finish(const std::map<std::string, std::string>& metadata) {
  std::vector<std::unique_ptr<MappedFile>> maps;
  std::vector<std::pair<std::string, ArrayView>> arrays;
  for (auto& part : parts_) {
    part.stream.close();
    maps.push_back(std::make_unique<MappedFile>(part.file));
    auto shape = part.array.row;
    shape.insert(shape.begin(), part.bytes / row_bytes(part.array));
    arrays.emplace_back(part.array.name, ArrayView{part.array.type, shape, maps.back()->data()});
  }
  write_safetensors(file_, arrays, metadata);
  maps.clear();
  fs::remove_all(folder_);
}

}  // namespace tvr
