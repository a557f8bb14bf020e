#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tvr/eval/compat.h"
#include "tvr/eval/report.h"
#include "tvr/eval/rerank.h"
#include "tvr/eval/retrieved.h"
#include "tvr/eval/table.h"

namespace tvr {

/// What `tvr metrics` computes from a similarity matrix beyond the numbers themselves.
struct MatrixRequest {
  EvaluationInput input;
  Protocol protocol;
  int64_t threads = 0;
  std::vector<RerankSpec> reranks;
  const ScoreMatrix* text_bank = nullptr;   ///< other texts against the videos [n,V], for text to video
  const ScoreMatrix* video_bank = nullptr;  ///< the texts against other videos [T,n], for video to text
  bool bank_is_test = false;                ///< a bank holds the test queries themselves
  std::optional<Compat> compat;
  std::vector<std::pair<std::string, double>> fusion;  ///< matrix and weight, where several were summed
  std::vector<std::string> notes;                      ///< what the reader must know of the input
};

/// One post-processing, by direction; a direction without a bank is absent.
struct RerankedNumbers {
  RerankSpec spec;
  bool transductive = false;  ///< looks at other test queries: not to be compared with raw numbers
  std::optional<DirectionMetrics> text_to_video, video_to_text;
  std::optional<BankUse> text_use, video_use;  ///< with a bank
};

/// Hubness of one direction at 1 and 10.
struct DirectionHubs {
  Hubness first, ten;
};

struct MatrixReport {
  Evaluation evaluation;
  std::vector<RerankedNumbers> reranked;
  std::optional<CompatNumbers> compat;
  DirectionHubs video_hubs, text_hubs;  ///< videos retrieved by texts, texts retrieved by videos
  std::vector<std::string> text_ids, video_ids;
  std::vector<std::pair<std::string, double>> fusion;
  std::vector<std::string> notes;
};

/// Pure. Throws DataError for sizes that disagree, for a matrix of nothing but NaN, and for a re-ranking that needs a
/// bank without any.
MatrixReport evaluate_matrix(const MatrixRequest& request);

/// metrics.json with "reranked" (one object, or a list where there are several), "compat", "hubness" and "fusion".
std::string matrix_report_to_json(const MatrixReport& report);
/// For people and papers: metrics as rows; raw, re-ranked, compatible and random numbers as columns of each direction.
/// Formats text, Markdown and LaTeX; throws std::logic_error for others. Ends with a line feed.
std::string render_matrix_report(const MatrixReport& report, TableFormat format);
/// The page of evaluation_page_html() with these sections.
std::string matrix_page_html(const std::string& title, const MatrixReport& report);

}  // namespace tvr
