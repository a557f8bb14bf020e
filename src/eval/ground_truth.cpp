#include <algorithm>
#include <numeric>

#include "tvr/base/error.h"
#include "tvr/eval/ranks.h"

namespace tvr {
namespace {

std::vector<std::vector<int64_t>> lists_of(const std::vector<int64_t>& video_of_text) {
  std::vector<std::vector<int64_t>> lists;
  lists.reserve(video_of_text.size());
  for (const int64_t video : video_of_text) lists.push_back({video});
  return lists;
}

std::vector<int64_t> checked_videos(std::vector<int64_t> videos, size_t text, int64_t count) {
  const auto where = "Text " + std::to_string(text);
  if (videos.empty()) throw DataError(where + " has no right video; every text needs at least one.");
  std::sort(videos.begin(), videos.end());
  if (videos.front() < 0 || videos.back() >= count)
    throw DataError(where + " belongs to video column " +
                    std::to_string(videos.front() < 0 ? videos.front() : videos.back()) +
                    ", but the similarity matrix has columns 0 to " + std::to_string(count - 1) + ".");
  if (std::adjacent_find(videos.begin(), videos.end()) != videos.end())
    throw DataError(where + " names the same video column twice.");
  return videos;
}

int64_t root_of(std::vector<int64_t>& parents, int64_t video) {
  while (parents[video] != video) video = parents[video] = parents[parents[video]];
  return video;
}

}  // namespace

GroundTruth::GroundTruth(const std::vector<int64_t>& video_of_text, int64_t videos)
    : GroundTruth(lists_of(video_of_text), videos) {}

GroundTruth::GroundTruth(const std::vector<std::vector<int64_t>>& videos_of_text, int64_t videos)
    : text_begin_{0}, video_begin_(static_cast<size_t>(std::max<int64_t>(videos, 0)) + 1) {
  for (size_t text = 0; text < videos_of_text.size(); ++text) {
    for (const int64_t video : checked_videos(videos_of_text[text], text, videos)) {
      videos_.push_back(video);
      ++video_begin_[video + 1];
    }
    text_begin_.push_back(static_cast<int64_t>(videos_.size()));
  }
  std::partial_sum(video_begin_.begin(), video_begin_.end(), video_begin_.begin());
  texts_.resize(videos_.size());
  auto next = video_begin_;
  for (int64_t text = 0; text < texts(); ++text)
    for (auto [video, end] = videos_of(text); video != end; ++video) texts_[next[*video]++] = text;
}

GroundTruth GroundTruth::square(int64_t size) {
  std::vector<int64_t> video_of_text(size);
  std::iota(video_of_text.begin(), video_of_text.end(), 0);
  return {video_of_text, size};
}

bool GroundTruth::is_square() const {
  if (texts() != videos() || !one_video_a_text()) return false;
  for (int64_t text = 0; text < texts(); ++text)
    if (videos_[text] != text) return false;
  return true;
}

std::pair<const int64_t*, const int64_t*> GroundTruth::videos_of(int64_t text) const {
  return {videos_.data() + text_begin_[text], videos_.data() + text_begin_[text + 1]};
}
std::pair<const int64_t*, const int64_t*> GroundTruth::texts_of(int64_t video) const {
  return {texts_.data() + video_begin_[video], texts_.data() + video_begin_[video + 1]};
}

std::vector<int64_t> GroundTruth::components() const {
  std::vector<int64_t> parents(videos());
  std::iota(parents.begin(), parents.end(), 0);
  for (int64_t text = 0; text < texts(); ++text) {
    const auto [first, end] = videos_of(text);
    for (const auto* video = first + 1; video < end; ++video) {
      const int64_t a = root_of(parents, *first), b = root_of(parents, *video);
      parents[std::max(a, b)] = std::min(a, b);
    }
  }
  for (int64_t video = 0; video < videos(); ++video) parents[video] = root_of(parents, video);
  return parents;
}

}  // namespace tvr
