#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include "commands.h"
#include "evaluation.h"
#include "matrix_inputs.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/eval/embedding_scores.h"
#include "tvr/eval/fusion.h"
#include "tvr/eval/ground_truth_file.h"
#include "tvr/eval/matrix_report.h"
#include "tvr/eval/score_file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

struct MetricsRequest {
  std::vector<std::string> matrices;
  EmbeddingFiles embeddings;
  ProtocolOptions protocol;
  std::string similarity = "cosine";
  std::vector<std::string> reranks, tune_matrices;
  std::string bank, video_bank, tune_groups, tags;
  std::vector<double> weights;
  std::string compat = "none", json, html, ranks, format = "text";
  std::string command;  // as it was given
};

// What was asked for, understood and found consistent before any file is opened.
struct Plan {
  std::vector<RerankSpec> reranks;
  std::optional<Compat> compat;
  EmbeddingSimilarity similarity = EmbeddingSimilarity::kCosine;
  TableFormat format = TableFormat::kText;
};

void check_inputs(const MetricsRequest& request) {
  const bool embeddings = !request.embeddings.text.empty() || !request.embeddings.video.empty();
  if (embeddings == !request.matrices.empty())
    throw ConfigError(embeddings ? "Give either similarity matrices or embeddings (--text and --video), not both."
                                 : "Give a similarity matrix, or embeddings with --text and --video.");
  if (embeddings && (request.embeddings.text.empty() || request.embeddings.video.empty()))
    throw ConfigError("Embeddings need both --text and --video.");
  const bool fused = request.matrices.size() > 1;
  if (!fused && (!request.weights.empty() || !request.tune_matrices.empty()))
    throw ConfigError("--weights and --tune-on fuse several matrices; only one was given.");
  if (fused && request.weights.empty() == request.tune_matrices.empty())
    throw ConfigError(
        "Several matrices are fused: give either their weights (--weights 0.7,0.3) or the same systems' matrices of a "
        "validation set (--tune-on val_a.npy,val_b.npy).");
  const size_t count = request.weights.empty() ? request.tune_matrices.size() : request.weights.size();
  if (fused && count != request.matrices.size())
    throw ConfigError(std::to_string(request.matrices.size()) + " matrices, but " + std::to_string(count) +
                      (request.weights.empty() ? " after --tune-on" : " weights") + "; give one each.");
  if (request.tune_matrices.empty() && !request.tune_groups.empty())
    throw ConfigError("--tune-groups belongs to --tune-on, which is missing.");
}

Plan make_plan(const MetricsRequest& request) {
  check_inputs(request);
  check_protocol_options(request.protocol);
  Plan plan;
  for (const auto& spec : request.reranks) {
    plan.reranks.push_back(parse_rerank(spec));
    if (plan.reranks.back().needs_bank() && request.bank.empty() && request.video_bank.empty())
      throw ConfigError("--rerank " + spec +
                        " needs a query bank: --bank FILE, other texts (rows) against the same "
                        "videos, or --video-bank FILE, the same texts against other videos.");
  }
  const bool needs_bank =
      std::any_of(plan.reranks.begin(), plan.reranks.end(), [](const auto& spec) { return spec.needs_bank(); });
  if (!needs_bank && !(request.bank + request.video_bank).empty())
    throw ConfigError(
        "--bank and --video-bank serve --rerank query_bank and dynamic_inverted_softmax; neither was given.");
  if (request.compat != "none") plan.compat = parse_compat(request.compat);
  plan.similarity = parse_similarity(request.similarity);
  plan.format = parse_table_format(request.format);
  if (plan.format == TableFormat::kHtml || plan.format == TableFormat::kJson)
    throw ConfigError("--format " + request.format +
                      ": on standard output text, markdown or latex; pages and JSON are "
                      "written by --html FILE and --json FILE.");
  check_outputs({request.json, request.ranks, request.html, ""});
  return plan;
}

