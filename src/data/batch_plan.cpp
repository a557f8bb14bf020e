#include "tvr/data/batch_plan.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <numeric>
#include <sstream>
#include <unordered_map>

#include "tvr/base/random.h"

namespace tvr {
namespace {

// Videos that share a pair name, in order of first appearance; a pair without exactly two videos has no twins.
std::vector<std::vector<int64_t>> twin_groups(const RetrievalSplit& split) {
  std::map<std::string, size_t> place;
  std::vector<std::vector<int64_t>> groups;
  for (const auto& caption : split.captions) {
    if (caption.pair.empty()) continue;
    const auto [found, fresh] = place.emplace(caption.pair, groups.size());
    if (fresh) groups.emplace_back();
    auto& group = groups[found->second];
    if (std::find(group.begin(), group.end(), caption.video) == group.end()) group.push_back(caption.video);
  }
  std::erase_if(groups, [](const auto& group) { return group.size() != 2; });
  return groups;
}

int64_t count_words(const std::string& text) {
  std::istringstream stream(text);
  return std::distance(std::istream_iterator<std::string>(stream), {});
}

// Batches of this many pairs are sorted by length together: enough for uniform batches, few enough to mix the epoch.
constexpr int64_t kBatchesSorted = 50;

}  // namespace

BatchPlan::BatchPlan(const RetrievalSplit& split, const LoaderOptions& options, uint64_t seed)
    : options_(options), seed_(seed), captions_of_video_(split.videos.size()) {
  for (size_t i = 0; i < split.captions.size(); ++i) {
    video_of_caption_.push_back(split.captions[i].video);
    words_.push_back(count_words(split.captions[i].text));
    captions_of_video_[static_cast<size_t>(split.captions[i].video)].push_back(static_cast<int64_t>(i));
  }
  if (options.sampler == "twins") {
    groups_ = twin_groups(split);
    group_size_ = 2;
    if (groups_.empty())
      throw ConfigError("loader.sampler: 'twins' needs a tags file that names twin pairs, split '" + split.name +
                        "' has none; use 'videos'.");
    if (options.batch_size % 2 != 0)
      throw ConfigError("loader.batch_size: " + std::to_string(options.batch_size) +
                        " is odd, sampler 'twins' needs an even number.");
  } else {
    const auto count = options.sampler == "captions" ? split.captions.size() : split.videos.size();
    for (size_t i = 0; i < count; ++i)
      if (options.sampler == "captions" || !captions_of_video_[i].empty()) groups_.push_back({static_cast<int64_t>(i)});
  }
  check(split.name);
}

void BatchPlan::check(const std::string& split) const {
  const bool captions = options_.sampler == "captions";
  const auto too_large = [&](int64_t units, const std::string& what) {
    throw ConfigError("loader.batch_size: " + std::to_string(options_.batch_size) + " is more than the " +
                      std::to_string(units) + " " + what + " of split '" + split + "'; make it smaller.");
  };
  if (batches_per_epoch() == 0)
    too_large(static_cast<int64_t>(groups_.size()) * group_size_, captions ? "captions" : "videos");
  if (!captions || !options_.distinct_videos) return;
  int64_t videos = 0, most = 0;
  for (const auto& of_video : captions_of_video_) {
    videos += of_video.empty() ? 0 : 1;
    most = std::max(most, static_cast<int64_t>(of_video.size()));
  }
  if (videos < options_.batch_size) too_large(videos, "videos");
  // Left-over captions of the epoch have places too.
  if (most > batches_per_epoch() + static_cast<int64_t>(groups_.size()) % options_.batch_size)
    throw ConfigError("loader.distinct_videos: a video of split '" + split + "' has " + std::to_string(most) +
                      " captions and an epoch only " + std::to_string(batches_per_epoch()) +
                      " batches; make loader.batch_size smaller, use sampler videos, or switch distinct_videos off.");
}

int64_t BatchPlan::batches_per_epoch() const {
  return static_cast<int64_t>(groups_.size()) * group_size_ / options_.batch_size;
}

std::shared_ptr<const BatchPlan::Order> BatchPlan::order(int64_t epoch) const {
  const std::lock_guard lock(mutex_);
  auto& made = orders_[epoch];
  if (!made) made = std::make_shared<Order>(make_order(epoch));
  auto result = made;
  while (orders_.size() > 2)
    orders_.erase(orders_.begin()->first == epoch ? std::prev(orders_.end()) : orders_.begin());
  return result;
}

BatchPlan::Order BatchPlan::make_order(int64_t epoch) const {
  auto captions = draw_captions(epoch);
  if (options_.group_by_length) sort_by_length(captions);
  if (options_.sampler == "captions" && options_.distinct_videos) part_videos(captions, epoch);
  if (options_.group_by_length) shuffle_batches(captions, epoch);
  return captions;
}

BatchPlan::Order BatchPlan::draw_captions(int64_t epoch) const {
  std::vector<int64_t> shuffled(groups_.size());
  std::iota(shuffled.begin(), shuffled.end(), 0);
  Random(seed_, "batch order", static_cast<uint64_t>(epoch)).shuffle(shuffled);
  Order captions;
  for (const int64_t group : shuffled) {
    for (const int64_t unit : groups_[static_cast<size_t>(group)]) {
      Random random(seed_, "caption", static_cast<uint64_t>(epoch), static_cast<uint64_t>(unit));
      captions.push_back(options_.sampler == "captions" ? unit
                                                        : random.choice(captions_of_video_[static_cast<size_t>(unit)]));
    }
  }
  return captions;
}

void BatchPlan::sort_by_length(Order& captions) const {
  const int64_t size = options_.batch_size, end = batches_per_epoch() * size;
  const auto shorter = [&](int64_t a, int64_t b) {
    return words_[static_cast<size_t>(a)] < words_[static_cast<size_t>(b)];
  };
  for (int64_t begin = 0; begin < end; begin += kBatchesSorted * size)
    std::stable_sort(captions.begin() + begin, captions.begin() + std::min(end, begin + kBatchesSorted * size),
                     shorter);
}

// What does not fill a batch stays at the end.
void BatchPlan::shuffle_batches(Order& captions, int64_t epoch) const {
  const int64_t size = options_.batch_size, batches = batches_per_epoch();
  std::vector<int64_t> places(static_cast<size_t>(batches));
  std::iota(places.begin(), places.end(), 0);
  Random(seed_, "batches by length", static_cast<uint64_t>(epoch)).shuffle(places);
  Order result;
  for (const int64_t place : places)
    result.insert(result.end(), captions.begin() + place * size, captions.begin() + (place + 1) * size);
  result.insert(result.end(), captions.begin() + batches * size, captions.end());
  captions = std::move(result);
}

namespace {

// How often each video is in each batch, while captions change places. Places past the last batch count nothing.
class Occupancy {
 public:
  Occupancy(int64_t batches, int64_t batch_size) : held_(static_cast<size_t>(batches)), batch_size_(batch_size) {}
  int64_t batch_of(int64_t place) const { return place / batch_size_; }
  int64_t times(int64_t place, int64_t video) const {
    if (batch_of(place) >= static_cast<int64_t>(held_.size())) return 0;
    const auto& batch = held_[static_cast<size_t>(batch_of(place))];
    const auto found = batch.find(video);
    return found == batch.end() ? 0 : found->second;
  }
  void count(int64_t place, int64_t video, int64_t change) {
    if (batch_of(place) < static_cast<int64_t>(held_.size()))
      held_[static_cast<size_t>(batch_of(place))][video] += change;
  }

