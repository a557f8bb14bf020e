#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "commands.h"
#include "evaluation.h"
#include "matrix_inputs.h"
#include "tvr/base/arrays.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/eval/comparison.h"
#include "tvr/eval/rerank.h"
#include "tvr/eval/score_file.h"
#include "tvr/eval/table.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

struct CompareRequest {
  std::vector<std::string> systems;
  ProtocolOptions protocol;
  std::string json, html, format = "text";
};

// "NAME=A.npy,B.npy": a system and its seeds.
struct SystemFiles {
  std::string name;
  std::vector<std::string> files;
};

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

SystemFiles parse_system(const std::string& argument) {
  if (fs::exists(argument)) return {"", {argument}};
  const auto equals = argument.find('=');
  const auto list = equals == std::string::npos ? argument : argument.substr(equals + 1);
  SystemFiles system{equals == std::string::npos ? "" : argument.substr(0, equals), split_at_commas(list)};
  for (const auto& file : system.files)
    if (file.empty())
      throw ConfigError("'" + argument +
                        "': a system is FILE, or NAME=FILE, with one file a seed, separated by commas.");
  return system;
}

// Files without a name of their own are called by what tells them apart.
std::vector<SystemFiles> parse_systems(const std::vector<std::string>& arguments) {
  std::vector<SystemFiles> systems;
  std::vector<fs::path> unnamed;
  for (const auto& argument : arguments) {
    systems.push_back(parse_system(argument));
    if (systems.back().name.empty()) unnamed.emplace_back(systems.back().files[0]);
  }
  const auto names = short_names(unnamed);
  size_t next = 0;
  for (auto& system : systems)
    if (system.name.empty()) system.name = names[next++] + (system.files.size() > 1 ? ", …" : "");
  return systems;
}

