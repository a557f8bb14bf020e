#pragma once
#include "experiment.h"

namespace tvr {

/// Fills the parameters that train.init_match names from train.init: a run directory or a weights file of tvr, or the
/// towers of other programs' weights (`tvr weights inspect` shows what they are). Of those, longer text positions are
/// cut and patch positions resized to the model's. Throws ConfigError if no parameter matches or the activation is
/// another one, CheckpointError listing all names and shapes that do not fit.
void load_initial_weights(RetrievalModel& model, const Experiment& experiment);

}  // namespace tvr
