#pragma once
#include <string>
#include <vector>

#include "tvr/model/weight_file.h"

namespace tvr {

/// What lies beside the towers in a file of the CLIP4Clip family.
struct HeadWeights {
  struct Group {
    std::string system;              ///< "CLIP4Clip seqTransf", "DRL WTI", …
    std::vector<std::string> names;  ///< in the file
    std::string head;                ///< tvr's head that takes them; "": tvr has no such head yet
  };
  std::vector<Group> groups;
  std::vector<std::string> unknown;  ///< of no system that is known
};

/// Sorts weights.head by the system that has such parameters (baselines.md 8). Parameters that a head of tvr takes have
/// the same names there: those of seq_transformer, seq_lstm, tight_transformer, token_wise (weights of two layers),
/// xclip, xpool and ts2.
HeadWeights recognise_head(const StoredWeights& weights);

}  // namespace tvr
