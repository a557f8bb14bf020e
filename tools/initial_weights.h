#pragma once
#include <filesystem>
#include <string>

#include "experiment.h"
#include "tvr/model/weight_load.h"

namespace tvr {

/// load_clip() for towers that may differ from the file's in their positions: longer text positions are cut, patch
/// positions resized. `who` begins what is logged of it.
LoadReport load_fitted(const StoredWeights& weights, const RecognisedWeights& recognised, const NamedTensors& towers,
                       const std::string& who);

/// Fills the parameters that train.init_match names from train.init: a run directory or a weights file of tvr, or the
/// towers of other programs' weights (`tvr weights inspect` shows what they are). Of those, longer text positions are
/// cut and patch positions resized to the model's. Throws ConfigError if no parameter matches or the activation is
/// another one, CheckpointError listing all names and shapes that do not fit.
void load_initial_weights(RetrievalModel& model, const Experiment& experiment);

/// What `tvr eval --weights` loads: all parameters from a run or a weights file of tvr, or both towers from other
/// programs' weights, as above; parameters of a head stay as they are then, which is told.
void load_evaluated_weights(RetrievalModel& model, const Experiment& experiment, const std::filesystem::path& path);

/// What stands for the weights in reports: the file of a run's checkpoint, else `path` itself. Throws CheckpointError
/// as weights_file() does.
std::filesystem::path evaluated_file(const std::filesystem::path& path);

/// Of the only file that holds the weights; of several files, of their sums and names, as sha256sum prints them.
std::string weights_sha256(const std::filesystem::path& path);

}  // namespace tvr
