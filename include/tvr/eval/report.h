#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tvr/eval/breakdown.h"
#include "tvr/eval/metrics.h"

namespace tvr {

/// Under what rules and from what system numbers came to be; all of it is printed with them. Empty
/// text: not known.
struct Protocol {
  std::string split;                ///< evaluated split
  std::string selection_split;      ///< split the checkpoint was chosen on; "" = none (last epoch, or
                                    ///< not trained here)
  std::string captions = "single";  ///< single, multi-caption or paragraph
  int64_t texts = 0;                ///< T, queries of text to video
  int64_t videos = 0;               ///< V, candidates of text to video
  int64_t videos_without_caption = 0;
  int64_t listed_videos = 0;    ///< by the annotations, before unusable ones were left out; 0: not known
  int64_t missing_videos = 0;   ///< of the split, not readable; what was done says missing_policy
  std::string missing_policy;   ///< "substitute-black" or "skip" (then the numbers are not comparable); "" if none is
  std::string order_sha256;     ///< over the ordered ids and texts: equal for runs that evaluated the same rows
  std::string frames;           ///< what was seen of each video: "12 frames, sampling middle"
  int64_t truncated_texts = 0;  ///< captions longer than the text encoder takes
  TiePolicy ties = TiePolicy::kPessimistic;
  VideoToText video_to_text = VideoToText::kBestCaption;
  int64_t clusters = 0;  ///< what the bootstrap resamples: videos, or groups of videos such as twin pairs
  int64_t bootstrap_draws = 10000;
  int64_t bootstrap_seed = 0;
  int64_t seed = 0;  ///< run.seed
  std::string config, checkpoint, checkpoint_sha256, commit, hardware, precision, command;
  std::map<std::string, std::string> split_files;  ///< annotation file -> SHA-256

  /// Calls visit(key, member) for every field, in the order of files and pages.
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("split", self.split);
    visit("selection_split", self.selection_split);
    visit("captions", self.captions);
    visit("texts", self.texts);
    visit("videos", self.videos);
    visit("videos_without_caption", self.videos_without_caption);
    visit("listed_videos", self.listed_videos);
    visit("missing_videos", self.missing_videos);
    visit("missing_policy", self.missing_policy);
    visit("order_sha256", self.order_sha256);
    visit("frames", self.frames);
    visit("truncated_texts", self.truncated_texts);
    visit("ties", self.ties);
    visit("v2t_definition", self.video_to_text);
    visit("clusters", self.clusters);
    visit("bootstrap_draws", self.bootstrap_draws);
    visit("bootstrap_seed", self.bootstrap_seed);
    visit("seed", self.seed);
    visit("config", self.config);
    visit("checkpoint", self.checkpoint);
    visit("checkpoint_sha256", self.checkpoint_sha256);
    visit("commit", self.commit);
    visit("hardware", self.hardware);
    visit("precision", self.precision);
    visit("command", self.command);
    visit("split_files", self.split_files);
  }
};

/// Both directions of one score, the whole or a part of it.
struct RetrievalNumbers {
  DirectionMetrics text_to_video, video_to_text;
  std::optional<TwinAccuracy> twins;  ///< where videos have twins
  double rsum() const { return text_to_video[Metric::kRSum] + video_to_text[Metric::kRSum]; }
};

/// What a random order of the same galleries gives on average.
struct RandomNumbers {
  MetricValues text_to_video, video_to_text;
};

/// Ids of the first kMostNamed queries that met scores which are no ordinary numbers, or that tie.
struct SpecialQueries {
  static constexpr size_t kMostNamed = 20;
  std::vector<std::string> nan_texts, nan_videos, infinite_texts, infinite_videos, tied_texts, tied_videos;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("nan_texts", self.nan_texts);
    visit("nan_videos", self.nan_videos);
    visit("infinite_texts", self.infinite_texts);
    visit("infinite_videos", self.infinite_videos);
    visit("tied_texts", self.tied_texts);
    visit("tied_videos", self.tied_videos);
  }
};

/// One evaluation: the content of metrics.json.
struct EvaluationReport {
  Protocol protocol;
  RetrievalNumbers whole;
  RandomNumbers random;
  SpecialQueries special;
  std::vector<std::pair<std::string, RetrievalNumbers>> parts;  ///< the named parts of the score, each ranked alone
  std::vector<Breakdown> breakdown;                             ///< text to video
};

/// Ranks of every query of one direction, for paired comparisons. All vectors [N].
struct QueryRanks {
  std::vector<int64_t> rank;  ///< 1-based, ties against the query; minus `tied` is the optimistic rank
  std::vector<int64_t> tied;  ///< wrong candidates of the same score
  std::vector<std::string> ids, clusters;
  int64_t candidates = 0;                                 ///< how many a query chooses from; 0: not known
  std::vector<double> positions(TiePolicy policy) const;  ///< 0-based
};

/// The content of ranks.safetensors.
struct EvaluationRanks {
  QueryRanks text_to_video, video_to_text;
};

/// What an evaluation is computed from.
struct EvaluationInput {
  const ScoreMatrix* scores = nullptr;
  std::vector<std::pair<std::string, const ScoreMatrix*>> parts;  ///< same shape as scores
  GroundTruth truth = GroundTruth::square(0);
  std::vector<std::string> text_ids;          ///< [T]
  std::vector<std::string> video_ids;         ///< [V]
  std::vector<std::string> cluster_of_video;  ///< [V] names; empty: videos linked by a common text are one cluster
  std::vector<Tag> tags;
  std::vector<Metric> metrics = standard_metrics();
};
/// What the bootstrap resamples, by video [V]: the clusters given, or the first video of each group of linked ones.
std::vector<std::string> cluster_names(const EvaluationInput& input);

struct Evaluation {
  EvaluationReport report;
  EvaluationRanks ranks;
};

/// Ranks both directions of the scores and of every part, with intervals, twins and breakdowns, by
/// the rules in `protocol` (ties, video_to_text, bootstrap); fills its counts. Pure. Throws
/// DataError for sizes that disagree.
Evaluation evaluate_similarity(const EvaluationInput& input, const Protocol& protocol, int64_t threads = 0);

/// metrics.json, keys as in "Metrics JSON" of the design: full precision, recalls in percent.
std::string report_to_json(const EvaluationReport& report);
/// The inverse. Throws DataError naming `origin` and the key that is missing or of the wrong type.
EvaluationReport report_from_json(const std::string& json, const std::string& origin);
EvaluationReport read_report(const std::filesystem::path& file);

/// ranks.safetensors: int64 arrays t2v_rank, t2v_tied [T], v2t_rank, v2t_tied [videos with a
/// caption]; ids and clusters as JSON lists in the metadata (t2v_ids, t2v_clusters, v2t_ids,
/// v2t_clusters), and the numbers of candidates (t2v_candidates, v2t_candidates).
void write_ranks(const std::filesystem::path& file, const EvaluationRanks& ranks);
/// Throws DataError naming the file and what does not fit.
EvaluationRanks read_ranks(const std::filesystem::path& file);

/// For people: one decimal, intervals, a random order beside, parts and breakdowns below. Ends with
/// a line feed.
std::string report_to_text(const EvaluationReport& report);

}  // namespace tvr
