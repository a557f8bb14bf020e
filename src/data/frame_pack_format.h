#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tvr/base/arrays.h"
#include "tvr/data/frame_pack.h"

// What a frame pack's files look like: known here alone, shared by the writer and the reader. Private to src/data.
namespace tvr::pack {

inline constexpr int kVersion = 1;
inline constexpr const char* kIndexFile = "pack.json";

struct Entry {
  std::string id;
  int64_t source_bytes = 0, source_changed = 0;  ///< of the video file; nanoseconds
  std::string source_sha256;
  double frames_per_second = 0, stated_frames_per_second = 0;
  std::string checksum;  ///< of pixels, indices and times
};

/// A video that could not be decoded; its file is tried again when it changes.
struct Refused {
  UnusableVideo video;
  int64_t source_bytes = 0, source_changed = 0;
};

/// The content of a shard, in its metadata and in pack.json.
struct Shard {
  std::vector<Entry> videos;
  std::vector<Refused> unusable;
};

std::filesystem::path shard_file(const std::filesystem::path& folder, int64_t shard);
std::string pixels_key(const std::string& id);
std::string indices_key(const std::string& id);
std::string times_key(const std::string& id);

/// Checksum of the three arrays of a video.
std::string checksum(const ArrayView& pixels, const ArrayView& indices, const ArrayView& times);

/// Settings and library versions: a pack is only continued by the same.
nlohmann::ordered_json settings_json(const FramePackOptions& options);
nlohmann::ordered_json shard_json(const Shard& shard);

/// Throw DataError naming `where` for JSON that is not what the functions above make.
FramePackOptions settings_from(const nlohmann::json& json, const std::string& where);
Shard shard_from(const nlohmann::json& json, const std::string& where);
nlohmann::json parse(const std::string& text, const std::string& where);

/// JSON as text; what is not UTF-8, as paths in reasons need not be, is replaced.
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

/// The record of a shard as its metadata holds it, an object; DataError if it is not a shard of a frame pack.
nlohmann::json shard_record(const SafetensorsFile& file, const std::string& where);

}  // namespace tvr::pack
