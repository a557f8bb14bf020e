#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "tvr/base/arrays.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/data/frame_sampling.h"
#include "tvr/ops/resize.h"
#include "tvr/video/picture.h"
#include "tvr/video/video_reader.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kMostFrames = 100'000;
constexpr int64_t kLargestSize = 4096;
constexpr int64_t kMostBytes = int64_t{8} << 30;

struct FramesOptions {
  std::string video, out, json;
  int64_t count = 0, size = 0, seed = 0;
  FrameSampling sampling;
  TimeWindow window;
};

std::vector<int64_t> choose_frames(const VideoInfo& info, const FramesOptions& options) {
  const VideoTimeline timeline{info.frames, info.times, info.frames_per_second, info.stated_frames_per_second};
  if (!(options.sampling.fps > 0)) throw ConfigError("--fps: a number above 0 is needed.");
  if (!(options.window.start < options.window.end))
    throw ConfigError("--end: the end must lie behind the start, seconds from the first frame.");
  if (options.window.start > info.duration)
    throw ConfigError("--start " + std::to_string(options.window.start) + ": the video ends after " +
                      std::to_string(info.duration) + " seconds.");
  auto sampling = options.sampling;
  sampling.count = options.count;
  return sample_frames(sampling, timeline, options.window, {static_cast<uint64_t>(options.seed), 0, 0, 0});
}

void check_output_name(const std::string& out) {
  const auto extension = fs::path(out).extension();
  if (!out.empty() && extension != ".npy" && extension != ".png")
    throw ConfigError("--out " + out +
                      ": frames are written as .npy (an array) or .png (a contact sheet); choose one of the two.");
}

std::vector<Image> take_frames(VideoReader& reader, const std::vector<int64_t>& indices, const FramesOptions& options) {
  const auto& info = reader.info();
  const int64_t pixels = options.size > 0 ? options.size * options.size : info.height * info.width;
  if (pixels * 3 > kMostBytes / options.count)
    throw ConfigError("--count " + std::to_string(options.count) + ": that many frames of " +
                      std::to_string(info.width) + "x" + std::to_string(info.height) +
                      " pixels take more than 8 GiB; ask for fewer or give a --size.");
  std::vector<Image> frames(indices.size());
  reader.read(indices, [&](int64_t position, const Image& image) {
    auto& frame = frames[static_cast<size_t>(position)];
    frame = options.size > 0 ? centre_crop(resize_short_side(image, options.size), options.size, options.size) : image;
  });
  return frames;
}

void write_frames(const std::vector<Image>& frames, const fs::path& file) {
  if (file.extension() == ".png") {
    const auto columns = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(frames.size()))));
    write_file(file, encode_png(contact_sheet(frames, columns)));
    return;
  }
  std::vector<uint8_t> pixels;
  pixels.reserve(frames.size() * frames[0].pixels.size());
  for (const auto& frame : frames) pixels.insert(pixels.end(), frame.pixels.begin(), frame.pixels.end());
  const std::vector<int64_t> shape{static_cast<int64_t>(frames.size()), frames[0].height, frames[0].width, 3};
  write_npy(file, {ElementType::kU8, shape, pixels.data()});
}

nlohmann::ordered_json description(const std::string& video, const VideoInfo& info,
                                   const std::vector<int64_t>& indices) {
  std::vector<double> times;
  for (const int64_t index : indices) times.push_back(info.times[static_cast<size_t>(index)]);
  return {{"video", video},
          {"indices", indices},
          {"times", times},
          {"frames", info.frames},
          {"duration", info.duration},
          {"frames_per_second", info.frames_per_second},
          {"width", info.width},
          {"height", info.height},
          {"rotation", info.rotation},
          {"codec", info.codec},
          {"pixel_format", info.pixel_format},
          {"damaged_packets", info.damaged_packets}};
}

