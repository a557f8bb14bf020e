#pragma once
#include <memory>

#include "tvr/data/batch.h"
#include "tvr/data/batch_plan.h"

namespace tvr {

/// Training batches of a corpus split: the plan's captions with their videos.
class CorpusSource final : public BatchSource {
 public:
  /// `views`: 1, or 2 for batches that look at their videos twice.
  CorpusSource(EvaluationData data, const LoaderOptions& options, uint64_t seed, int views = 1);
  int64_t batches_per_epoch() const override { return plan_.batches_per_epoch(); }
  int64_t batch_size() const override { return options_.batch_size; }
  PairBatch batch(int64_t epoch, int64_t index) const override;

 private:
  EvaluationData data_;
  LoaderOptions options_;
  uint64_t seed_;
  int views_;
  BatchPlan plan_;
};

/// Generated stills with captions, never repeated: one epoch of `steps` batches whose curriculum runs from 0 to 1.
class StillSource final : public BatchSource {
 public:
  StillSource(std::shared_ptr<const Tokenizer> tokenizer, int64_t context_length, int64_t batch_size, int64_t steps,
              uint64_t seed);
  int64_t batches_per_epoch() const override { return steps_; }
  int64_t batch_size() const override { return batch_size_; }
  PairBatch batch(int64_t epoch, int64_t index) const override;

 private:
  std::shared_ptr<const Tokenizer> tokenizer_;
  int64_t context_length_, batch_size_, steps_;
  uint64_t seed_;
};

/// `count` finished-curriculum stills as a split of one-frame videos, for validation while pre-training.
EvaluationData still_split(const Tokenizer& tokenizer, int64_t context_length, int64_t count, uint64_t seed);

}  // namespace tvr
