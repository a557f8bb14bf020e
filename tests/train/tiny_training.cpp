#include "train/tiny_training.h"

#include <torch/torch.h>

#include "conformance/random_features.h"
#include "tvr/model/initialize.h"

namespace tvr {
namespace {

constexpr int64_t kDim = 8, kPairs = 32, kBatch = 8;

class TinyText final : public TextEncoder {
 public:
  TinyText() : linear_(register_module("linear", torch::nn::Linear(kDim, kDim))) { initialize(*this, 1, "text."); }
  int64_t dim() const override { return kDim; }
  int64_t context_length() const override { return 3; }
  TextFeatures encode(const TextInput& text, const StepContext& step) override {
    auto input = torch::one_hot(text.ids.select(1, 0) % kDim, kDim).to(torch::kFloat);
    // Noise from the step context, as dropout would draw it: resuming must replay it.
    if (step.training)
      input = input + 0.01 * random_tensor(input.sizes(), step.random("noise").bits(), "noise", torch::kFloat);
    TextFeatures features;
    features.pooled = linear_->forward(input);
    features.tokens = features.pooled.unsqueeze(1);
    features.mask = text.mask.slice(1, 0, 1);
    return features;
  }

 private:
  torch::nn::Linear linear_;
};

class TinyVideo final : public VideoEncoder {
 public:
  TinyVideo() : linear_(register_module("linear", torch::nn::Linear(kDim, kDim))) { initialize(*this, 1, "video."); }
  int64_t dim() const override { return kDim; }
  int64_t grid() const override { return 1; }
  VideoInputSpec input() const override { return {false, 1, 1, "", 0}; }
  VideoFeatures encode(const VideoInput& video, const StepContext& /*step*/) override {
    VideoFeatures features;
    features.frames = linear_->forward(video.cached.frames);
    features.mask = video.cached.mask;
    return features;
  }

 private:
  torch::nn::Linear linear_;
};

class TinySource final : public BatchSource {
 public:
  int64_t batches_per_epoch() const override { return kPairs / kBatch; }
  int64_t batch_size() const override { return kBatch; }
  PairBatch batch(int64_t epoch, int64_t index) const override {
    const auto videos = (torch::arange(kBatch) * 3 + epoch * 5 + index * kBatch) % kPairs;
    PairBatch batch;
    batch.text = {videos.unsqueeze(1), torch::ones({kBatch, 1}, torch::kBool)};
    batch.video.cached.frames = random_tensor({kPairs, 1, kDim}, 5, "videos", torch::kFloat).index_select(0, videos);
    batch.video.cached.mask = torch::ones({kBatch, 1}, torch::kBool);
    batch.video_index = videos;
    batch.second = batch.video;
    batch.second.cached.frames =
        batch.video.cached.frames + random_tensor({kPairs, 1, kDim}, 6, "views", torch::kFloat).index_select(0, videos);
    return batch;
  }
};

}  // namespace

TinyTraining::TinyTraining(uint64_t seed, int64_t steps, const std::string& model_and_loss)
    : source(std::make_shared<TinySource>()) {
  const auto node = ConfigNode::parse(model_and_loss);
  auto head = read_plugin(builtin_heads(), node, "head", "")(HeadContext{kDim, 1, 3, seed});
  loss = read_loss(node, builtin_losses())();
  auto score = std::make_shared<Score>(ScoreOptions{}, head->part_infos());
  model = std::make_shared<RetrievalModel>(std::make_shared<TinyText>(), std::make_shared<TinyVideo>(), head, score);
  TrainOptions train;
  train.steps = steps;
  OptimizerOptions optimizer;
  optimizer.lr = 0.02;
  trainer = std::make_unique<Trainer>(train, optimizer, model, loss, source, seed, torch::kCPU);
}

}  // namespace tvr
