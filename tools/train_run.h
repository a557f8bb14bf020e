#pragma once
#include <string>
#include <vector>

namespace tvr {

/// One `tvr train`.
struct TrainRequest {
  std::string config;
  std::vector<std::string> overrides;
  bool resume = false, dry_run = false;
  std::string command;  ///< as typed, for the manifest
};

/// Trains, evaluates the best checkpoint, writes the run directory. Throws Interrupted after saving when a signal came.
void train_run(const TrainRequest& request);

}  // namespace tvr
