#include "tvr/train/trainer.h"

#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "tvr/base/names.h"
#include "tvr/data/loader.h"

namespace tvr {
namespace {

constexpr std::ptrdiff_t kShownNames = 6;

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

NamedTensors parameters_of(const RetrievalModel& model, const Loss& loss) {
  NamedTensors parameters;
  for (const auto& item : model.named_parameters()) parameters.emplace_back(item.key(), item.value());
  for (const auto& item : loss.named_parameters()) parameters.emplace_back("loss." + item.key(), item.value());
  return parameters;
}

}  // namespace

Trainer::Trainer(const TrainOptions& options, const OptimizerOptions& optimizer, std::shared_ptr<RetrievalModel> model,
                 std::shared_ptr<Loss> loss, std::shared_ptr<const BatchSource> source, uint64_t seed,
                 torch::Device device)
    : options_(options),
      optimizer_options_(optimizer),
      model_(std::move(model)),
      loss_(std::move(loss)),
      source_(std::move(source)),
      seed_(seed),
      device_(device),
      optimizer_(optimizer, parameters_of(*model_, *loss_)),
      total_(options.steps > 0 ? options.steps : options.epochs * source_->batches_per_epoch()) {}

void Trainer::run(int64_t threads, int64_t queue) {
  Loader loader(*source_, threads, queue, state_.step, total_);
  while (state_.step < total_) {
    const auto start = Clock::now();
    const auto batch = loader.next();
    const double waited = seconds_since(start);
    auto report = step(batch);
    report.data_seconds = waited;
    report.compute_seconds = seconds_since(start) - waited;
    state_.seconds += seconds_since(start);
    for (const auto& hook : hooks_) hook->after_step(report, state_);
  }
}

StepReport Trainer::step(const PairBatch& batch) {
  model_->train();
  StepReport report;
  const auto terms = terms_of(batch, report);
  torch::Tensor total;
  for (const auto& [name, term] : terms) total = total.defined() ? total + term : term;
  if (total.requires_grad()) total.backward();  // all terms may still rise from zero
  if (state_.step == 0) warn_of_untrained();

  const double factor = schedule_factor(optimizer_options_, state_.step, total_);
  report.loss = total.item<double>();
  if (!std::isfinite(report.loss))
    throw DataError("The loss of step " + std::to_string(state_.step + 1) +
                    " is not finite; lower optim.lr or check the features for NaN.");
  report.grad_norm = clip_gradients();
  optimizer_.step(factor);
  model_->score().clamp();

  for (const auto& [name, term] : terms) report.terms.emplace_back(name, term.item<double>());
  report.epoch = state_.step / source_->batches_per_epoch();
  report.step = ++state_.step;
  report.rates = optimizer_.rates(factor);
  report.pairs = batch.video_index.size(0);
  return report;
}

std::vector<VideoFeatures> Trainer::encode_views(const PairBatch& batch, StepContext context) {
  const auto needs = model_->head().needs();
  std::vector<VideoFeatures> views;
  for (context.view = 0; context.view < needs.views; ++context.view) {
    const torch::AutoGradMode gradients(context.view < needs.trained_views);
    views.push_back(model_->encode(to(context.view == 0 ? batch.video : batch.second, device_), context));
  }
  return views;
}

LossTerms Trainer::terms_of(const PairBatch& batch, StepReport& report) {
  StepContext context{true, seed_, state_.step, total_};
  const auto text = model_->encode(to(batch.text, device_), context);
  const auto views = encode_views(batch, context);
  auto targets = make_targets(batch.video_index.to(device_));
  if (views.size() > 1) {
    const torch::NoGradGuard no_grad;
    targets = model_->head().refine(targets, views[0], views[1], context);
    const auto others = targets.text_to_video.gt(0).logical_and(targets.same_video.logical_not());
    report.positives = 1 + others.sum(1).to(torch::kDouble).mean().item<double>();
  }
  LossTerms mean;
  const int count = model_->head().needs().trained_views;
  const auto& score = model_->score();
  for (context.view = 0; context.view < count; ++context.view) {
    const auto& video = views[static_cast<size_t>(context.view)];
    const auto parts = model_->parts(text, video, context);
    const auto terms = loss_->terms(
        {score.logits(parts), score.part_logits(parts), targets, context, score.similarities(parts), &text, &video});
    if (mean.empty()) mean.resize(terms.size());
    for (size_t i = 0; i < terms.size(); ++i) {
      const auto share = terms[i].second / count;
      mean[i] = {terms[i].first, mean[i].second.defined() ? mean[i].second + share : share};
    }
  }
  return mean;
}

void Trainer::warn_of_untrained() const {
  std::vector<std::string> names;
  for (const auto& [name, parameter] : parameters_of(*model_, *loss_))
    if (parameter.requires_grad() && !parameter.grad().defined()) names.push_back(name);
  if (!names.empty())
    spdlog::warn("trainable, but no loss depends on them in the first step ({} in all): {}{}", names.size(),
                 join({names.begin(), names.begin() + std::min<std::ptrdiff_t>(kShownNames, std::ssize(names))}, ", "),
                 std::ssize(names) > kShownNames ? ", …" : "");
}

double Trainer::clip_gradients() {
  std::vector<torch::Tensor> gradients;
  for (const auto& parameter : optimizer_.trainable())
    if (parameter.grad().defined()) gradients.push_back(parameter);
  const double limit = options_.max_grad_norm > 0 ? options_.max_grad_norm : std::numeric_limits<double>::infinity();
  return torch::nn::utils::clip_grad_norm_(gradients, limit);
}

NamedTensors Trainer::model_state() const {
  auto state = state_of(*model_);
  for (const auto& [name, tensor] : state_of(*loss_)) state.emplace_back("loss." + name, tensor);
  return state;
}

}  // namespace tvr