// A run directory, or a file that tvr eval or tvr metrics wrote with --ranks.
std::optional<fs::path> ranks_file(const std::string& path) {
  if (fs::is_directory(path)) {
    const auto file = fs::path(path) / "ranks.safetensors";
    if (!fs::exists(file))
      throw DataError(path + ": holds no ranks.safetensors; it is no run directory of tvr that was evaluated.");
    return file;
  }
  if (!fs::is_regular_file(path)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string start(9, '\0');  // a safetensors file: eight bytes of a length, then JSON
  if (!file.read(start.data(), static_cast<std::streamsize>(start.size())) || start[8] != '{') return std::nullopt;
  return SafetensorsFile(path).has("t2v_rank") ? std::optional<fs::path>(path) : std::nullopt;
}

// "sim.npy@dual_softmax:100": a matrix, post-processed.
std::pair<std::string, std::optional<RerankSpec>> split_rerank(const std::string& file) {
  const auto at = file.rfind('@');
  if (at == std::string::npos || fs::exists(file)) return {file, std::nullopt};
  const auto spec = parse_rerank(file.substr(at + 1));
  if (spec.needs_bank())
    throw ConfigError(file +
                      ": re-ranking with a query bank cannot be compared here; dual_softmax:T and "
                      "inverted_softmax:T can.");
  return {file.substr(0, at), spec};
}

// Ranks were made under rules and for queries of their own.
void check_options_of_ranks(const ProtocolOptions& options) {
  const std::vector<std::pair<std::string, std::string>> given{
      {"--v2t", options.v2t},           {"--groups", options.groups}, {"--video-ids", options.video_ids},
      {"--text-ids", options.text_ids}, {"--corpus", options.corpus}, {"--ndcg", options.ndcgs.empty() ? "" : "K"}};
  for (const auto& [name, value] : given)
    if (!value.empty())
      throw ConfigError(name + " is for similarity matrices; run directories and ranks bring their own.");
}

// Reads systems one after the other; the first one decides what the queries are.
class SystemReader {
 public:
  SystemReader(const ProtocolOptions& options, bool from_ranks) : options_(options), from_ranks_(from_ranks) {}

  ComparedSystem read(const SystemFiles& files) {
    ComparedSystem system{files.name, {}, {}};
    for (const auto& file : files.files) {
      if (const auto ranks = ranks_file(file))
        add_ranks(system, *ranks);
      else
        add_matrix(system, file);
    }
    return system;
  }

  ComparedQueries texts, videos;
  std::vector<std::string> notes;

 private:
  void add_ranks(ComparedSystem& system, const fs::path& file) {
    const auto ranks = read_ranks(file);
    const auto policy = parse_tie_policy(options_.ties);
    auto metrics = metrics_of_options(options_);
    std::erase_if(metrics, [](const Metric& metric) {  // these need the ranks of every right candidate
      return metric.kind == Metric::Kind::kAveragePrecision || metric.kind == Metric::Kind::kNdcg;
    });
    const auto add = [&](std::vector<SeedResult>& seeds, const QueryRanks& direction, ComparedQueries& queries) {
      // Files of before the number was kept: every video with a text was a candidate, in either direction.
      const auto videos_with_text = static_cast<int64_t>(ranks.video_to_text.ids.size());
      seeds.push_back({query_values(direction.positions(policy), metrics), direction.ids,
                       direction.candidates > 0 ? direction.candidates : videos_with_text});
      if (queries.clusters.empty()) queries.clusters = number_clusters(direction.clusters);
    };
    add(system.text_to_video, ranks.text_to_video, texts);
    add(system.video_to_text, ranks.video_to_text, videos);
    if (texts.captions.empty() && !options_.captions.empty())
      texts.captions = read_captions(options_.captions, static_cast<int64_t>(ranks.text_to_video.ids.size()));
  }

  void add_matrix(ComparedSystem& system, const std::string& file) {
    if (from_ranks_)
      throw ConfigError(file +
                        ": is a similarity matrix, other systems are run directories or ranks; compare either "
                        "with its own kind (tvr metrics --ranks writes ranks of a matrix).");
    const auto [path, spec] = split_rerank(file);
    const auto scores = open_scores(path);
    if (!data_) {
      data_ = read_texts_and_videos(options_, scores->texts(), scores->videos());
      notes.insert(notes.end(), data_->notes.begin(), data_->notes.end());
    }
    const auto protocol = protocol_of(options_, *data_, "");
    const auto& input = data_->input;
    if (scores->texts() != input.truth.texts() || scores->videos() != input.truth.videos())
      throw DataError(path + ": is " + std::to_string(scores->texts()) + " x " + std::to_string(scores->videos()) +
                      ", the systems before it " + std::to_string(input.truth.texts()) + " x " +
                      std::to_string(input.truth.videos()) + "; only the same texts and videos can be compared.");
    const auto lists = rank(*scores, spec, input.truth, protocol.video_to_text);
    const auto& best = lists.text_to_video.best;
    if (std::all_of(best.begin(), best.end(), [](double score) { return std::isnan(score); }))
      throw DataError(file + ": the right scores are all NaN; there is nothing to compare.");
    const auto clusters = number_clusters(cluster_names(input));
    add(system.text_to_video, lists.text_to_video, input.text_ids, input.truth.of_texts(clusters), texts);
    add(system.video_to_text, lists.video_to_text, input.video_ids, clusters, videos);
    if (texts.captions.empty()) texts.captions = data_->captions;
  }

  RankLists rank(const ScoreMatrix& scores, const std::optional<RerankSpec>& spec, const GroundTruth& truth,
                 VideoToText variant) {
    if (!spec) return rank_both(scores, truth, variant, options_.threads);
    const auto note =
        spec->text() + " looks at all test queries at once (transductive): no fair opponent of raw numbers";
    if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
    return {text_to_video_ranks(*rerank_for_texts(scores, *spec, nullptr, options_.threads), truth, options_.threads),
            video_to_text_ranks(*rerank_for_videos(scores, *spec, nullptr, options_.threads), truth, variant,
                                options_.threads)};
  }

  void add(std::vector<SeedResult>& seeds, const RankList& ranks, const std::vector<std::string>& ids,
           const std::vector<int64_t>& clusters, ComparedQueries& queries) {
    SeedResult result{
        query_values(ranks, parse_tie_policy(options_.ties), metrics_of_options(options_)), {}, ranks.candidates};
    const bool first = queries.clusters.empty();
    for (const int64_t query : ranks.queries) {
      result.ids.push_back(ids[query]);
      if (first) queries.clusters.push_back(clusters[query]);
    }
    seeds.push_back(std::move(result));
  }

  const ProtocolOptions& options_;
  bool from_ranks_;
  std::optional<TextsAndVideos> data_;
};

std::string render(const Comparison& comparison, TableFormat format) {
  if (format == TableFormat::kMarkdown) return comparison_to_markdown(comparison);
  return format == TableFormat::kLatex ? comparison_to_latex(comparison) : comparison_to_text(comparison);
}

void compare(const CompareRequest& request) {
  check_protocol_options(request.protocol);
  const auto format = parse_table_format(request.format);
  if (format == TableFormat::kHtml || format == TableFormat::kJson)
    throw ConfigError("--format " + request.format +
                      ": on standard output text, markdown or latex; pages and JSON are "
                      "written by --html FILE and --json FILE.");
  check_outputs({request.json, "", request.html, ""});
  const auto systems = parse_systems(request.systems);
  if (systems.size() < 2) throw ConfigError("A comparison needs at least two systems; the first is the baseline.");
  const bool from_ranks = ranks_file(systems[0].files[0]).has_value();
  if (from_ranks) check_options_of_ranks(request.protocol);
  SystemReader reader(request.protocol, from_ranks);
  ComparisonInput input;
  for (const auto& files : systems) input.systems.push_back(reader.read(files));
  input.text_to_video = reader.texts;
  input.video_to_text = reader.videos;
  const auto comparison = compare_systems(
      input, {request.protocol.draws, static_cast<uint64_t>(request.protocol.seed), request.protocol.threads});
  if (!request.json.empty() && request.json != "-") write_file(request.json, comparison_to_json(comparison));
  if (!request.html.empty()) {
    std::vector<std::pair<std::string, std::string>> settings;
    for (const auto& note : reader.notes) settings.emplace_back("note", note);
    write_file(request.html, comparison_page_html("Comparison", input, comparison, settings));
  }
  if (request.json == "-") {
    std::cout << comparison_to_json(comparison);
  } else {
    for (const auto& note : reader.notes) std::cout << "note: " << note << "\n";
    std::cout << render(comparison, format);
  }
  std::cout << std::flush;
  if (!std::cout) throw DataError("Standard output cannot be written; is the disk full?");
}

}  // namespace