bool same_content(const std::string& a, const std::string& b) {
  if (!fs::exists(a) || !fs::exists(b)) return a == b;  // "file:name"
  return fs::equivalent(a, b) || (fs::file_size(a) == fs::file_size(b) && sha256_file(a) == sha256_file(b));
}

// The matrices a report is made from, and what they were fused to.
struct Scores {
  std::vector<std::unique_ptr<ScoreMatrix>> matrices;
  std::unique_ptr<ScoreMatrix> fused;
  const ScoreMatrix& whole() const { return fused ? *fused : *matrices[0]; }
};

std::vector<const ScoreMatrix*> pointers(const std::vector<std::unique_ptr<ScoreMatrix>>& matrices) {
  std::vector<const ScoreMatrix*> result;
  for (const auto& matrix : matrices) result.push_back(matrix.get());
  return result;
}

std::vector<double> fusion_weights(const MetricsRequest& request, const Protocol& protocol) {
  if (!request.weights.empty()) return request.weights;
  const auto matrices = open_matrices(request.tune_matrices);
  const auto texts = matrices[0]->texts(), videos = matrices[0]->videos();
  const auto truth =
      request.tune_groups.empty() ? square_truth(texts, videos) : read_truth(request.tune_groups, texts, videos);
  return tune_fusion(pointers(matrices), truth.truth, protocol.video_to_text, protocol.ties, request.protocol.threads);
}

void write_outputs(const MetricsRequest& request, const Plan& plan, const MatrixReport& report) {
  if (!request.json.empty() && request.json != "-") write_file(request.json, matrix_report_to_json(report));
  if (!request.ranks.empty()) write_ranks(request.ranks, report.evaluation.ranks);
  if (!request.html.empty()) {
    std::vector<std::string> names;
    for (const auto& file : request.matrices.empty() ? std::vector{request.embeddings.text} : request.matrices)
      names.push_back(fs::path(file).filename().string());
    write_file(request.html, matrix_page_html(join(names, " + "), report));
  }
  std::cout << (request.json == "-" ? matrix_report_to_json(report) : render_matrix_report(report, plan.format))
            << std::flush;
  if (!std::cout) throw DataError("Standard output cannot be written; is the disk full?");
}

void report_metrics(const MetricsRequest& request) {
  const auto plan = make_plan(request);
  Scores scores;
  std::vector<std::string> notes;
  if (request.matrices.empty())
    scores.matrices.push_back(embedding_scores(request.embeddings, plan.similarity, notes));
  else
    scores.matrices = open_matrices(request.matrices);
  const auto& first = *scores.matrices[0];
  const auto data = read_texts_and_videos(request.protocol, first.texts(), first.videos());

  MatrixRequest matrix;
  matrix.input = data.input;
  matrix.protocol = protocol_of(request.protocol, data, request.command);
  if (scores.matrices.size() > 1) {
    const auto weights = fusion_weights(request, matrix.protocol);
    scores.fused = std::make_unique<FusedScores>(pointers(scores.matrices), weights);
    for (size_t i = 0; i < weights.size(); ++i) {
      matrix.fusion.emplace_back(request.matrices[i], weights[i]);
      matrix.input.parts.emplace_back(request.matrices[i], scores.matrices[i].get());
    }
    if (request.weights.empty()) notes.emplace_back("fusion weights were tuned on " + request.tune_matrices[0] + " …");
  }
  matrix.input.scores = &scores.whole();
  if (!request.tags.empty())
    for (auto& tag : read_tags(request.tags, first.texts())) matrix.input.tags.push_back(std::move(tag));
  matrix.input.metrics = metrics_of_options(request.protocol);
  matrix.threads = request.protocol.threads;
  matrix.reranks = plan.reranks;
  matrix.compat = plan.compat;
  matrix.notes = std::move(notes);
  matrix.notes.insert(matrix.notes.end(), data.notes.begin(), data.notes.end());
  std::unique_ptr<ScoreMatrix> bank, video_bank;
  if (!request.bank.empty()) bank = open_scores(request.bank);
  if (!request.video_bank.empty()) video_bank = open_scores(request.video_bank);
  matrix.text_bank = bank.get();
  matrix.video_bank = video_bank.get();
  for (const auto& file : request.matrices)
    for (const auto& other : {request.bank, request.video_bank})
      matrix.bank_is_test = matrix.bank_is_test || (!other.empty() && same_content(file, other));
  write_outputs(request, plan, evaluate_matrix(matrix));
}

}  // namespace

