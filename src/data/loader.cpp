#include "tvr/data/loader.h"

#include <c10/util/ParallelGuard.h>
#include <torch/torch.h>

namespace tvr {

Loader::Loader(const BatchSource& source, int64_t threads, int64_t queue, int64_t begin, int64_t end)
    : source_(source), queue_(queue), end_(end), wanted_(begin), started_(begin) {
  for (int64_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Loader::~Loader() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

Loader::Result Loader::make(int64_t step) const {
  const torch::NoGradGuard no_grad;
  try {
    return {source_.batch(step / source_.batches_per_epoch(), step % source_.batches_per_epoch()), nullptr};
  } catch (...) {
    return {{}, std::current_exception()};
  }
}

void Loader::work() {
  const c10::ParallelGuard serial(true);  // LibTorch would otherwise start a team of threads for each of ours
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || started_ >= end_ || started_ - wanted_ < queue_; });
    if (stopping_ || started_ >= end_) return;
    const int64_t step = started_++;
    lock.unlock();
    auto result = make(step);
    lock.lock();
    ready_.emplace(step, std::move(result));
    changed_.notify_all();
  }
}

PairBatch Loader::next() {
  TORCH_CHECK(wanted_ < end_, "the loader has no further batches");
  Result result;
  if (threads_.empty()) {
    result = make(wanted_++);
  } else {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ready_.count(wanted_) > 0; });
    result = std::move(ready_.extract(wanted_).mapped());
    ++wanted_;
    changed_.notify_all();
  }
  if (result.failure) std::rethrow_exception(result.failure);
  return std::move(result.batch);
}

}  // namespace tvr
