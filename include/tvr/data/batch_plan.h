#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tvr/config/options.h"
#include "tvr/data/corpus.h"
#include "tvr/data/frame_options.h"

namespace tvr {

struct LoaderOptions : FrameOptions {
  int64_t batch_size = 128, threads = 2, queue = 4, cache_mb = 1024;
  std::string sampler = "videos";
  bool distinct_videos = true, group_by_length = false;
  template <class Visit>
  void fields(Visit&& f) {
    f("batch_size", batch_size,
      "Pairs of a training step; batch_size - 1 negatives, so this is a setting of the model too",
      within(2, 1'000'000));
    f("sampler", sampler,
      "videos: each video once an epoch with a random caption; captions: each caption once; twins: as videos, the "
      "twins of the tags file in one batch",
      one_of({"videos", "captions", "twins"}));
    f("distinct_videos", distinct_videos,
      "No video twice in a batch of sampler captions: two captions of one video would count as negatives");
    f("group_by_length", group_by_length,
      "Captions of similar length in a batch, batches in random order: less padding");
    f("threads", threads,
      "Threads that prepare batches; 0 prepares them in the training thread. The result never depends on it",
      within(0, 256));
    f("queue", queue, "Batches prepared ahead at most: bounds memory", within(1, 1024));
    f("cache_mb", cache_mb, "Decoded frames kept in memory, so that later epochs need not decode them; 0 keeps none",
      within(0, 1e7));
    FrameOptions::fields(f);
  }
  std::string validate() const {
    return sampler == "twins" && group_by_length ? "group_by_length would part the twins; use another sampler" : "";
  }
};

/// Which captions make up a batch: a pure function of (seed, epoch, batch). An epoch's incomplete last batch is left
/// out. Memory: 8 bytes a caption for each of the last two epochs. Thread-safe.
class BatchPlan {
 public:
  /// Throws ConfigError if the split has fewer units than a batch, no twins for sampler "twins", or videos with more
  /// captions than there are batches to part them.
  BatchPlan(const RetrievalSplit& split, const LoaderOptions& options, uint64_t seed);
  int64_t batches_per_epoch() const;
  /// Indices into RetrievalSplit::captions.
  std::vector<int64_t> captions(int64_t epoch, int64_t batch) const;

 private:
  using Order = std::vector<int64_t>;  ///< captions of an epoch, batch after batch
  std::shared_ptr<const Order> order(int64_t epoch) const;
  Order make_order(int64_t epoch) const;
  Order draw_captions(int64_t epoch) const;
  void sort_by_length(Order& captions) const;
  void part_videos(Order& captions, int64_t epoch) const;
  void shuffle_batches(Order& captions, int64_t epoch) const;
  void check(const std::string& split) const;

  LoaderOptions options_;
  uint64_t seed_;
  std::vector<int64_t> video_of_caption_, words_;  ///< by caption
  std::vector<std::vector<int64_t>> captions_of_video_;
  std::vector<std::vector<int64_t>> groups_;  ///< what is shuffled: videos that stay together, or single captions
  int64_t group_size_ = 1;
  mutable std::mutex mutex_;
  mutable std::map<int64_t, std::shared_ptr<const Order>>
      orders_;  ///< of two epochs: batches of both are in the making
};

}  // namespace tvr
