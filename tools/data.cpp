// tvr data: generate the demo corpus, show a corpus or an array file.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.h"
#include "data_check.h"
#include "data_pack.h"
#include "tvr/base/arrays.h"
#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/base/parallel.h"
#include "tvr/base/progress.h"
#include "tvr/data/corpus.h"
#include "tvr/data/demo_corpus.h"
#include "tvr/data/frame_pack.h"
#ifdef TVR_WITH_VIDEO
#include "tvr/video/video_reader.h"
#endif

namespace tvr {
namespace {

namespace fs = std::filesystem;

// ---------------------------------------------------------------------------------------------------- synth

struct SynthArguments {
  std::string out;
  DemoCorpusOptions options;
  int64_t threads = 0;
};

void synthesise(const SynthArguments& arguments) {
#ifdef TVR_WITH_VIDEO
  const bool written = write_demo_corpus(arguments.out, arguments.options, arguments.threads);
  const auto splits = draw_demo_corpus(arguments.options);
  fmt::print("{}: demo corpus of seed {} {}: {} train, {} validation, {} test videos\n", arguments.out,
             arguments.options.seed, written ? "written" : "is there already", splits[0].videos.size(),
             splits[1].videos.size(), splits[2].videos.size());
#else
  throw ConfigError("tvr data synth: this program was built without video support, which writes " + arguments.out +
                    "'s videos; build it with -DTVR_WITH_VIDEO=ON.");
#endif
}

void add_synth_command(CLI::App& app) {
  auto arguments = std::make_shared<SynthArguments>();
  auto* command = app.add_subcommand("synth", "Generate the demo corpus: MP4 videos with MSR-VTT's annotation files");
  command->footer(
      "Example: tvr data synth --out data/demo\n"
      "Test and validation hold seven needs: global brief region order motion audio text.");
  auto& options = arguments->options;
  command->add_option("--out", arguments->out, "Folder to write; must not exist, or hold this same corpus")->required();
  command->add_option("--train-pairs", options.train_pairs, "Twin pairs to train on")->capture_default_str();
  command->add_option("--val-pairs", options.val_pairs, "Twin pairs of each need to choose settings on")
      ->capture_default_str();
  command->add_option("--test-pairs", options.test_pairs, "Twin pairs of each need to test on")->capture_default_str();
  command->add_option("--seed", options.seed, "Same seed and sizes, same bytes")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--threads", arguments->threads, "0: all processors")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->callback([arguments] { synthesise(*arguments); });
}

// ---------------------------------------------------------------------------------------------------- info

void show_arrays(const fs::path& file) {
  constexpr size_t kShown = 200;
  const SafetensorsFile arrays(file);
  size_t width = 0;
  int64_t bytes = 0;
  for (const auto& [name, array] : arrays.arrays()) {
    width = std::max(width, name.size());
    bytes += array.bytes();
  }
  fmt::print("{}: {} arrays, {} bytes\n", file.string(), arrays.arrays().size(), bytes);
  for (const auto& [name, array] : arrays.arrays())
    fmt::print("  {:<{}}  {:<4}  {}\n", name, width, element_name(array.type), shape_text(array.shape));
  for (const auto& [key, value] : arrays.metadata())
    fmt::print("  {} = {}\n", key,
               value.size() > kShown ? value.substr(0, kShown) + fmt::format("… ({} bytes)", value.size()) : value);
}

int64_t count_words(const std::string& text) {
  int64_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank && !inside) ++words;
    inside = !blank;
  }
  return words;
}

void show_captions(const RetrievalSplit& split) {
  std::vector<int64_t> lengths;
  std::map<std::string, int64_t> needs;
  for (const auto& caption : split.captions) {
    lengths.push_back(count_words(caption.text));
    if (!caption.need.empty()) ++needs[caption.need];
  }
  if (lengths.empty()) return;
  std::sort(lengths.begin(), lengths.end());
  fmt::print("  words a caption: {} to {}, median {}\n", lengths.front(), lengths.back(), lengths[lengths.size() / 2]);
  std::vector<std::string> parts;
  for (const auto& [need, count] : needs) parts.push_back(fmt::format("{} {}", need, count));
  if (!parts.empty()) fmt::print("  captions by need: {}\n", join(parts, ", "));
}

