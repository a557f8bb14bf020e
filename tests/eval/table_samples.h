#pragma once
#include <string>

#include "eval/report_samples.h"
#include "tvr/eval/table.h"

namespace tvr::test {

/// A run of the sample evaluation; larger `skill`, better ranks. The seed of its training is `training_seed`.
inline TableRun table_run(uint64_t scores, double skill, int64_t training_seed = 0) {
  auto protocol = sample_protocol();
  protocol.seed = training_seed;
  const auto evaluation = sample_evaluation(scores, protocol, skill);
  return {evaluation.report, evaluation.ranks, {}, "runs/" + std::to_string(scores), "", {}};
}

inline TableRow run_row(const std::string& name, uint64_t scores, double skill) {
  return {
      .name = name, .published = {}, .ours = true, .runs = {table_run(scores, skill)}, .not_run = {}, .missing = {}};
}

inline TableRow seeds_row(const std::string& name, uint64_t scores, double skill, int64_t seeds) {
  auto row = run_row(name, scores, skill);
  for (int64_t seed = 1; seed < seeds; ++seed)
    row.runs.push_back(table_run(scores + static_cast<uint64_t>(seed), skill, seed));
  return row;
}

inline TableRow published_row() {
  TableRow row;
  row.name = "CLIP4Clip";
  row.published = PublishedNumbers{{{"R@1", 44.5}, {"R@5", 71.4}}, {}, "arXiv 2104.08860"};
  return row;
}

inline TableRow missing_row(const std::string& name) {
  TableRow row;
  row.name = name;
  row.ours = true;
  row.not_run = {0};
  return row;
}

}  // namespace tvr::test
