#pragma once
#include "tvr/model/weight_file.h"

namespace tvr {

/// Takes off what wraps the towers' names and sorts out what is none of their weights; see open_weights().
void unwrap(StoredWeights& weights);

}  // namespace tvr
