#include "conformance/random_features.h"

#include <torch/torch.h>

#include "tvr/base/random.h"

namespace tvr {
namespace {

// Row i has 1 … length real places; the first row has all.
torch::Tensor ragged_mask(int64_t rows, int64_t length, uint64_t seed, const char* name) {
  Random random(seed, name);
  auto mask = torch::zeros({rows, length}, torch::kBool);
  for (int64_t i = 0; i < rows; ++i) mask[i].slice(0, 0, i == 0 ? length : 1 + random.integer(length)).fill_(true);
  return mask;
}

}  // namespace

torch::Tensor random_tensor(at::IntArrayRef shape, uint64_t seed, const char* name, torch::ScalarType type) {
  Random random(seed, name);
  auto tensor = torch::empty(shape, torch::kDouble);
  for (int64_t i = 0; i < tensor.numel(); ++i) tensor.data_ptr<double>()[i] = random.normal();
  return tensor.to(type);
}

TextFeatures random_texts(const FeatureSizes& s, uint64_t seed, torch::ScalarType type) {
  TextFeatures text;
  text.pooled = random_tensor({s.texts, s.dim}, seed, "pooled", type);
  text.tokens = random_tensor({s.texts, s.words, s.dim}, seed, "tokens", type);
  text.mask = ragged_mask(s.texts, s.words, seed, "words");
  return text;
}

VideoFeatures random_videos(const FeatureSizes& s, uint64_t seed, torch::ScalarType type) {
  VideoFeatures video;
  video.frames = random_tensor({s.videos, s.frames, s.dim}, seed, "frames", type);
  video.patches = random_tensor({s.videos, s.frames, s.patches, s.dim}, seed, "patches", type);
  video.mask = ragged_mask(s.videos, s.frames, seed, "real frames");
  video.times = torch::arange(s.frames).expand({s.videos, s.frames}).to(torch::kFloat);
  return video;
}

void fill_parameters(torch::nn::Module& module, uint64_t seed) {
  const torch::NoGradGuard no_grad;
  for (auto& item : module.named_parameters())
    item.value().copy_(0.5 * random_tensor(item.value().sizes(), seed, item.key().c_str(), item.value().scalar_type()));
}

}  // namespace tvr
