#include "tvr/data/frame_pack.h"

#include <algorithm>
#include <cmath>

#include "data/frame_pack_format.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/base/parallel.h"
#include "tvr/base/progress.h"

namespace tvr {
namespace fs = std::filesystem;

FramePack::FramePack(fs::path folder) : folder_(std::move(folder)) {
  const auto index = folder_ / pack::kIndexFile;
  if (!fs::is_directory(folder_))
    throw DataError(folder_.string() + ": there is no such folder; tvr data pack makes one.");
  if (!fs::is_regular_file(index)) {
    const bool begun = fs::exists(pack::shard_file(folder_, 0));
    throw DataError(folder_.string() +
                    (begun ? ": the pack is not finished; run the same tvr data pack again, it goes on."
                           : ": is not a finished frame pack, it has no pack.json."));
  }
  const auto json = pack::parse(read_file(index), index.string());
  try {
    read_index(json, index);
  } catch (const nlohmann::json::exception& error) {
    throw DataError(index.string() + ": is not the description of a frame pack (" + error.what() + ").");
  }
}

void FramePack::read_index(const nlohmann::json& json, const fs::path& index) {
  if (json.at("format") != "tvr frame pack" || json.at("version") != pack::kVersion)
    throw DataError(index.string() + ": is not a frame pack of version " + std::to_string(pack::kVersion) + ".");
  options_ = pack::settings_from(json.at("frames"), index.string());
  const auto& shards = json.at("shards");
  if (!shards.is_array() || shards.empty()) throw DataError(index.string() + ": names no shard; make the pack again.");
  for (size_t i = 0; i < shards.size(); ++i) {
    read_shard(pack::shard_file(folder_, static_cast<int64_t>(i)));
    const auto record = pack::shard_record(*shards_.back(), files_.back().string());
    if (record.value("shard", nlohmann::json()) != shards[i] ||
        record.value("frames", nlohmann::json()) != json.at("frames"))
      throw DataError(files_.back().string() + ": is not the shard that " + index.string() +
                      " describes; remove it and run the same tvr data pack again.");
  }
}

void FramePack::read_shard(const fs::path& file) {
  shards_.push_back(std::make_unique<SafetensorsFile>(file));
  files_.push_back(file);
  const auto record = pack::shard_record(*shards_.back(), file.string());
  const auto shard = pack::shard_from(record.value("shard", nlohmann::json()), file.string());
  for (const auto& entry : shard.videos) {
    auto [found, fresh] = places_.try_emplace(entry.id);
    if (!fresh) throw DataError(file.string() + ": holds video '" + entry.id + "', which another shard holds as well.");
    auto& place = found->second;
    place.shard = shards_.size() - 1;
    place.checksum = entry.checksum;
    place.frames_per_second = entry.frames_per_second;
    place.stated_frames_per_second = entry.stated_frames_per_second;
  }
  for (const auto& refused : shard.unusable) unusable_[refused.video.id] = refused.video.reason;
}

std::vector<std::string> FramePack::ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, place] : places_) ids.push_back(id);
  return ids;
}

std::string FramePack::reason(const std::string& id) const {
  const auto noted = unusable_.find(id);
  return "is not in the pack " + folder_.string() + (noted == unusable_.end() ? "" : ": it " + noted->second);
}

const FramePack::Place& FramePack::place(const std::string& id) const {
  const auto found = places_.find(id);
  if (found == places_.end()) throw DataError("video '" + id + "' " + reason(id) + ".");
  return found->second;
}

