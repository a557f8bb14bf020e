#include "tvr/train/hooks.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tvr/base/progress.h"
#include "tvr/train/event_writer.h"

namespace tvr {
namespace {

// What a signal handler may write to. A terminal or `timeout` can deliver one Ctrl-C twice: only a signal that comes
// later than this after the first ends the program at once.
constexpr std::time_t kGraceSeconds = 2;
volatile std::sig_atomic_t interrupts = 0;
volatile std::time_t first_interrupt = 0;

void on_signal(int signal) {
  const auto now = std::time(nullptr);
  if (interrupts == 0) {
    first_interrupt = now;
    interrupts = 1;
  } else if (now - first_interrupt > kGraceSeconds) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

double wall_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

int64_t peak_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

// Appends to log.jsonl; state.log_bytes follows, so that a checkpoint knows where its log ends.
void append_line(const RunDirectory& run, const nlohmann::ordered_json& line, TrainState& state) {
  const auto text = line.dump() + "\n";
  std::ofstream stream(run.log(), std::ios::binary | std::ios::app);
  stream << text;
  stream.close();
  if (!stream) throw DataError(run.log().string() + ": cannot be written; is the disk full?");
  state.log_bytes += static_cast<int64_t>(text.size());
}

class LogHook final : public TrainHook {
 public:
  LogHook(const RunDirectory& run, int64_t total, int64_t done)
      : run_(run), events_(run.events(), true), progress_("train", total) {
    progress_.advance(done);
  }

  void after_step(const StepReport& report, TrainState& state) override {
    const double seconds = report.data_seconds + report.compute_seconds;
    nlohmann::ordered_json line{{"step", report.step}, {"epoch", report.epoch}, {"loss", report.loss}};
    for (const auto& [name, value] : report.terms) line["terms"][name] = value;
    if (report.positives) line["positives"] = *report.positives;
    line["grad_norm"] = report.grad_norm;
    line["lr"] = report.rates;
    line["data_s"] = report.data_seconds;
    line["compute_s"] = report.compute_seconds;
    line["samples_per_s"] = static_cast<double>(report.pairs) / seconds;
    line["peak_memory_mb"] = peak_memory_mb();
    append_line(run_, line, state);
    events_.scalar("train/loss", report.step, report.loss, wall_time());
    for (const auto& [name, value] : report.terms) events_.scalar("train/" + name, report.step, value, wall_time());
    if (report.positives) events_.scalar("train/positives", report.step, *report.positives, wall_time());
    for (const auto& [pattern, rate] : report.rates) events_.scalar("rate/" + pattern, report.step, rate, wall_time());
    events_.flush();  // the evaluation appends to the same file: a record left half in the buffer would be cut in two
    progress_.advance(1, fmt::format("loss {:.3f}, {:.0f} pairs/s, data {:.0f} ms, compute {:.0f} ms", report.loss,
                                     static_cast<double>(report.pairs) / seconds, report.data_seconds * 1e3,
                                     report.compute_seconds * 1e3));
  }

 private:
  const RunDirectory& run_;
  EventWriter events_;
  Progress progress_;
};

class EvaluationHook final : public TrainHook {
 public:
  EvaluationHook(const RunDirectory& run, const Trainer& trainer, std::function<Validation()> evaluate, int64_t every)
      : run_(run), trainer_(trainer), evaluate_(std::move(evaluate)), every_(every) {}

  void after_step(const StepReport& report, TrainState& state) override {
    data_seconds_ += report.data_seconds;
    seconds_ += report.data_seconds + report.compute_seconds;
    if (report.step % every_ != 0 && report.step != trainer_.total_steps()) return;
    const auto validation = evaluate_();
    nlohmann::ordered_json line{{"step", report.step}, {"validation", nlohmann::ordered_json::object()}};
    EventWriter events(run_.events(), true);
    std::string text;
    for (const auto& [name, value] : validation.numbers) {
      line["validation"][name] = value;
      events.scalar("validation/" + name, report.step, value, wall_time());
      text += fmt::format(" {} {:.1f}", name, value);
    }
    append_line(run_, line, state);
    spdlog::info("step {}: loss {:.4f}, validation{}; {:.0f} % of the time waited for data", report.step, report.loss,
                 text, 100 * data_seconds_ / seconds_);
    data_seconds_ = seconds_ = 0;
    if (validation.value <= state.best) return;
    state.best = validation.value;
    state.best_step = report.step;
    run_.save("best", trainer_, state);
  }

 private:
  const RunDirectory& run_;
  const Trainer& trainer_;
  std::function<Validation()> evaluate_;
  int64_t every_;
  double data_seconds_ = 0, seconds_ = 0;  ///< since the last evaluation
};

class CheckpointHook final : public TrainHook {
 public:
  CheckpointHook(const RunDirectory& run, const Trainer& trainer, int64_t every)
      : run_(run), trainer_(trainer), every_(every) {}

  void after_step(const StepReport& report, TrainState& state) override {
    const bool stop = interrupted();
    if (!stop && report.step % every_ != 0 && report.step != trainer_.total_steps()) return;
    run_.save("last", trainer_, state);
    if (stop)
      throw Interrupted("Interrupted after step " + std::to_string(report.step) +
                        "; the checkpoint is saved, continue with --resume.");
  }

 private:
  const RunDirectory& run_;
  const Trainer& trainer_;
  int64_t every_;
};

}  // namespace

std::unique_ptr<TrainHook> make_log_hook(const RunDirectory& run, int64_t total_steps, int64_t done_steps) {
  return std::make_unique<LogHook>(run, total_steps, done_steps);
}
std::unique_ptr<TrainHook> make_evaluation_hook(const RunDirectory& run, const Trainer& trainer,
                                                std::function<Validation()> evaluate, int64_t every) {
  return std::make_unique<EvaluationHook>(run, trainer, std::move(evaluate), every);
}
std::unique_ptr<TrainHook> make_checkpoint_hook(const RunDirectory& run, const Trainer& trainer, int64_t every) {
  return std::make_unique<CheckpointHook>(run, trainer, every);
}

void catch_interrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, on_signal);
}
void release_interrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_DFL);
  if (interrupted())
    throw Interrupted("Interrupted after the last step; the checkpoint is saved, evaluate with --resume.");
}
bool interrupted() {
  return interrupts != 0;
}

}  // namespace tvr
