#include "tvr/data/batch_plan.h"

#include <algorithm>
#include <map>
#include <numeric>

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

}  // namespace

BatchPlan::BatchPlan(const RetrievalSplit& split, const LoaderOptions& options, uint64_t seed)
    : options_(options), seed_(seed), captions_of_video_(split.videos.size()) {
  for (size_t i = 0; i < split.captions.size(); ++i)
    captions_of_video_[static_cast<size_t>(split.captions[i].video)].push_back(static_cast<int64_t>(i));
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
  if (batches_per_epoch() == 0)
    throw ConfigError("loader.batch_size: " + std::to_string(options.batch_size) + " is more than the " +
                      std::to_string(static_cast<int64_t>(groups_.size()) * group_size_) + " " +
                      (options.sampler == "captions" ? "captions" : "videos") + " of split '" + split.name +
                      "'; make it smaller.");
}

int64_t BatchPlan::batches_per_epoch() const {
  return static_cast<int64_t>(groups_.size()) * group_size_ / options_.batch_size;
}

// Places [begin, end) of the epoch's shuffled groups.
std::vector<int64_t> BatchPlan::order(int64_t epoch, int64_t begin, int64_t end) const {
  const std::lock_guard lock(mutex_);
  if (cached_epoch_ != epoch) {
    cached_order_.resize(groups_.size());
    std::iota(cached_order_.begin(), cached_order_.end(), 0);
    Random(seed_, "batch order", static_cast<uint64_t>(epoch)).shuffle(cached_order_);
    cached_epoch_ = epoch;
  }
  return {cached_order_.begin() + begin, cached_order_.begin() + end};
}

std::vector<int64_t> BatchPlan::captions(int64_t epoch, int64_t batch) const {
  const int64_t groups = options_.batch_size / group_size_;
  std::vector<int64_t> result;
  for (const int64_t group : order(epoch, batch * groups, (batch + 1) * groups)) {
    for (const int64_t unit : groups_[static_cast<size_t>(group)]) {
      if (options_.sampler == "captions") {
        result.push_back(unit);
      } else {
        Random random(seed_, "caption", static_cast<uint64_t>(epoch), static_cast<uint64_t>(unit));
        result.push_back(random.choice(captions_of_video_[static_cast<size_t>(unit)]));
      }
    }
  }
  return result;
}

}  // namespace tvr
