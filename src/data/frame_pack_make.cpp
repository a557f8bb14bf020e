// The writing half of frame packs.
#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>

#include "data/frame_pack_format.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/base/parallel.h"
#include "tvr/base/progress.h"
#include "tvr/data/annotation_file.h"
#ifdef TVR_WITH_VIDEO
#include "data/frame_transform.h"
#include "data/video_frames.h"
#endif

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kShardBytes = int64_t{256} << 20;
constexpr int64_t kMostVideos = 1024;  // of a shard: what a kill can cost

// Uncropped frames are wider than high; 16:9 is the common case.
constexpr double kUsualAspect = 16.0 / 9.0;

int64_t video_bytes(const FramePackOptions& options) {
  return options.sampling.count * 3 * options.size * options.size;
}

int64_t videos_per_shard(const FramePackOptions& options) {
  return std::clamp<int64_t>(kShardBytes / video_bytes(options), 1, kMostVideos);
}

std::vector<VideoItem> usable(const std::vector<VideoItem>& videos) {
  std::vector<VideoItem> result;
  std::set<std::string> seen;
  for (const auto& video : videos)
    if (!video.black && seen.insert(video.id).second) result.push_back(video);
  return result;
}

// Shard `index` of the videos.
std::vector<VideoItem> shard_items(const std::vector<VideoItem>& videos, int64_t index,
                                   const FramePackOptions& options) {
  const int64_t begin = index * videos_per_shard(options),
                end = std::min<int64_t>(static_cast<int64_t>(videos.size()), begin + videos_per_shard(options));
  return {videos.begin() + begin, videos.begin() + end};
}

int64_t shard_count(const std::vector<VideoItem>& videos, const FramePackOptions& options) {
  const auto count = static_cast<int64_t>(videos.size());
  return (count + videos_per_shard(options) - 1) / videos_per_shard(options);
}

// A video's file as it was when the shard was made, or as it is now.
struct Stamp {
  int64_t bytes = 0, changed = 0;
  bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const fs::path& file) {
  return {static_cast<int64_t>(fs::file_size(file)),
          std::chrono::nanoseconds(fs::last_write_time(file).time_since_epoch()).count()};
}

// Whether `record` was made from these files as they are now.
bool is_current(const pack::Shard& record, const std::vector<VideoItem>& items) {
  std::map<std::string, Stamp> made, now;
  for (const auto& entry : record.videos) made[entry.id] = {entry.source_bytes, entry.source_changed};
  for (const auto& refused : record.unusable) made[refused.video.id] = {refused.source_bytes, refused.source_changed};
  for (const auto& item : items) now[item.id] = stamp_of(item.path);
  return made == now;
}

bool is_whole(const SafetensorsFile& file, const pack::Shard& shard) {
  return std::all_of(shard.videos.begin(), shard.videos.end(), [&](const pack::Entry& entry) {
    return file.has(pack::pixels_key(entry.id)) && file.has(pack::indices_key(entry.id)) &&
           file.has(pack::times_key(entry.id)) &&
           pack::checksum(file.at(pack::pixels_key(entry.id)), file.at(pack::indices_key(entry.id)),
                          file.at(pack::times_key(entry.id))) == entry.checksum;
  });
}

// The record of a finished shard of these videos; nothing if it is to be made. A shard of other settings is an error:
// it may be hours of somebody's work. `whole`: its bytes are compared with their checksums.
std::optional<pack::Shard> finished_shard(const fs::path& file, const std::vector<VideoItem>& items,
                                          const FramePackOptions& options, bool whole) {
  if (!fs::exists(file)) return {};
  try {
    const SafetensorsFile shard(file);
    const auto record = pack::shard_record(shard, file.string());
    const auto made = record.value("frames", nlohmann::json());
    if (made != nlohmann::json(pack::settings_json(options)))
      throw ConfigError(file.string() + ": belongs to a pack of other settings: " + pack::json_text(made) +
                        " instead of " + pack::json_text(pack::settings_json(options)) +
                        "; choose another folder or remove this one.");
    auto result = pack::shard_from(record.value("shard", nlohmann::json()), file.string());
    if (!is_current(result, items)) return {};
    if (whole && !is_whole(shard, result)) throw DataError(file.string() + ": its checksums do not fit.");
    return result;
  } catch (const DataError& error) {
    if (whole) spdlog::warn("a damaged shard is made again: {}", error.what());
    return {};
  }
}

}  // namespace

FramePackPlan plan_frame_pack(const fs::path& folder, const std::vector<VideoItem>& videos,
                              const FramePackOptions& options) {
  const auto items = usable(videos);
  FramePackPlan plan;
  plan.videos = static_cast<int64_t>(items.size());
  plan.shards = shard_count(items, options);
  plan.exact = options.cropped && !may_be_short(options.sampling);
  const double aspect = options.cropped ? 1.0 : kUsualAspect;
  plan.bytes = static_cast<int64_t>(static_cast<double>(plan.videos * video_bytes(options)) * aspect);
  for (int64_t shard = 0; shard < plan.shards; ++shard)
    plan.shards_done +=
        finished_shard(pack::shard_file(folder, shard), shard_items(items, shard, options), options, false) ? 1 : 0;
  return plan;
}

