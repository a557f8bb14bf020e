#pragma once
#include <memory>
#include <string>

#include "tvr/train/trainer.h"

namespace tvr {

/// Texts and videos that are one vector each and pass their encoders through one linear layer: training of
/// milliseconds.
struct TinyTraining {
  /// `model_and_loss`: the sections model.head and loss, as `head` and `loss`. Batches have a second view of each
  /// video.
  explicit TinyTraining(uint64_t seed = 1, int64_t steps = 12,
                        const std::string& model_and_loss = "head: {type: mean_pool}\nloss: {type: info_nce}\n");
  std::shared_ptr<RetrievalModel> model;
  std::shared_ptr<Loss> loss;
  std::shared_ptr<BatchSource> source;
  std::unique_ptr<Trainer> trainer;
};

}  // namespace tvr
