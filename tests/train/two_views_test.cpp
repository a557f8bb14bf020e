// Training with two looks at each video: what the trainer makes of a head that wants them.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "train/tiny_training.h"

namespace tvr {
namespace {

const char* const kBoth = "head: {type: hcmi}\nloss: {type: multi_positive, apply_to: parts}\n";
const char* const kFirst = "head: {type: hcmi, views: first}\nloss: {type: multi_positive, apply_to: parts}\n";
const char* const kPlain = "head: {type: hcmi, denoise: false}\nloss: {type: multi_positive, apply_to: parts}\n";

double first_loss(TinyTraining& training, const PairBatch& batch) {
  return training.trainer->step(batch).loss;
}

TEST(TwoViews, TheLossIsTheMeanOverThem) {
  TinyTraining both(1, 12, kBoth), first(1, 12, kFirst), second(1, 12, kFirst);
  auto batch = both.source->batch(0, 0);
  const double mean = first_loss(both, batch), of_first = first_loss(first, batch);
  std::swap(batch.video, batch.second);
  const double of_second = first_loss(second, batch);  // the targets are those of both views, in either order
  EXPECT_NE(of_first, of_second);
  EXPECT_NEAR(mean, 0.5 * (of_first + of_second), 1e-5);
}

TEST(TwoViews, OnlyTrainedViewsHaveGradients) {
  for (const auto* settings : {kBoth, kFirst}) {
    TinyTraining training(1, 12, settings);
    auto batch = training.source->batch(0, 0);
    for (auto* view : {&batch.video, &batch.second}) view->cached.frames.requires_grad_(true);
    first_loss(training, batch);
    EXPECT_TRUE(batch.video.cached.frames.grad().defined());
    EXPECT_EQ(batch.second.cached.frames.grad().defined(), settings == kBoth);
  }
}

TEST(TwoViews, DenoisedTargetsChangeTheRun) {
  TinyTraining denoised(1, 12, kFirst), plain(1, 12, kPlain);
  const auto batch = denoised.source->batch(0, 0);
  EXPECT_NE(first_loss(denoised, batch), first_loss(plain, batch));
}

TEST(TwoViews, PositivesAreCountedWhereTargetsAreRefined) {
  TinyTraining denoised(1, 12, kFirst), plain(1, 12, kPlain);
  auto batch = denoised.source->batch(0, 0);
  EXPECT_FALSE(plain.trainer->step(batch).positives.has_value());
  EXPECT_GE(denoised.trainer->step(batch).positives.value(), 1);
  // Opposite views agree less with each other than with anybody's.
  batch.video.cached.frames = torch::ones_like(batch.video.cached.frames);
  batch.second.cached.frames = -batch.video.cached.frames;
  EXPECT_EQ(denoised.trainer->step(batch).positives.value(), static_cast<double>(batch.video_index.size(0)));
}

TEST(TwoViews, ARunIsRepeatable) {
  TinyTraining a(1, 12, kBoth), b(1, 12, kBoth);
  a.trainer->run(0, 1);
  b.trainer->run(2, 3);
  const auto first = a.trainer->model_state(), second = b.trainer->model_state();
  for (size_t i = 0; i < first.size(); ++i) EXPECT_TRUE(first[i].second.equal(second[i].second)) << first[i].first;
}

}  // namespace
}  // namespace tvr