void add_compare_command(CLI::App& app) {
  auto* command = app.add_subcommand("compare", "is one system better than the other: paired tests");
  auto request = std::make_shared<CompareRequest>();
  command
      ->add_option("SYSTEM", request->systems,
                   "two or more, the first is the baseline: a similarity matrix (as for tvr metrics), a run directory, "
                   "or ranks; MATRIX@dual_softmax:T post-processes it; NAME=FILE names it, several files separated by "
                   "commas are its seeds")
      ->required();
  command->add_option("--captions", request->protocol.captions, "the texts themselves, one a line, to be shown");
  add_protocol_options(*command, request->protocol);
  command->add_option("--format", request->format, "text, markdown or latex")->capture_default_str();
  command->add_option("--json", request->json, "write everything as JSON; - is standard output, instead of the table");
  command->add_option("--html", request->html, "write a page with plots, gains and losses");
  command->footer(
      "Queries are resampled and swapped by video where several captions share one.\n\nExamples:\n"
      "  tvr compare baseline.npy ours.npy\n"
      "  tvr compare sim.npy sim.npy@dual_softmax:100\n"
      "  tvr compare base=b0.npy,b1.npy,b2.npy ours=o0.npy,o1.npy,o2.npy --groups video_of_caption.txt\n"
      "  tvr compare runs/demo/mean_pool runs/demo/token_wise_frames runs/demo/token_wise_patches --html compare.html");
  command->callback([request] { compare(*request); });
}

}  // namespace tvr
