#pragma once
#include <memory>

#include "tvr/train/trainer.h"

namespace tvr {

/// Texts and videos that are one vector each and pass their encoders through one linear layer: training of
/// milliseconds.
struct TinyTraining {
  explicit TinyTraining(uint64_t seed = 1, int64_t steps = 12);
  std::shared_ptr<RetrievalModel> model;
  std::shared_ptr<Loss> loss;
  std::shared_ptr<BatchSource> source;
  std::unique_ptr<Trainer> trainer;
};

}  // namespace tvr