void write_json(const nlohmann::ordered_json& json, const std::string& file) {
  // A file name need not be UTF-8; JSON must be.
  const auto text = json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (file == "-") {
    std::cout << text;
  } else {
    write_file(file, text);
  }
}

void print_table(const VideoInfo& info, const std::vector<int64_t>& indices) {
  std::printf("%lld frames of %lldx%lld, %.3f s, %.6g frames/s, %s %s", static_cast<long long>(info.frames),
              static_cast<long long>(info.width), static_cast<long long>(info.height), info.duration,
              info.frames_per_second, info.codec.c_str(), info.pixel_format.c_str());
  if (info.rotation != 0) std::printf(", turned by %d degrees", info.rotation);
  if (info.damaged_packets > 0) std::printf(", %lld damaged packets", static_cast<long long>(info.damaged_packets));
  std::printf("\n\n  frame      time\n");
  for (const int64_t index : indices)
    std::printf("%7lld %9.3f\n", static_cast<long long>(index), info.times[static_cast<size_t>(index)]);
}

void run_frames(const FramesOptions& options) {
  check_output_name(options.out);
  const auto reader = open_video(options.video);
  const auto indices = choose_frames(reader->info(), options);
  if (!options.out.empty()) write_frames(take_frames(*reader, indices, options), options.out);
  if (!options.json.empty()) write_json(description(options.video, reader->info(), indices), options.json);
  if (options.out.empty() && options.json.empty()) print_table(reader->info(), indices);
}

}  // namespace

void add_frames_command(CLI::App& app) {
  auto* command = app.add_subcommand("frames", "The frames a sampler would take of a video");
  auto options = std::make_shared<FramesOptions>();
  command->add_option("video", options->video, "Video file; a name that starts with - goes after --")->required();
  command
      ->add_option("--count", options->count,
                   "How many frames; of short videos they repeat, or are fewer (clip4clip, drl, fps)")
      ->required()
      ->check(CLI::Range(int64_t{1}, kMostFrames));
  command
      ->add_option("--size", options->size, "Resize the short side to S (Pillow's bicubic) and crop the centre S x S")
      ->check(CLI::Range(int64_t{1}, kLargestSize));
  command
      ->add_option("--sampling", options->sampling.rule,
                   "middle of equal segments; xpool, clip4clip, drl: as those code bases; uniform from first to last; "
                   "random in each segment; fps: by presentation time")
      ->check(CLI::IsMember(kFrameRules))
      ->capture_default_str();
  command->add_option("--fps", options->sampling.fps, "Frames a second of clip4clip (whole ones), drl and fps")
      ->check(CLI::Range(0.001, 1000.0))
      ->capture_default_str();
  command
      ->add_option("--selection", options->sampling.selection, "Which stay when clip4clip, drl or fps find more than N")
      ->check(CLI::IsMember(kFrameSelections))
      ->capture_default_str();
  command->add_option("--start", options->window.start, "Seconds from the first frame: only frames from there on")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--end", options->window.end, "Seconds: only frames up to there")->check(CLI::NonNegativeNumber);
  command->add_option("--seed", options->seed, "Of the random rule")->check(CLI::NonNegativeNumber);
  command->add_option("--out", options->out, "F.npy: uint8 [N,H,W,3], RGB; F.png: a contact sheet");
  command->add_option("--json", options->json,
                      "Write indices, times and properties of the video; - is standard output");
  command->footer(
      "Examples:\n"
      "  tvr frames clip.mp4 --count 12                                  which frames, in a table\n"
      "  tvr frames clip.mp4 --count 12 --size 224 --out frames.npy      the array a model sees\n"
      "  tvr frames clip.mp4 --count 12 --out sheet.png --json -         a picture to look at, and JSON\n"
      "  tvr frames clip.mp4 --count 64 --sampling clip4clip --end 31    CLIP4Clip's frames of the first 31 seconds\n"
      "  tvr frames --count 12 -- -clip.mp4                              a name that starts with -");
  command->callback([options] { run_frames(*options); });
}

}  // namespace tvr
