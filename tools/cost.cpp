#include "cost.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <vector>

namespace tvr {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kGalleries[] = {1000, 10000};
constexpr int64_t kSamples = 4;           // texts and videos that are encoded
constexpr int64_t kMostBytes = 64 << 20;  // of a gallery's features
constexpr size_t kFewestRuns = 3, kMostRuns = 15;
constexpr double kEnoughSeconds = 0.5;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Rows 0, 1, … again and again.
template <class Features>
Features repeated(const Features& features, int64_t rows, int64_t count) {
  return select(features, torch::arange(count).remainder(rows));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double milliseconds_to_score(RetrievalModel& model, const TextFeatures& text, const VideoFeatures& videos) {
  const auto score = [&] {
    return model.score().sum(model.parts(text, videos)).sum().item<double>();
  };        // waits for a GPU
  score();  // the first call allocates
  std::vector<double> runs;
  const auto begin = Clock::now();
  while (runs.size() < kFewestRuns || (runs.size() < kMostRuns && seconds_since(begin) < kEnoughSeconds)) {
    const auto start = Clock::now();
    score();
    runs.push_back(1e3 * seconds_since(start));
  }
  return median(runs);
}

}  // namespace

nlohmann::ordered_json measure_cost(RetrievalModel& model, const EvaluationData& data) {
  const torch::NoGradGuard no_grad;
  model.eval();
  const auto device = model.parameters().front().device();
  int64_t parameters = 0, trainable = 0;
  for (const auto& parameter : model.parameters()) {
    parameters += parameter.numel();
    if (parameter.requires_grad()) trainable += parameter.numel();
  }
  const int64_t texts = std::min(kSamples, data.texts->size()), count = std::min(kSamples, data.videos->size());
  const auto text = model.encode(to(data.texts->rows(row_range(0, texts)), device));
  const auto videos = model.encode(to(data.videos->load(row_range(0, count), {}), device));
  const int64_t video_bytes = byte_size(videos) / count;
  nlohmann::ordered_json cost{{"parameters", parameters},
                              {"trainable_parameters", trainable},
                              {"bytes_per_text", byte_size(text) / texts},
                              {"bytes_per_video", video_bytes}};
  for (const int64_t gallery : kGalleries) {
    const int64_t tile = std::clamp<int64_t>(kMostBytes / std::max<int64_t>(1, video_bytes), 1, gallery);
    const double milliseconds = milliseconds_to_score(model, rows(text, 0, 1), repeated(videos, count, tile));
    cost["milliseconds_per_query"][std::to_string(gallery)] =
        milliseconds * static_cast<double>(gallery) / static_cast<double>(tile);
  }
  return cost;
}

int64_t logged_peak_memory_mb(const std::filesystem::path& log) {
  int64_t peak = 0;
  std::ifstream stream(log);
  for (std::string line; std::getline(stream, line);) {
    const auto step = nlohmann::json::parse(line, nullptr, false);
    if (step.is_object() && step.contains("peak_memory_mb") && step["peak_memory_mb"].is_number())
      peak = std::max(peak, step["peak_memory_mb"].get<int64_t>());
  }
  return peak;
}

}  // namespace tvr