#ifdef TVR_WITH_VIDEO
namespace {

struct PackedFrames {
  std::vector<uint8_t> pixels;
  std::vector<int64_t> shape, indices;
  std::vector<double> times;
  pack::Entry entry;
  std::string problem;  // "" or why the video cannot be used
};

PackedFrames decode(const VideoItem& item, const FramePackOptions& options) {
  FrameOptions frame;
  frame.fit = options.fit;
  frame.interpolation = options.interpolation;
  FrameTransform transform(frame, options.size, nullptr);
  PackedFrames packed;
  const auto place_for = [&](const SampledVideo& video, int64_t place, int64_t height, int64_t width) {
    packed.shape = {static_cast<int64_t>(video.indices.size()), 3, height, width};
    packed.pixels.resize(video.indices.size() * static_cast<size_t>(3 * height * width));
    return packed.pixels.data() + place * 3 * height * width;
  };
  const auto take = [&](const SampledVideo& video, int64_t place, const Image& image) {
    if (options.cropped) return transform.apply(image, place_for(video, place, options.size, options.size));
    const Image resized = transform.resized(image);
    to_planes(resized, place_for(video, place, resized.height, resized.width));
  };
  const auto sampled = read_sampled(item, options.sampling, {}, take);
  packed.indices = sampled.indices;
  packed.times = sampled.timeline.times;
  const auto stamp = stamp_of(item.path);
  packed.entry = {item.id,
                  stamp.bytes,
                  stamp.changed,
                  sha256_file(item.path),
                  sampled.timeline.frames_per_second,
                  sampled.timeline.stated_frames_per_second,
                  ""};
  return packed;
}

ArrayView view_of(const std::vector<double>& values) {
  return {ElementType::kF64, {static_cast<int64_t>(values.size())}, values.data()};
}
ArrayView view_of(const std::vector<int64_t>& values) {
  return {ElementType::kI64, {static_cast<int64_t>(values.size())}, values.data()};
}

// Whole numbers first: they stay aligned, whatever the sizes of the pictures.
void write_shard(const fs::path& file, std::vector<PackedFrames>& videos, const pack::Shard& shard,
                 const FramePackOptions& options) {
  std::vector<std::pair<std::string, ArrayView>> arrays;
  for (const auto& video : videos) {
    if (!video.problem.empty()) continue;
    arrays.emplace_back(pack::indices_key(video.entry.id), view_of(video.indices));
    arrays.emplace_back(pack::times_key(video.entry.id), view_of(video.times));
  }
  for (const auto& video : videos)
    if (video.problem.empty())
      arrays.emplace_back(pack::pixels_key(video.entry.id),
                          ArrayView{ElementType::kU8, video.shape, video.pixels.data()});
  const nlohmann::ordered_json record{{"frames", pack::settings_json(options)}, {"shard", pack::shard_json(shard)}};
  write_safetensors(file, arrays, {{"tvr_frame_pack", pack::json_text(record)}});
}

pack::Shard make_shard(const fs::path& file, const std::vector<VideoItem>& items, const FramePackOptions& options,
                       int64_t threads, bool keep_unusable, Progress& progress) {
  std::vector<PackedFrames> videos(items.size());
  parallel_for(static_cast<int64_t>(items.size()), threads, [&](int64_t i) {
    auto& video = videos[static_cast<size_t>(i)];
    try {
      video = decode(items[static_cast<size_t>(i)], options);
    } catch (const DataError& error) {
      video.problem = error.what();
    }
    if (video.problem.empty())
      video.entry.checksum = pack::checksum({ElementType::kU8, video.shape, video.pixels.data()},
                                            view_of(video.indices), view_of(video.times));
    progress.advance();
  });
  pack::Shard shard;
  for (size_t i = 0; i < items.size(); ++i) {
    const auto stamp = stamp_of(items[i].path);
    if (videos[i].problem.empty())
      shard.videos.push_back(videos[i].entry);
    else
      shard.unusable.push_back({{items[i].id, videos[i].problem}, stamp.bytes, stamp.changed});
  }
  if (shard.unusable.empty() || keep_unusable) write_shard(file, videos, shard, options);
  return shard;
}

// Arrays are named by the ids of their videos.
void check_names(const std::vector<VideoItem>& items) {
  std::set<std::string> ids;
  for (const auto& item : items) ids.insert(item.id);
  for (const auto& id : ids)
    if (ids.count(pack::indices_key(id)) + ids.count(pack::times_key(id)) > 0 || id == "__metadata__" || !is_utf8(id))
      throw ConfigError("A pack cannot hold the video '" + id +
                        "': other arrays would have its name, or it is not UTF-8; rename it in the annotations.");
}

// One writer at a time. The lock is on the folder itself, so that nothing is left behind.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder)
      : descriptor_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor_ < 0) throw DataError(folder.string() + ": cannot be opened.");
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
    ::close(descriptor_);
    throw DataError(folder.string() + ": another tvr data pack is writing here; wait for it or choose another folder.");
  }
  ~FolderLock() { ::close(descriptor_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

void check_folder(const fs::path& folder, const std::vector<VideoItem>& items, const FramePackOptions& options) {
  if (is_random(options.sampling))
    throw ConfigError(
        "A pack cannot hold random frames: make it with sampling fps or middle and more frames, and train "
        "on it with loader.train_sampling=random and loader.pack_match=nearest.");
  for (const auto& item : items)
    if (item.path.empty())
      throw ConfigError("data.videos: '" + item.id + "' was not to be looked for; name the folder of the videos.");
  check_names(items);
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder))
    throw ConfigError(folder.string() + ": is a file; give the folder of the pack.");
  if (fs::is_directory(folder))
    for (const auto& entry : fs::directory_iterator(folder)) {
      const auto name = entry.path().filename().string();
      if (!name.starts_with(pack::kIndexFile) && !name.starts_with("frames-"))
        throw DataError(folder.string() + ": holds '" + name +
                        "', which is not of a frame pack; choose an empty folder.");
    }
  fs::create_directories(folder, error);
  if (error) throw DataError(folder.string() + ": cannot be made: " + error.message() + ".");
}