void add_metrics_command(CLI::App& app) {
  auto* command = app.add_subcommand("metrics", "retrieval numbers of anybody's similarity matrix or embeddings");
  auto request = std::make_shared<MetricsRequest>();
  command->add_option("SIM", request->matrices,
                      "similarity matrix, rows = texts, columns = videos: .npy, .npz, .safetensors, .pt (torch.save), "
                      ".csv or .tsv; FILE:NAME chooses an array. Several are fused");
  command->add_option("--text", request->embeddings.text, "text embeddings [T,D], or [T,L,D] with --text-mask");
  command->add_option("--video", request->embeddings.video, "video embeddings [V,D], or [V,F,D] with --video-mask");
  command->add_option("--text-mask", request->embeddings.text_mask, "which tokens are real [T,L]; all: every one");
  command->add_option("--video-mask", request->embeddings.video_mask, "which frames are real [V,F]; all: every one");
  command->add_option("--similarity", request->similarity, "of embeddings: cosine or dot")->capture_default_str();
  add_protocol_options(*command, request->protocol);
  command->add_option(
      "--tags", request->tags,
      "csv with a header, a row a text, or JSON {\"tag\": [values]}: numbers for each value of each tag");
  command
      ->add_option("--rerank", request->reranks,
                   "post-processing shown beside the raw numbers: dual_softmax:T, inverted_softmax:T, query_bank:T or "
                   "dynamic_inverted_softmax:T[:k] (dsl, is, qb, dis); T multiplies the scores: about 100 for cosines, "
                   "1 for logits; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--bank", request->bank, "query bank of text to video: other texts (rows) against the videos");
  command->add_option("--video-bank", request->video_bank,
                      "query bank of video to text: the texts against other videos (columns)");
  command->add_option("--weights", request->weights, "weights of the matrices, in order, as in 0.7,0.3")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      ->add_option(
          "--tune-on", request->tune_matrices,
          "the same systems' matrices of a validation set, in order, as in val_a.npy,val_b.npy: weights that maximise "
          "RSum there")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--tune-groups", request->tune_groups, "the video of each text of the validation set");
  command
      ->add_option("--compat", request->compat,
                   "also what another evaluator prints: none, clip4clip (and its copies) or ce")
      ->capture_default_str();
  command->add_option("--format", request->format, "text, markdown or latex")->capture_default_str();
  command->add_option("--json", request->json, "write the numbers as JSON; - is standard output, instead of the table");
  command->add_option("--html", request->html, "write a page with plots");
  command->add_option("--ranks", request->ranks, "write every query's rank as safetensors, for tvr compare");
  command->footer(
      "Ties count against the query unless --ties says otherwise; NaN ranks last; both are counted.\n\nExamples:\n"
      "  tvr metrics sim.npy\n"
      "  tvr metrics sim.npy --groups video_of_caption.txt --v2t every-caption --json numbers.json\n"
      "  tvr metrics --text text.npy --video video.npy --rerank dual_softmax:100 --html page.html\n"
      "  tvr metrics sim.pt --corpus msrvtt:data/msrvtt --split 1ka --compat clip4clip\n"
      "  tvr metrics rgb.npy motion.npy --tune-on val_rgb.npy,val_motion.npy --format latex");
  command->callback([request, command] {
    request->command = command_text(*command);
    report_metrics(*request);
  });
}

}  // namespace tvr
