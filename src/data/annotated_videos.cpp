#include "tvr/data/annotated_videos.h"

#include <algorithm>

#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/data/annotation_file.h"

namespace tvr {
namespace fs = std::filesystem;

AnnotatedVideo& AnnotatedVideos::get(const std::string& id) {
  const auto [entry, fresh] = index_.emplace(id, videos_.size());
  if (fresh) videos_.emplace_back().item.id = id;
  return videos_[entry->second];
}

const AnnotatedVideo* AnnotatedVideos::find(const std::string& id) const {
  const auto found = index_.find(id);
  return found == index_.end() ? nullptr : &videos_[found->second];
}

const AnnotatedVideo& AnnotatedVideos::named(const std::string& id, const std::string& where,
                                             const fs::path& file) const {
  if (const auto* video = find(id)) return *video;
  constexpr size_t kLongestTypo = 200;  // the distance to every id takes its time
  std::vector<std::string> known;
  if (id.size() <= kLongestTypo)
    for (const auto& video : videos_) known.push_back(video.item.id);
  const auto nearest = nearest_name(id, known);
  throw DataError(where + ": names the video " + in_quotes(id) + ", which is not in " + file.string() +
                  (nearest.empty() ? "." : "; did you mean " + in_quotes(nearest) + "?"));
}

int64_t SplitBuilder::video(const VideoItem& item) {
  const auto [entry, fresh] = index_.emplace(item.id, static_cast<int64_t>(split_.videos.size()));
  if (fresh) {
    split_.videos.push_back(item);
    counts_.push_back(0);
  }
  return entry->second;
}

void SplitBuilder::caption(int64_t video, std::string id, std::string text) {
  const auto index = static_cast<size_t>(video);
  const auto number = counts_[index]++;
  if (id.empty()) id = split_.videos[index].id + "#" + std::to_string(number);
  split_.captions.push_back({std::move(id), std::move(text), video, "", ""});
}

void SplitBuilder::add(const AnnotatedVideo& video, size_t most) {
  const auto index = this->video(video.item);
  for (size_t i = 0; i < std::min(most, video.captions.size()); ++i)
    caption(index, video.captions[i].id, video.captions[i].text);
}

std::string some_of(const std::vector<std::string>& ids) {
  constexpr size_t kShown = 3;
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(kShown, ids.size()); ++i) shown.push_back(in_quotes(ids[i]));
  if (ids.size() > kShown) shown.emplace_back("…");
  return std::to_string(ids.size()) + (ids.size() == 1 ? " id (" : " ids (") + join(shown, ", ") + ")";
}

}  // namespace tvr
