#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tvr/config/options.h"
#include "tvr/data/corpus.h"

namespace tvr {

struct LoaderOptions {
  int64_t batch_size = 128, threads = 2, queue = 4, cache_mb = 1024;
  std::string sampler = "videos";
  template <class Visit>
  void fields(Visit&& f) {
    f("batch_size", batch_size,
      "Pairs of a training step; batch_size - 1 negatives, so this is a setting of the model too",
      within(2, 1'000'000));
    f("sampler", sampler,
      "videos: each video once an epoch with a random caption; captions: each caption once; twins: as videos, the "
      "twins of the tags file in one batch",
      one_of({"videos", "captions", "twins"}));
    f("threads", threads,
      "Threads that prepare batches; 0 prepares them in the training thread. The result never depends on it",
      within(0, 256));
    f("queue", queue, "Batches prepared ahead at most: bounds memory", within(1, 1024));
    f("cache_mb", cache_mb, "Decoded frames kept in memory, so that later epochs need not decode them; 0 keeps none",
      within(0, 1e7));
  }
};

/// Which captions make up a batch: a pure function of (seed, epoch, batch). An epoch's incomplete last batch is left
/// out. Thread-safe.
class BatchPlan {
 public:
  /// Throws ConfigError if the split has fewer units than a batch, or no twins for sampler "twins".
  BatchPlan(const RetrievalSplit& split, const LoaderOptions& options, uint64_t seed);
  int64_t batches_per_epoch() const;
  /// Indices into RetrievalSplit::captions.
  std::vector<int64_t> captions(int64_t epoch, int64_t batch) const;

 private:
  std::vector<int64_t> order(int64_t epoch, int64_t begin, int64_t end) const;

  LoaderOptions options_;
  uint64_t seed_;
  std::vector<std::vector<int64_t>> captions_of_video_;
  std::vector<std::vector<int64_t>> groups_;  ///< what is shuffled: videos that stay together, or single captions
  int64_t group_size_ = 1;
  mutable std::mutex mutex_;
  mutable int64_t cached_epoch_ = -1;
  mutable std::vector<int64_t> cached_order_;
};

}  // namespace tvr
