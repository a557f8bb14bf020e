#include "matrix_inputs.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/version.h"
#include "tvr/data/corpus.h"
#include "tvr/eval/evaluator.h"
#include "tvr/eval/ground_truth_file.h"
#include "tvr/eval/score_file.h"

namespace tvr {
namespace {

constexpr int64_t kMostDraws = 10'000'000;

// The split of a corpus: "msrvtt:FOLDER", its videos not looked for.
RetrievalSplit read_corpus_split(const std::string& corpus, const std::string& split) {
  const auto colon = corpus.find(':');
  if (colon == std::string::npos || colon + 1 == corpus.size())
    throw ConfigError("--corpus " + corpus + ": a type and a folder are needed, as in msrvtt:FOLDER.");
  const auto quoted = [](const std::string& text) { return nlohmann::json(text).dump(); };
  const auto node = ConfigNode::parse(
      "{}", "--corpus",
      {"data.type=" + quoted(corpus.substr(0, colon)), "data.root=" + quoted(corpus.substr(colon + 1)),
       "data.videos=\"\"", "data.test=" + quoted(split)});
  const auto build = read_plugin(builtin_corpora(), node, "data", "");
  node.finish();
  return build()->split("test");
}

TextsAndVideos of_corpus(const ProtocolOptions& options, int64_t texts, int64_t videos) {
  const auto split = read_corpus_split(options.corpus, options.split);
  const auto found_texts = static_cast<int64_t>(split.captions.size());
  const auto found_videos = static_cast<int64_t>(split.videos.size());
  if (found_texts != texts || found_videos != videos)
    throw DataError("--corpus " + options.corpus + " --split " + options.split + ": has " +
                    std::to_string(found_texts) + " captions of " + std::to_string(found_videos) +
                    " videos, but the similarity matrix is " + std::to_string(texts) + " x " + std::to_string(videos) +
                    "; rows and columns must be the split's, in its order.");
  TextsAndVideos result{evaluation_input(split), {}, {}};
  for (const auto& caption : split.captions) result.captions.push_back(caption.text);
  return result;
}

TextsAndVideos of_files(const ProtocolOptions& options, int64_t texts, int64_t videos) {
  TextsAndVideos result;
  std::vector<std::string> video_ids;
  if (!options.video_ids.empty()) video_ids = read_ids(options.video_ids, videos, "columns (videos)");
  auto named =
      options.groups.empty() ? square_truth(texts, videos) : read_truth(options.groups, texts, videos, video_ids);
  result.input.truth = std::move(named.truth);
  result.input.text_ids = std::move(named.text_ids);
  result.input.video_ids = video_ids.empty() ? std::move(named.video_ids) : video_ids;
  if (!named.note.empty()) result.notes.push_back(named.note);
  return result;
}

void add_further(std::vector<Metric>& metrics, Metric::Kind kind, const std::vector<int64_t>& depths) {
  for (const int64_t depth : depths) {
    const Metric metric{kind, depth};
    if (std::find(metrics.begin(), metrics.end(), metric) != metrics.end()) continue;
    const auto place = std::find_if(metrics.rbegin(), metrics.rend(),
                                    [&](const Metric& m) { return m.kind == kind && m.depth < depth; });
    const auto first = std::find_if(metrics.begin(), metrics.end(), [&](const Metric& m) { return m.kind == kind; });
    metrics.insert(place == metrics.rend() ? first : place.base(), metric);
  }
}

}  // namespace

void add_protocol_options(CLI::App& command, ProtocolOptions& options) {
  command.add_option("--groups", options.groups,
                     "the video of each text, in order: column numbers or ids, one a line (several separated by commas "
                     "or tabs), or a JSON list, or an array file; default: text i belongs to video i");
  command.add_option("--video-ids", options.video_ids, "ids of the columns, one a line or a JSON list");
  command.add_option("--text-ids", options.text_ids, "ids of the rows, one a line or a JSON list");
  command.add_option("--corpus", options.corpus,
                     "take texts, videos and their order from a corpus: TYPE:FOLDER, as in msrvtt:FOLDER");
  command.add_option("--split", options.split, "split of the corpus: its name or a list of ids; msrvtt also knows 1ka")
      ->capture_default_str();
  command.add_option("--v2t", options.v2t,
                     "candidates of video to text: best-caption (default: each video by its best caption) or "
                     "every-caption");
  command
      .add_option("--ties", options.ties,
                  "what equal scores do to a query: pessimistic (they stand before the right one), average (mean "
                  "0-based position, "
                  "a hit when it is below K) or optimistic")
      ->capture_default_str();
  command.add_option("--recall", options.recalls, "further K of R@K, as in 3,20")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--ndcg", options.ndcgs, "further K of nDCG@K")->delimiter(',')->allow_extra_args(false);
  command.add_option("--draws", options.draws, "draws of bootstrap (and permutation tests); 0: no intervals")
      ->capture_default_str();
  command.add_option("--seed", options.seed, "of these draws")->capture_default_str();
  command.add_option("--threads", options.threads, "0: all processors; the numbers do not depend on it")
      ->capture_default_str();
}

void check_protocol_options(const ProtocolOptions& options) {
  parse_tie_policy(options.ties);
  if (!options.v2t.empty()) parse_video_to_text(options.v2t);
  const auto number = [](const std::string& name, int64_t value, int64_t low, int64_t high) {
    if (value < low || value > high)
      throw ConfigError(name + " " + std::to_string(value) + " is out of range; it must be within " +
                        std::to_string(low) + " and " + std::to_string(high) + ".");
  };
  constexpr int64_t kMostDepth = 1'000'000'000;
  for (const int64_t depth : options.recalls) number("--recall", depth, 1, kMostDepth);
  for (const int64_t depth : options.ndcgs) number("--ndcg", depth, 1, kMostDepth);
  number("--draws", options.draws, 0, kMostDraws);
  number("--seed", options.seed, 0, INT64_MAX);
  number("--threads", options.threads, 0, 1024);
  if (!options.corpus.empty() && (!options.groups.empty() || !options.video_ids.empty() || !options.text_ids.empty()))
    throw ConfigError("--corpus brings videos, texts and ids; leave --groups, --video-ids and --text-ids out.");
}

std::vector<std::string> read_captions(const std::string& file, int64_t texts) {
  const auto content = read_file(file);
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    lines.push_back(content.substr(begin, end - begin));
    begin = end + 1;
  }
  if (static_cast<int64_t>(lines.size()) != texts)
    throw DataError(file + ": has " + std::to_string(lines.size()) + " lines for " + std::to_string(texts) +
                    " texts; give one caption a line, in order.");
  return lines;
}

