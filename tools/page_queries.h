#pragma once
#include "experiment.h"
#include "tvr/eval/page.h"

namespace tvr {

/// The evaluation page of a split: numbers, settings, and eval.page_queries queries chosen evenly over needs, right and
/// wrong ones, each with its top 5, frames and what the head explains.
EvaluationPage make_page(const Experiment& experiment, RetrievalModel& model, const Tokenizer& tokenizer,
                         const EvaluationData& data, const torch::Tensor& similarity, const Evaluation& evaluation);

}  // namespace tvr
