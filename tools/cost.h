#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tvr/data/batch.h"
#include "tvr/model/retrieval_model.h"

namespace tvr {

/// What a trained model costs, on this machine with these threads; `cost` of a run's manifest. Keys: parameters,
/// trainable_parameters, bytes_per_text, bytes_per_video (prepared for scoring), milliseconds_per_query {"1000": …,
/// "10000": …}: one text scored against that many prepared videos, the median of several runs. Texts and videos come
/// from `data`, few of them, repeated up to the gallery's size: shapes count for the time, values do not. Bounded to
/// 64 MB of features and a few seconds; galleries that do not fit are scored in tiles, whose time is counted as often
/// as they would be needed.
nlohmann::ordered_json measure_cost(RetrievalModel& model, const EvaluationData& data);

/// The largest peak_memory_mb of a training's log: resident memory of the process, over all its sessions. 0 if the log
/// says nothing.
int64_t logged_peak_memory_mb(const std::filesystem::path& log);

}  // namespace tvr
