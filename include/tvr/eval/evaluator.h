#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tvr/config/options.h"
#include "tvr/data/batch.h"
#include "tvr/eval/report.h"
#include "tvr/model/retrieval_model.h"

namespace tvr {

struct EvaluatorOptions {
  int64_t text_tile = 128, video_tile = 128, memory_mb = 2048, bootstrap_draws = 10000, page_queries = 12;
  std::string ties = "pessimistic", v2t = "best-caption";
  bool save_similarity = false;
  template <class Visit>
  void fields(Visit&& f) {
    f("text_tile", text_tile, "Texts encoded and scored at a time", within(1, 1'000'000));
    f("video_tile", video_tile, "Videos encoded and scored at a time", within(1, 1'000'000));
    f("memory_mb", memory_mb, "Encoded texts and videos kept in memory; what is beyond goes to the disk",
      within(1, 1e8));
    f("ties", ties, "What equal scores of wrong candidates do to a query",
      one_of({"pessimistic", "average", "optimistic"}));
    f("v2t", v2t, "Candidates of video to text: each video's best caption, or every caption",
      one_of({"best-caption", "every-caption"}));
    f("bootstrap_draws", bootstrap_draws, "Resamples of the 95 % intervals; 0 draws none", within(0, 1e7));
    f("page_queries", page_queries, "Queries shown in page.html", within(0, 1000));
    f("save_similarity", save_similarity, "Write similarity.npy, texts by videos");
  }
};

/// Scores of all texts (rows) against all videos (columns), float32 on the CPU: the sum and each part.
struct Similarity {
  torch::Tensor sum;  ///< [T,V]
  std::vector<std::pair<std::string, torch::Tensor>>
      parts;  ///< [T,V] each, invalid pairs filled; none for a single part
};

/// Encodes every distinct text and every video once, then scores tile by tile; tiles are padded to full size, so that a
/// value does not depend on where its tile ends. Memory: memory_mb of features (the rest in files under `scratch`,
/// removed at the end), one tile's scores, and 4 bytes a pair for the sum and for every part.
Similarity compute_similarity(RetrievalModel& model, const EvaluationData& data, const EvaluatorOptions& options,
                              const torch::Device& device, const std::filesystem::path& scratch);

/// Ground truth, ids, twin pairs (where every video has one) and needs (where there are any) of a split; no scores.
EvaluationInput evaluation_input(const RetrievalSplit& split);

/// The similarity's numbers under `protocol`, with intervals clustered by twin pair where there are pairs, and a
/// breakdown by need where there are needs.
Evaluation evaluate_split(const Similarity& similarity, const EvaluationData& data, const Protocol& protocol);

}  // namespace tvr
