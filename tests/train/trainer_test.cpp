#include "tvr/train/trainer.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "train/tiny_training.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

std::vector<torch::Tensor> weights(const TinyTraining& training) {
  std::vector<torch::Tensor> copies;
  for (const auto& [name, tensor] : training.trainer->model_state()) copies.push_back(tensor.clone());
  return copies;
}

void expect_same_weights(const TinyTraining& a, const TinyTraining& b) {
  const auto first = weights(a), second = weights(b);
  for (size_t i = 0; i < first.size(); ++i) EXPECT_TRUE(first[i].equal(second[i]));
}

struct Losses final : TrainHook {
  explicit Losses(std::vector<double>& out) : values(out) {}
  void after_step(const StepReport& report, TrainState&) override { values.push_back(report.loss); }
  std::vector<double>& values;
};

TEST(Trainer, LearnsTheTinyTask) {
  TinyTraining training(1, 60);
  std::vector<double> losses;
  training.trainer->add_hook(std::make_unique<Losses>(losses));
  training.trainer->run(0, 1);
  ASSERT_EQ(losses.size(), 60u);
  EXPECT_LT(losses.back(), 0.6 * losses.front());
}

TEST(Trainer, ThreadsOfTheLoaderChangeNothing) {
  TinyTraining none, one, three;
  none.trainer->run(0, 1);
  one.trainer->run(1, 2);
  three.trainer->run(3, 4);
  expect_same_weights(none, one);
  expect_same_weights(none, three);
}

TEST(Trainer, TheSeedChangesTheRun) {
  TinyTraining a(1), b(2);
  a.trainer->run(0, 1);
  b.trainer->run(0, 1);
  EXPECT_FALSE(weights(a)[0].equal(weights(b)[0]));
}

TEST(Trainer, CountsStepsAndEpochs) {
  TinyTraining training;
  const auto report = training.trainer->step(training.source->batch(0, 0));
  EXPECT_EQ(report.step, 1);
  EXPECT_EQ(report.epoch, 0);
  EXPECT_EQ(report.pairs, 8);
  EXPECT_GT(report.grad_norm, 0);
  EXPECT_EQ(report.terms.size(), 1u);
}

TEST(Trainer, ALossThatIsNotFiniteEndsTheRunWithASentence) {
  TinyTraining training;
  const torch::NoGradGuard no_grad;
  training.trainer->model_state()[0].second.fill_(std::numeric_limits<float>::quiet_NaN());
  const torch::AutoGradMode gradients(true);
  EXPECT_THROW(training.trainer->run(0, 1), DataError);
}

TEST(Trainer, ALossThatRisesFromZeroIsCheckedAndTrainsLater) {
  TinyTraining rising(1, 12, "head: {type: mean_pool}\nloss: {type: info_nce, ramp: 0.5}\n");
  const auto batch = rising.source->batch(0, 0);
  EXPECT_EQ(rising.trainer->step(batch).loss, 0);
  EXPECT_GT(rising.trainer->step(batch).loss, 0);
  TinyTraining unknown(
      1, 12,
      "head: {type: mean_pool}\nloss: {terms: {a: {type: info_nce}, b: {type: margin, part: nobody, start: 0.6}}}\n");
  EXPECT_THROW(unknown.trainer->step(batch), Error);  // not after sixty percent of the run
}

}  // namespace
}  // namespace tvr
