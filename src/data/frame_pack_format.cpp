#include "data/frame_pack_format.h"

#include <fmt/format.h>

#include <algorithm>

#include "tvr/base/checksum.h"
#include "tvr/base/error.h"
#ifdef TVR_WITH_VIDEO
#include "tvr/video/media_libraries.h"
#endif

namespace tvr::pack {
namespace fs = std::filesystem;
using Json = nlohmann::json;

fs::path shard_file(const fs::path& folder, int64_t shard) {
  return folder / fmt::format("frames-{:05}.safetensors", shard);
}

std::string pixels_key(const std::string& id) {
  return id;
}

std::string indices_key(const std::string& id) {
  return id + "/indices";
}

std::string times_key(const std::string& id) {
  return id + "/times";
}

std::string checksum(const ArrayView& pixels, const ArrayView& indices, const ArrayView& times) {
  Checksum sum;
  for (const auto* array : {&pixels, &indices, &times}) sum.add(array->data, static_cast<size_t>(array->bytes()));
  return sum.text();
}

nlohmann::ordered_json settings_json(const FramePackOptions& options) {
  nlohmann::ordered_json json{{"sampling", options.sampling.rule},
                              {"frames", options.sampling.count},
                              {"fps", options.sampling.fps},
                              {"selection", options.sampling.selection},
                              {"size", options.size},
                              {"fit", options.fit},
                              {"interpolation", options.interpolation},
                              {"cropped", options.cropped}};
#ifdef TVR_WITH_VIDEO
  json["ffmpeg"] = media_libraries().ffmpeg;
#endif
  return json;
}

nlohmann::ordered_json shard_json(const Shard& shard) {
  auto videos = nlohmann::ordered_json::array(), unusable = nlohmann::ordered_json::array();
  for (const auto& entry : shard.videos)
    videos.push_back({{"id", entry.id},
                      {"source_bytes", entry.source_bytes},
                      {"source_changed_ns", entry.source_changed},
                      {"source_sha256", entry.source_sha256},
                      {"frames_per_second", entry.frames_per_second},
                      {"stated_frames_per_second", entry.stated_frames_per_second},
                      {"checksum", entry.checksum}});
  for (const auto& refused : shard.unusable)
    unusable.push_back({{"id", refused.video.id},
                        {"reason", refused.video.reason},
                        {"source_bytes", refused.source_bytes},
                        {"source_changed_ns", refused.source_changed}});
  return {{"videos", videos}, {"unusable", unusable}};
}

FramePackOptions settings_from(const Json& json, const std::string& where) {
  try {
    FramePackOptions options;
    options.sampling = {json.at("sampling"), json.at("frames"), json.at("fps"), json.at("selection")};
    options.size = json.at("size");
    options.fit = json.at("fit");
    options.interpolation = json.at("interpolation");
    options.cropped = json.at("cropped");
    constexpr int64_t kMost = 1'000'000;
    const auto& sampling = options.sampling;
    const bool known = std::count(kFrameRules.begin(), kFrameRules.end(), sampling.rule) > 0 &&
                       std::count(kFrameSelections.begin(), kFrameSelections.end(), sampling.selection) > 0;
    if (!known || options.size < 1 || options.size > kMost || sampling.count < 1 || sampling.count > kMost ||
        !(sampling.fps > 0))
      throw DataError(where + ": describes frames that no pack has; make the pack again.");
    return options;
  } catch (const Json::exception& error) {
    throw DataError(where + ": is not the description of a frame pack (" + error.what() + ").");
  }
}

Shard shard_from(const Json& json, const std::string& where) {
  try {
    Shard shard;
    for (const auto& video : json.at("videos"))
      shard.videos.push_back({video.at("id"), video.at("source_bytes"), video.at("source_changed_ns"),
                              video.at("source_sha256"), video.at("frames_per_second"),
                              video.at("stated_frames_per_second"), video.at("checksum")});
    for (const auto& video : json.at("unusable"))
      shard.unusable.push_back(
          {{video.at("id"), video.at("reason")}, video.at("source_bytes"), video.at("source_changed_ns")});
    return shard;
  } catch (const Json::exception& error) {
    throw DataError(where + ": is not the description of a shard (" + error.what() + ").");
  }
}

Json parse(const std::string& text, const std::string& where) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw DataError(where + ": is not valid JSON (" + error.what() + "); make the pack again.");
  }
}

std::string json_text(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Json shard_record(const SafetensorsFile& file, const std::string& where) {
  const auto record = file.metadata().find("tvr_frame_pack");
  if (record == file.metadata().end()) throw DataError(where + ": is not a shard of a frame pack.");
  auto json = parse(record->second, where);
  if (!json.is_object()) throw DataError(where + ": is not a shard of a frame pack.");
  return json;
}

}  // namespace tvr::pack