 private:
  std::vector<std::unordered_map<int64_t, int64_t>> held_;  // batch -> video -> times
  int64_t batch_size_;
};

}  // namespace

// Exchanges every caption whose video is in its batch already with one elsewhere, so that neither batch holds a video
// twice: the nearest that fits where captions are sorted by length, else the next that fits from a random place on.
void BatchPlan::part_videos(Order& captions, int64_t epoch) const {
  const auto all = static_cast<int64_t>(captions.size());
  const auto video_at = [&](int64_t i) {
    return video_of_caption_[static_cast<size_t>(captions[static_cast<size_t>(i)])];
  };
  Occupancy held(batches_per_epoch(), options_.batch_size);
  for (int64_t i = 0; i < all; ++i) held.count(i, video_at(i), 1);
  Random random(seed_, "part videos", static_cast<uint64_t>(epoch));
  const auto find_partner = [&](int64_t i) {
    const int64_t start = options_.group_by_length ? i : random.integer(all);
    for (int64_t step = 1; step <= 2 * all; ++step) {
      const int64_t distance = options_.group_by_length ? (step % 2 == 0 ? step / 2 : -(step + 1) / 2) : step;
      const int64_t j = ((start + distance) % all + all) % all;
      if (held.batch_of(j) != held.batch_of(i) && held.times(i, video_at(j)) == 0 && held.times(j, video_at(i)) == 0)
        return j;
    }
    throw ConfigError("loader.distinct_videos: the captions cannot be dealt out so that no batch of " +
                      std::to_string(options_.batch_size) +
                      " holds a video twice; make loader.batch_size smaller, or switch it off.");
  };
  for (int64_t i = 0; i < batches_per_epoch() * options_.batch_size; ++i) {
    const int64_t video = video_at(i);
    if (held.times(i, video) < 2) continue;
    const int64_t j = find_partner(i), other = video_at(j);
    for (const auto& [place, leaves, comes] : {std::array{i, video, other}, std::array{j, other, video}}) {
      held.count(place, leaves, -1);
      held.count(place, comes, 1);
    }
    std::swap(captions[static_cast<size_t>(i)], captions[static_cast<size_t>(j)]);
  }
}

std::vector<int64_t> BatchPlan::captions(int64_t epoch, int64_t batch) const {
  const auto order = this->order(epoch);
  return {order->begin() + batch * options_.batch_size, order->begin() + (batch + 1) * options_.batch_size};
}

}  // namespace tvr
