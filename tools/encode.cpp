#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "commands.h"
#include "encode_run.h"
#include "tvr/base/error.h"
#include "tvr/train/hooks.h"

namespace tvr {
namespace {

constexpr int64_t kMostFrames = 4096, kLargestSize = 4096, kLargestBatch = 65536;
constexpr size_t kShownFiles = 20;

std::string kind_text(const EncodedKind& kind) {
  auto text = fmt::format("  {}: {}", kind.name, kind.rows);
  if (kind.encoded < kind.rows + std::ssize(kind.left_out)) text += fmt::format(", {} of them now", kind.encoded);
  if (kind.encoded > 0) text += fmt::format(", {:.1f} a second", static_cast<double>(kind.encoded) / kind.seconds);
  text += "\n";
  if (kind.not_finite > 0)
    text += fmt::format("  {} {} hold NaN or infinity, rows {}{}\n", kind.not_finite, kind.name, kind.not_finite_rows,
                        kind.not_finite > 10 ? ", …" : "");
  for (size_t i = 0; i < kind.left_out.size() && i < kShownFiles; ++i)
    text += fmt::format("  left out: {}: {}\n", kind.left_out[i].first, kind.left_out[i].second);
  if (kind.left_out.size() > kShownFiles)
    text += fmt::format("  left out: {} more\n", kind.left_out.size() - kShownFiles);
  return text;
}

void run_encode(const EncodeRequest& request) {
  catch_interrupts();
  const auto report = encode(request, interrupted);
  std::cout << fmt::format("{}: features of {} channels by {}\n", request.out, report.dim, report.architecture);
  for (const auto& kind : report.kinds) std::cout << kind_text(kind);
  if (report.truncated > 0)
    std::cout << fmt::format("  {} texts were longer than {} tokens and were cut\n", report.truncated, report.longest);
  for (const auto& note : report.notes) std::cout << "  " << note << "\n";
  std::cout.flush();
  if (!std::cout) throw DataError("Standard output cannot be written; is the disk full?");
}

void add_inputs(CLI::App& command, EncodeRequest& request) {
  command
      .add_option("--weights", request.weights,
                  "a file, an index of shards, a folder, or a run of tvr: what `tvr weights inspect` reads")
      ->required();
  command.add_option("--arch", request.arch,
                     "published architecture (ViT-B/32, ViT-H-14, …) of weights that do not say their activation");
  command.add_option("--activation", request.activation, "of the MLPs, where neither the weights nor --arch say it")
      ->check(CLI::IsMember({"quick_gelu", "gelu", "gelu_tanh"}));
  command.add_option("--tokenizer", request.tokenizer, "sentencepiece model, FILE.model, of SigLIP and XLM-R");
  command.add_option("--texts", request.texts, "file of texts, UTF-8, one a line; their ids are 0, 1, 2 …");
  command.add_option("--images", request.images,
                     "folder of pictures (.jpg, .jpeg, .png, .webp, .bmp); their ids are the names below it");
  command.add_option("--videos", request.videos, "folder of videos; their ids are the names below it");
  command.add_option("--out", request.out, "file to write, .safetensors")->required();
  command.add_option("--missing", request.missing, "files that cannot be read: fail, or skip and list them")
      ->check(CLI::IsMember({"fail", "skip"}))
      ->capture_default_str();
  command.add_flag("--overwrite", request.overwrite, "replace FILE, and forget what was begun with other settings");
}

void add_settings(CLI::App& command, EncodeRequest& request) {
  command.add_option("--frames", request.sampling.count, "frames of a video")
      ->check(CLI::Range(int64_t{1}, kMostFrames))
      ->capture_default_str();
  command.add_option("--sampling", request.sampling.rule, "which frames, as `tvr frames --help` explains")
      ->check(CLI::IsMember(kFrameRules))
      ->capture_default_str();
  command.add_option("--fps", request.sampling.fps, "frames a second of clip4clip, drl and fps")
      ->check(CLI::Range(0.001, 1000.0))
      ->capture_default_str();
  command.add_option("--size", request.size, "pixels of a picture's side; default: the weights' own")
      ->check(CLI::Range(int64_t{1}, kLargestSize));
  command.add_flag("--tokens,!--no-tokens", request.tokens, "write text.tokens and text.mask (default)");
  command.add_flag("--patches", request.patches, "write image.patches and video.patches");
  command.add_option("--batch", request.batch, "texts, pictures or frames at a time")
      ->check(CLI::Range(int64_t{1}, kLargestBatch))
      ->capture_default_str();
  command.add_option("--device", request.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  command.add_option("--threads", request.threads, "of LibTorch and of reading files; 0: one a processor")
      ->check(CLI::Range(0, 1024));
  command.add_option("--precision", request.precision, "of the computation; the file holds float32")
      ->check(CLI::IsMember({"float32", "bfloat16"}))
      ->capture_default_str();
}

}  // namespace

void add_encode_command(CLI::App& app) {
  auto* command = app.add_subcommand("encode", "features of texts, pictures and videos for other programs");
  auto request = std::make_shared<EncodeRequest>();
  add_inputs(*command, *request);
  add_settings(*command, *request);
  command->footer(
      "FILE holds text.pooled [T,D], text.tokens [T,L,D], text.mask [T,L] (L: of the longest text), image.pooled "
      "[N,D],\n"
      "image.patches [N,P,D], video.frames [V,F,D], video.patches [V,F,P,D], video.mask [V,F] and video.duration [V] "
      "in\n"
      "seconds, before L2 normalisation; the ids are JSON in the metadata text_ids, image_ids and video_ids. Where "
      "the\n"
      "mask is 0 the values are 0. An interrupted run goes on when the command is given again.\n\n"
      "Examples:\n"
      "  tvr encode --weights ViT-B-32.pt --texts captions.txt --videos clips --out features.safetensors\n"
      "  tvr encode --weights open_clip_pytorch_model.bin --arch ViT-H-14 --images photos --patches --out "
      "h14.safetensors\n"
      "  tvr encode --weights siglip/ --tokenizer siglip/spiece.model --texts captions.txt --out texts.safetensors\n"
      "  tvr encode --weights runs/mine --videos clips --frames 64 --sampling clip4clip --missing skip --out "
      "v.safetensors\n"
      "  python3 -c \"from safetensors import safe_open; print(safe_open('features.safetensors', 'np').keys())\"");
  command->callback([request] { run_encode(*request); });
}

}  // namespace tvr
