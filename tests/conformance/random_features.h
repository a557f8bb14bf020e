#pragma once
#include <cstdint>

#include "tvr/model/features.h"
#include "tvr/model/interaction_head.h"

namespace tvr {

/// Sizes of the features the suites run on.
struct FeatureSizes {
  int64_t texts = 5, videos = 4, words = 6, frames = 3, patches = 4, dim = 8;
};

/// Random features with padding: texts and videos of different lengths, at least one of full length each.
TextFeatures random_texts(const FeatureSizes& sizes, uint64_t seed, torch::ScalarType type);
VideoFeatures random_videos(const FeatureSizes& sizes, uint64_t seed, torch::ScalarType type);

/// Gives every parameter generic values, so that nothing hides behind a zero or a one.
void fill_parameters(torch::nn::Module& module, uint64_t seed);

/// [..] standard normal, a function of (seed, name) alone.
torch::Tensor random_tensor(at::IntArrayRef shape, uint64_t seed, const char* name, torch::ScalarType type);

}  // namespace tvr
