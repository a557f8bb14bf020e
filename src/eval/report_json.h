#pragma once
#include <nlohmann/json.hpp>

#include "tvr/eval/report.h"

namespace tvr {

/// Keys keep their order in files.
using Json = nlohmann::ordered_json;

Json metrics_json(const DirectionMetrics& metrics);
Json numbers_json(const RetrievalNumbers& numbers);
Json report_json(const EvaluationReport& report);

}  // namespace tvr