void show_files(const RetrievalSplit& split) {
  if (split.videos.empty() || split.videos.front().path.empty()) return;  // annotations alone
  uintmax_t bytes = 0;
  for (const auto& video : split.videos) bytes += fs::file_size(video.path);
  fmt::print("  files: {:.1f} MB", static_cast<double>(bytes) / 1e6);
#ifdef TVR_WITH_VIDEO
  std::vector<double> seconds(split.videos.size(), -1);
  Progress progress(split.name + " videos", static_cast<int64_t>(seconds.size()));
  parallel_for(static_cast<int64_t>(seconds.size()), 0, [&](int64_t i) {
    try {
      seconds[static_cast<size_t>(i)] =
          open_video(split.videos[static_cast<size_t>(i)].path, {1, FrameCount::kByPackets})->info().duration;
    } catch (const DataError&) {  // counted below: one damaged video does not hide the rest
    }
    progress.advance();
  });
  double total = 0;
  int64_t damaged = 0;
  for (const double duration : seconds) duration < 0 ? void(++damaged) : void(total += duration);
  fmt::print(", {:.1f} s of video", total);
  if (damaged > 0) fmt::print(", {} not decodable", damaged);
#endif
  fmt::print("\n");
}

void show_corpus(const std::string& folder) {
  const auto registry = builtin_corpora();
  nlohmann::json settings{{"data", {{"root", folder}, {"missing", "skip"}}}};  // JSON is YAML, quoting included
  if (!fs::is_directory(fs::path(folder) / "videos")) settings["data"]["videos"] = "";  // annotations alone
  const auto node = ConfigNode::parse(settings.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), folder);
  const auto read = read_plugin(registry, node, "data", "msrvtt");
  node.finish();
  const auto corpus = read();
  std::vector<std::string> files;
  for (const auto& file : corpus->sources()) files.push_back(file.string());
  fmt::print("{}: read from {}\n", folder, join(files, ", "));
  for (const std::string name : {"train", "val", "test"}) {
    const auto split = corpus->split(name);
    fmt::print("{}: {} videos, {} captions", name, split.videos.size(), split.captions.size());
    fmt::print("{}\n",
               split.unusable.empty() ? "" : fmt::format(", {} videos without a file left out", split.unusable.size()));
    show_captions(split);
    show_files(split);
  }
}

void show_pack(const std::string& folder) {
  const FramePack pack(folder);
  const auto& options = pack.options();
  const auto& sampling = options.sampling;
  fmt::print("{}: frame pack of {} videos\n", folder, pack.size());
  fmt::print("  frames: {} by rule {} (fps {}, selection {})\n", sampling.count, sampling.rule, sampling.fps,
             sampling.selection);
  fmt::print("  pixels: {} {}, {}, {}\n", options.size, options.fit == "square" ? "square" : "short side",
             options.cropped ? "centre crop" : "uncropped", options.interpolation);
  fmt::print("  tvr data pack --verify {} compares every byte\n", folder);
}

void show(const std::string& path) {
  if (fs::exists(fs::path(path) / "pack.json") || fs::exists(fs::path(path) / "frames-00000.safetensors"))
    return show_pack(path);
  if (fs::is_directory(path)) return show_corpus(path);
  if (!fs::exists(path))
    throw DataError(path + ": does not exist; give the folder of a corpus or a .safetensors file.");
  show_arrays(path);
}

void add_info_command(CLI::App& app) {
  auto path = std::make_shared<std::string>();
  auto* command =
      app.add_subcommand("info", "Show what a corpus in MSR-VTT's format, a frame pack or a safetensors file holds");
  command->footer("Examples: tvr data info data/demo\n          tvr data info features.safetensors");
  command->add_option("path", *path, "Folder of a corpus or a frame pack, or FILE.safetensors")->required();
  command->callback([path] { show(*path); });
}

}  // namespace

void add_data_command(CLI::App& app) {
  auto* command = app.add_subcommand("data", "Generate, check, pack or show data");
  command->require_subcommand(1);
  command->footer("Examples: tvr data synth --out data/demo\n          tvr data info data/demo");
  add_synth_command(*command);
  add_check_command(*command);
  add_pack_command(*command);
  add_info_command(*command);
}

}  // namespace tvr