void check_room(const fs::path& folder, const FramePackPlan& plan) {
  const double left =
      plan.shards > 0 ? static_cast<double>(plan.shards - plan.shards_done) / static_cast<double>(plan.shards) : 0;
  const auto needed = static_cast<uintmax_t>(static_cast<double>(plan.bytes) * left);
  const auto room = fs::space(folder).available;
  if (plan.exact && needed > room)
    throw DataError(
        fmt::format("{}: the pack takes {:.1f} GB more and the disk has room for {:.1f} GB; choose another "
                    "folder, fewer frames or a smaller size.",
                    folder.string(), static_cast<double>(needed) / 1e9, static_cast<double>(room) / 1e9));
}

void write_index(const fs::path& folder, const std::vector<pack::Shard>& shards, const FramePackOptions& options) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& shard : shards) list.push_back(pack::shard_json(shard));
  const nlohmann::ordered_json index{{"format", "tvr frame pack"},
                                     {"version", pack::kVersion},
                                     {"frames", pack::settings_json(options)},
                                     {"shards", list}};
  write_file(folder / pack::kIndexFile, pack::json_text(index, 1) + "\n");
}

// Shards behind the last one, of a longer pack that was here.
void remove_surplus(const fs::path& folder, int64_t shards) {
  for (int64_t shard = shards; fs::remove(pack::shard_file(folder, shard)); ++shard) {
  }
}

[[noreturn]] void fail_unusable(const std::vector<UnusableVideo>& unusable) {
  std::string message = std::to_string(unusable.size()) + " videos cannot be decoded:";
  for (const auto& video : unusable) message += "\n  " + video.id + ": " + video.reason;
  throw DataError(message +
                  "\nThe other shards are written. Mend the files and run this again, or leave the videos out "
                  "by data.missing=skip.");
}

}  // namespace

FramePackReport make_frame_pack(const fs::path& folder, const std::vector<VideoItem>& videos,
                                const FramePackOptions& options, int64_t threads, bool fail_on_unusable) {
  const auto items = usable(videos);
  check_folder(folder, items, options);
  const FolderLock lock(folder);
  check_room(folder, plan_frame_pack(folder, videos, options));
  FramePackReport report;
  std::vector<pack::Shard> shards;
  Progress progress("pack videos", static_cast<int64_t>(items.size()));
  for (int64_t i = 0; i < shard_count(items, options); ++i) {
    const auto file = pack::shard_file(folder, i);
    const auto of_shard = shard_items(items, i, options);
    auto finished = finished_shard(file, of_shard, options, true);
    if (finished) progress.advance(static_cast<int64_t>(of_shard.size()));
    ++(finished ? report.shards_kept : report.shards_made);
    if (!finished) {
      fs::remove(folder / pack::kIndexFile);  // until the end the folder is no finished pack
      finished = make_shard(file, of_shard, options, threads, !fail_on_unusable, progress);
    }
    for (const auto& refused : finished->unusable) report.unusable.push_back(refused.video);
    shards.push_back(std::move(*finished));
  }
  if (fail_on_unusable && !report.unusable.empty()) fail_unusable(report.unusable);
  remove_surplus(folder, static_cast<int64_t>(shards.size()));
  write_index(folder, shards, options);
  for (size_t i = 0; i < shards.size(); ++i) {
    report.videos += static_cast<int64_t>(shards[i].videos.size());
    report.bytes += static_cast<int64_t>(fs::file_size(pack::shard_file(folder, static_cast<int64_t>(i))));
  }
  return report;
}
#else
FramePackReport make_frame_pack(const fs::path& folder, const std::vector<VideoItem>&, const FramePackOptions&, int64_t,
                                bool) {
  throw ConfigError(folder.string() +
                    ": this program was built without video support (TVR_WITH_VIDEO=OFF) and cannot "
                    "decode videos; make the pack with a program that has it and copy the folder.");
}
#endif

}  // namespace tvr
