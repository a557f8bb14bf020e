// tvr data pack: decode a corpus once, check a pack.
#include "data_pack.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "experiment.h"
#include "tvr/base/error.h"
#include "tvr/data/frame_pack.h"
#include "tvr/data/video_survey.h"

namespace tvr {
namespace {

struct PackArguments {
  std::string config, out, verify;
  std::vector<std::string> overrides, splits{"train", "val", "test"};
  int64_t frames = 0, size = 0, threads = 0;
  bool uncropped = false;
};

// What the model of the configuration takes; --frames and --size go before it.
FramePackOptions pack_options(const PackArguments& arguments, const Experiment& experiment) {
  VideoInputSpec spec;
  const auto& loader = experiment.loader;
  const bool is_open = loader.fit.empty() || loader.interpolation.empty();
  if (arguments.frames == 0 || arguments.size == 0 || is_open) {
    spec = experiment.model.video(EncoderContext{})->input();
    if (spec.cached && (arguments.frames == 0 || arguments.size == 0))
      throw ConfigError(arguments.config +
                        ": its model reads cached features, which says nothing about pixels; give "
                        "--frames and --size, or the configuration of the run whose encoder makes them.");
  }
  const auto pixels = loader.for_model(spec.fit, spec.interpolation);
  FramePackOptions options;
  options.sampling = loader.sampling_of(false, arguments.frames > 0 ? arguments.frames : spec.frames);
  options.size = arguments.size > 0 ? arguments.size : spec.size;
  options.fit = pixels.fit;
  options.interpolation = pixels.interpolation;
  options.cropped = !arguments.uncropped;
  return options;
}

std::vector<VideoItem> videos_of(const Corpus& corpus, const std::vector<std::string>& splits) {
  std::vector<VideoItem> videos;
  for (const auto& name : splits) {
    auto split = corpus.split(name);
    verify_videos(split, corpus.files());
    for (const auto& video : split.unusable) spdlog::warn("{}: {} {}", name, video.id, video.reason);
    videos.insert(videos.end(), split.videos.begin(), split.videos.end());
  }
  return videos;
}

void tell_plan(const FramePackPlan& plan, const PackArguments& arguments, const FramePackOptions& options) {
  spdlog::info("{}: {} videos, {}{} frames each of {} pixels, {}{:.2f} GB in {} shards, {} of them done", arguments.out,
               plan.videos, may_be_short(options.sampling) ? "at most " : "", options.sampling.count, options.size,
               plan.exact ? "" : "about ", static_cast<double>(plan.bytes) / 1e9, plan.shards, plan.shards_done);
}

void make(const PackArguments& arguments) {
  if (arguments.config.empty() || arguments.out.empty())
    throw ConfigError("tvr data pack needs a CONFIG and --out DIR, or --verify DIR.");
  const auto experiment = read_experiment(arguments.config, arguments.overrides);
  if (!experiment.corpus) throw ConfigError(arguments.config + ": generated stills have no videos to pack.");
  const auto options = pack_options(arguments, experiment);
  const auto corpus = experiment.corpus();
  const auto videos = videos_of(*corpus, arguments.splits);
  tell_plan(plan_frame_pack(arguments.out, videos, options), arguments, options);
  const auto report =
      make_frame_pack(arguments.out, videos, options, arguments.threads, corpus->files().missing == "fail");
  fmt::print("{}: {} videos, {:.1f} MB; {} shards made, {} were there already\n", arguments.out, report.videos,
             static_cast<double>(report.bytes) / 1e6, report.shards_made, report.shards_kept);
  for (const auto& video : report.unusable) fmt::print("not in the pack: {}: {}\n", video.id, video.reason);
  fmt::print("read it with: loader.pack={}\n", arguments.out);
}

void verify(const std::string& folder) {
  const FramePack pack(folder);
  pack.verify();
  fmt::print("{}: {} videos, every byte is as it was written\n", folder, pack.size());
}

}  // namespace

void add_pack_command(CLI::App& app) {
  auto arguments = std::make_shared<PackArguments>();
  auto* command = app.add_subcommand("pack", "Decode the videos of a corpus once, so that training never waits for it");
  command->footer(
      "Examples:\n"
      "  tvr data pack configs/demo/end_to_end.yaml --out data/demo_frames\n"
      "  tvr train configs/demo/end_to_end.yaml loader.pack=data/demo_frames\n"
      "  tvr data pack my.yaml --out frames loader.sampling=clip4clip --frames 64\n"
      "      then, if no video has more than 64 seconds, train with any number of frames\n"
      "  tvr data pack --verify frames\n"
      "An interrupted pack goes on when the command is given again. Settings data and loader of CONFIG say which "
      "videos,\n"
      "how frames are sampled and resized, and what happens to videos that cannot be decoded (data.missing).");
  command->add_option("CONFIG", arguments->config, "A configuration, or a run directory");
  command->add_option("SETTING", arguments->overrides, "key.sub=value: overrides of the configuration");
  command->add_option("--out", arguments->out, "Folder of the pack");
  command->add_option("--frames", arguments->frames, "Frames kept of a video; default: what the model takes")
      ->check(CLI::Range(1, 100'000));
  command->add_option("--size", arguments->size, "Pixels of the short side; default: what the model takes")
      ->check(CLI::Range(1, 4096));
  command->add_option("--split", arguments->splits, "Which splits")
      ->check(CLI::IsMember({"train", "val", "test"}))
      ->allow_extra_args(false);
  command->add_flag("--uncropped", arguments->uncropped, "Keep the long side, for loader.train_crop=random");
  command->add_option("--threads", arguments->threads, "Videos decoded at once; 0: all processors")
      ->check(CLI::Range(0, 1024));
  command->add_option("--verify", arguments->verify, "Read a pack and compare every video with its checksum")
      ->excludes("--out");
  command->callback([arguments] { arguments->verify.empty() ? make(*arguments) : verify(arguments->verify); });
}

}  // namespace tvr
