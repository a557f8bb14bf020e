#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "experiment.h"

namespace tvr {

/// What train and eval write of an evaluation; empty paths are left out, "-" is standard output.
struct EvaluationOutputs {
  std::filesystem::path metrics, ranks, page, similarity;
};

/// Throws ConfigError for an output that cannot be written, before any work: a folder, a path that cannot be made, "-"
/// for anything but the metrics.
void check_outputs(const EvaluationOutputs& outputs);

/// Evaluates one split with the weights now in `model`; `weights` names them in the report.
Evaluation evaluate_and_write(const Experiment& experiment, RetrievalModel& model, const ExperimentData& data,
                              const std::string& split, const std::filesystem::path& weights,
                              const std::string& command, const EvaluationOutputs& outputs);

/// The protocol of an evaluation of `split`: everything but the counts.
Protocol make_protocol(const Experiment& experiment, const std::string& split, const std::filesystem::path& weights,
                       const std::string& command);

/// "2 x Intel …" for reports.
std::string hardware_name();

}  // namespace tvr