namespace {

struct Arrays {
  ArrayView pixels, indices, times;
};

// The arrays of a video, with the shapes that readers rely on; a sentence in `problem` where they are not so.
Arrays arrays_of(const SafetensorsFile& shard, const std::string& id, std::string& problem) {
  Arrays arrays;
  for (const auto& [key, array] : {std::pair{pack::pixels_key(id), &arrays.pixels},
                                   {pack::indices_key(id), &arrays.indices},
                                   {pack::times_key(id), &arrays.times}}) {
    if (!shard.has(key)) {
      problem = "lacks the array '" + key + "'";
      return arrays;
    }
    *array = shard.at(key);
  }
  const auto aligned = [](const ArrayView& array) { return reinterpret_cast<uintptr_t>(array.data) % 8 == 0; };
  const auto& [pixels, indices, times] = arrays;
  const bool fits = pixels.type == ElementType::kU8 && pixels.shape.size() == 4 && pixels.shape[1] == 3 &&
                    pixels.shape[0] > 0 && indices.type == ElementType::kI64 &&
                    indices.shape == std::vector{pixels.shape[0]} && times.type == ElementType::kF64 &&
                    times.shape.size() == 1 && times.shape[0] > 0 && aligned(indices) && aligned(times);
  if (!fits) problem = "holds arrays of other shapes than a frame pack has";
  return arrays;
}

// Indices must be frames of the video and rise, times must not fall: sampling relies on both.
bool is_ordered(const PackedVideo& video) {
  const auto* end = video.indices + video.frames;
  const auto& times = video.timeline.times;
  return video.indices[0] >= 0 && end[-1] < video.timeline.frames && std::is_sorted(video.indices, end) &&
         std::is_sorted(times.begin(), times.end()) && std::isfinite(times.front()) && std::isfinite(times.back());
}

// The size that the whole pack has.
bool is_of_size(const PackedVideo& video, const FramePackOptions& options) {
  if (options.cropped || options.fit == "square") return video.height == options.size && video.width == options.size;
  return std::min(video.height, video.width) == options.size;
}

}  // namespace

// "" or what is wrong with a video's bytes.
std::string FramePack::difference(const std::string& id, const Place& place) const {
  std::string problem;
  const auto arrays = arrays_of(*shards_[place.shard], id, problem);
  if (problem.empty() && pack::checksum(arrays.pixels, arrays.indices, arrays.times) != place.checksum)
    problem = "is damaged: its checksum is not the one it was written with";
  return problem;
}

PackedVideo FramePack::at(const std::string& id) const {
  const Place& place = this->place(id);
  std::call_once(place.verified, [&] {
    if (const auto problem = difference(id, place); !problem.empty()) fail(id, place, problem);
  });
  return unchecked(id);
}

void FramePack::fail(const std::string& id, const Place& place, const std::string& problem) const {
  throw DataError(files_[place.shard].string() + ": video '" + id + "' " + problem +
                  "; remove the file and run the same tvr data pack again.");
}

PackedVideo FramePack::unchecked(const std::string& id) const {
  const Place& place = this->place(id);
  std::string problem;
  const auto arrays = arrays_of(*shards_[place.shard], id, problem);
  if (!problem.empty()) fail(id, place, problem);
  PackedVideo video;
  video.pixels = static_cast<const uint8_t*>(arrays.pixels.data);
  video.indices = static_cast<const int64_t*>(arrays.indices.data);
  video.frames = arrays.pixels.shape[0];
  video.height = arrays.pixels.shape[2];
  video.width = arrays.pixels.shape[3];
  const auto* times = static_cast<const double*>(arrays.times.data);
  video.timeline = {arrays.times.shape[0],
                    {times, times + arrays.times.shape[0]},
                    place.frames_per_second,
                    place.stated_frames_per_second};
  if (!is_ordered(video) || !is_of_size(video, options_))
    fail(id, place, "is damaged: its frames contradict each other");
  return video;
}

void FramePack::verify() const {
  std::vector<const std::pair<const std::string, Place>*> all;
  for (const auto& entry : places_) all.push_back(&entry);
  std::vector<std::string> problems(all.size());
  Progress progress("verify", static_cast<int64_t>(all.size()));
  parallel_for(static_cast<int64_t>(all.size()), 0, [&](int64_t i) {
    const auto& [id, place] = *all[static_cast<size_t>(i)];
    if (const auto problem = difference(id, place); !problem.empty())
      problems[static_cast<size_t>(i)] = files_[place.shard].string() + ": video '" + id + "' " + problem;
    progress.advance();
  });
  std::erase(problems, "");
  if (!problems.empty())
    throw DataError(join(problems, "\n") + "\nRemove the files named above and run the same tvr data pack again.");
}

}  // namespace tvr