TextsAndVideos read_texts_and_videos(const ProtocolOptions& options, int64_t texts, int64_t videos) {
  auto result = options.corpus.empty() ? of_files(options, texts, videos) : of_corpus(options, texts, videos);
  if (!options.text_ids.empty()) result.input.text_ids = read_ids(options.text_ids, texts, "rows (texts)");
  if (!options.captions.empty()) result.captions = read_captions(options.captions, texts);
  if (options.v2t.empty() && !result.input.truth.one_video_a_text())
    result.notes.emplace_back("some texts have several right videos, so video to text is ranked by every-caption");
  return result;
}

Protocol protocol_of(const ProtocolOptions& options, const TextsAndVideos& data, const std::string& command) {
  const auto& truth = data.input.truth;
  Protocol protocol;
  protocol.split = options.corpus.empty() ? "" : options.corpus + " " + options.split;
  protocol.captions = truth.is_square() ? "single" : "multi-caption";
  protocol.ties = parse_tie_policy(options.ties);
  protocol.video_to_text = !options.v2t.empty()       ? parse_video_to_text(options.v2t)
                           : truth.one_video_a_text() ? VideoToText::kBestCaption
                                                      : VideoToText::kEveryCaption;
  protocol.bootstrap_draws = options.draws;
  protocol.bootstrap_seed = options.seed;
  protocol.commit = commit();
  protocol.command = command;
  for (const auto& file : {options.groups, options.video_ids, options.text_ids})
    if (!file.empty()) protocol.split_files[file] = sha256_file(file);
  return protocol;
}

std::vector<Metric> metrics_of_options(const ProtocolOptions& options) {
  auto metrics = standard_metrics();
  add_further(metrics, Metric::Kind::kRecall, options.recalls);
  add_further(metrics, Metric::Kind::kNdcg, options.ndcgs);
  return metrics;
}

std::string command_text(const CLI::App& command) {
  std::string text = "tvr " + command.get_name();
  for (const auto* option : command.get_options()) {
    const auto name = option->get_positional() ? std::string() : " " + option->get_name();
    for (const auto& value : option->results()) text += name + " " + value;
  }
  return text;
}

std::vector<std::unique_ptr<ScoreMatrix>> open_matrices(const std::vector<std::string>& files) {
  std::vector<std::unique_ptr<ScoreMatrix>> matrices;
  for (const auto& file : files) matrices.push_back(open_scores(file));
  return matrices;
}

}  // namespace tvr
