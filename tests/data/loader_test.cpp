#include "tvr/data/loader.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <atomic>
#include <thread>

#include "tvr/base/error.h"

namespace tvr {
namespace {

// Batches that say where they come from, after a pause that differs from one to the next.
class Numbered final : public BatchSource {
 public:
  explicit Numbered(int64_t failing = -1) : failing_(failing) {}
  int64_t batches_per_epoch() const override { return 4; }
  int64_t batch_size() const override { return 1; }
  PairBatch batch(int64_t epoch, int64_t index) const override {
    const int64_t step = epoch * 4 + index;
    const int64_t now = ++in_the_making;
    int64_t most = peak;
    while (now > most && !peak.compare_exchange_weak(most, now)) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(step % 3));
    --in_the_making;
    if (step == failing_) throw DataError("video7: cannot be read");
    return {{}, {}, torch::tensor({step})};
  }
  mutable std::atomic<int64_t> in_the_making{0}, peak{0};

 private:
  int64_t failing_;
};

TEST(Loader, OrderDoesNotDependOnThreads) {
  for (const int64_t threads : {0, 1, 3}) {
    const Numbered source;
    Loader loader(source, threads, 2, 5, 25);
    for (int64_t step = 5; step < 25; ++step) EXPECT_EQ(loader.next().video_index.item<int64_t>(), step) << threads;
  }
}

TEST(Loader, AFailureArrivesAtItsStep) {
  for (const int64_t threads : {0, 2}) {
    const Numbered source(7);
    Loader loader(source, threads, 4, 5, 25);
    loader.next();
    loader.next();
    EXPECT_THROW(loader.next(), DataError);
    EXPECT_EQ(loader.next().video_index.item<int64_t>(), 8);
  }
}

TEST(Loader, PreparesAtMostTheQueueAhead) {
  const Numbered source;
  Loader loader(source, 8, 2, 0, 40);
  for (int64_t step = 0; step < 40; ++step) loader.next();
  EXPECT_LE(source.peak.load(), 2);
}

TEST(Loader, CanBeLeftEarly) {
  const Numbered source;
  Loader loader(source, 3, 4, 0, 1000);
  EXPECT_EQ(loader.next().video_index.item<int64_t>(), 0);
}

}  // namespace
}  // namespace tvr
