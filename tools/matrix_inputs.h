#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tvr/eval/report.h"
#include "tvr/eval/score_matrix.h"

namespace CLI {
class App;
}

namespace tvr {

/// What `tvr metrics` and `tvr compare` are told of texts, videos and the protocol.
struct ProtocolOptions {
  std::string groups, video_ids, text_ids, captions, corpus, split = "test";
  std::string ties = "pessimistic", v2t;  ///< v2t empty: best-caption where every text has one video
  std::vector<int64_t> recalls, ndcgs;    ///< further K
  int64_t draws = 10000, seed = 0, threads = 0;
};
void add_protocol_options(CLI::App& command, ProtocolOptions& options);
/// Throws ConfigError for names and numbers that are not valid, before any work.
void check_protocol_options(const ProtocolOptions& options);

/// Who belongs to whom, with what else is known of the texts.
struct TextsAndVideos {
  EvaluationInput input;              ///< without scores
  std::vector<std::string> captions;  ///< [T], or empty
  std::vector<std::string> notes;     ///< what was assumed
};
/// Captions, one a line, as they are shown to readers.
std::vector<std::string> read_captions(const std::string& file, int64_t texts);
TextsAndVideos read_texts_and_videos(const ProtocolOptions& options, int64_t texts, int64_t videos);

/// The rules, with what was read under them.
Protocol protocol_of(const ProtocolOptions& options, const TextsAndVideos& data, const std::string& command);
/// The standard metrics with the further ones asked for, in order of K.
std::vector<Metric> metrics_of_options(const ProtocolOptions& options);

/// The command as it was given, for reports: positional arguments and every option that was used.
std::string command_text(const CLI::App& command);

/// One matrix a file.
std::vector<std::unique_ptr<ScoreMatrix>> open_matrices(const std::vector<std::string>& files);

}  // namespace tvr
