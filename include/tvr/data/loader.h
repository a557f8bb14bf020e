#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "tvr/data/batch.h"

namespace tvr {

/// Prepares the batches of steps [begin, end) ahead of the trainer, on threads, handing them out in order: results do
/// not depend on the number of threads. At most `queue` batches (and one a thread in the making) are in memory. An
/// exception of a worker is rethrown by next() at the step it belongs to.
class Loader {
 public:
  Loader(const BatchSource& source, int64_t threads, int64_t queue, int64_t begin, int64_t end);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The next step's batch; must not be called more than end - begin times.
  PairBatch next();

 private:
  struct Result {
    PairBatch batch;
    std::exception_ptr failure;
  };
  Result make(int64_t step) const;
  void work();

  const BatchSource& source_;
  int64_t queue_, end_;
  int64_t wanted_;   ///< the step next() returns next
  int64_t started_;  ///< the step a worker takes next
  bool stopping_ = false;
  std::map<int64_t, Result> ready_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::jthread> threads_;
};

}  // namespace tvr
