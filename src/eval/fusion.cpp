#include "tvr/eval/fusion.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "tvr/base/error.h"
#include "tvr/eval/metrics.h"

namespace tvr {
namespace {

constexpr int64_t kSteps = 20, kMostRounds = 10;

// The weight of one matrix is changed, those of the others keep their proportions.
std::vector<double> with_weight(const std::vector<double>& weights, size_t index, double weight) {
  const double others = 1 - weights[index];
  auto result = weights;
  for (size_t i = 0; i < result.size(); ++i) {
    if (i == index)
      result[i] = weight;
    else
      result[i] = (1 - weight) * (others > 0 ? weights[i] / others : 1.0 / static_cast<double>(result.size() - 1));
  }
  return result;
}

}  // namespace

FusedScores::FusedScores(std::vector<const ScoreMatrix*> matrices, std::vector<double> weights)
    : matrices_(std::move(matrices)), weights_(std::move(weights)) {
  if (matrices_.empty() || matrices_.size() != weights_.size()) throw std::logic_error("one weight a matrix is needed");
  for (size_t i = 1; i < matrices_.size(); ++i) {
    if (matrices_[i]->texts() == texts() && matrices_[i]->videos() == videos()) continue;
    throw DataError("Matrix " + std::to_string(i + 1) + " is " + std::to_string(matrices_[i]->texts()) + " x " +
                    std::to_string(matrices_[i]->videos()) + ", the first is " + std::to_string(texts()) + " x " +
                    std::to_string(videos()) + "; only matrices of the same texts and videos can be fused.");
  }
}

void FusedScores::read_rows(int64_t begin, int64_t end, void* out) const {
  auto* sums = static_cast<double*>(out);
  const int64_t count = (end - begin) * videos();
  std::fill_n(sums, count, 0.0);
  std::vector<double> block(count);
  for (size_t i = 0; i < matrices_.size(); ++i) {
    if (weights_[i] == 0) continue;
    read_as_double(*matrices_[i], begin, end, block.data());
    for (int64_t k = 0; k < count; ++k) sums[k] += weights_[i] * block[k];
  }
}

std::vector<double> tune_fusion(const std::vector<const ScoreMatrix*>& matrices, const GroundTruth& truth,
                                VideoToText variant, TiePolicy policy, int64_t threads) {
  const auto rsum = [&](const std::vector<double>& weights) {
    const auto lists = rank_both(FusedScores(matrices, weights), truth, variant, threads);
    return summarize_ranks(lists.text_to_video, policy, {Metric::kRSum})[Metric::kRSum] +
           summarize_ranks(lists.video_to_text, policy, {Metric::kRSum})[Metric::kRSum];
  };
  std::vector<double> best(matrices.size(), 1.0 / static_cast<double>(matrices.size()));
  double best_sum = rsum(best);
  bool improved = matrices.size() > 1;
  for (int64_t round = 0; improved && round < kMostRounds; ++round) {
    improved = false;
    for (size_t i = 0; i < matrices.size(); ++i) {
      const auto start = best;
      for (int64_t step = 0; step <= kSteps; ++step) {
        const auto weights = with_weight(start, i, static_cast<double>(step) / kSteps);
        const double sum = rsum(weights);
        if (sum <= best_sum) continue;
        best = weights;
        best_sum = sum;
        improved = true;
      }
    }
  }
  return best;
}

}  // namespace tvr
