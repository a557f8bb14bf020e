#pragma once
#include <functional>
#include <memory>
#include <optional>

#include "tvr/train/run_directory.h"
#include "tvr/train/trainer.h"

namespace tvr {

/// A line a step in log.jsonl, the same numbers as TensorBoard events, and a progress bar with throughput.
std::unique_ptr<TrainHook> make_log_hook(const RunDirectory& run, int64_t total_steps, int64_t done_steps);

/// What one evaluation of the validation split yields.
struct Validation {
  double value = 0;  ///< what select_on names: larger is better
  std::vector<std::pair<std::string, double>> numbers;
};

/// Evaluates when due, logs the numbers, saves checkpoints/best when `value` rose.
std::unique_ptr<TrainHook> make_evaluation_hook(const RunDirectory& run, const Trainer& trainer,
                                                std::function<Validation()> evaluate, int64_t every);

/// Saves checkpoints/last when due, at the end, and when SIGINT or SIGTERM arrived; then throws Interrupted. Comes
/// last.
std::unique_ptr<TrainHook> make_checkpoint_hook(const RunDirectory& run, const Trainer& trainer, int64_t every);

/// From here on SIGINT, SIGTERM and SIGHUP are remembered instead of ending the program; a further one, two seconds
/// later or more, ends it at once.
void catch_interrupts();
/// They end the program again. Throws Interrupted if one arrived meanwhile.
void release_interrupts();
bool interrupted();

}  // namespace tvr
