#include "feature_source.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include "experiment.h"
#include "tvr/base/file.h"
#include "tvr/data/video_source.h"
#include "tvr/model/patch_selection.h"
#include "tvr/train/run_directory.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr size_t kKeyDigits = 16;

// Names the pack: what it is made with and of which videos.
std::string pack_key(const VideoInputSpec& spec, const fs::path& weights, const FrameOptions& options,
                     const std::vector<VideoItem>& videos) {
  std::string content = sha256_file(weights) + fmt::format(" frames {} patches {}\n", spec.frames, spec.keep_patches);
  content += fmt::format("sampling {} fps {} selection {} fit {} interpolation {}\n", options.sampling, options.fps,
                         options.selection, options.fit, options.interpolation);
  for (const auto& video : videos) content += video.id + "\n";
  return sha256(content).substr(0, kKeyDigits);
}

// Tells whether the features' frames are still the ones they were made from; "" when neither a pack was named nor files
// were looked for.
std::string stamp_of_frames(const std::string& frame_pack, const std::vector<VideoItem>& videos) {
  if (!frame_pack.empty()) return sha256_file(fs::path(frame_pack) / "pack.json");
  std::string content;
  for (const auto& video : videos) {
    if (video.black) continue;
    if (video.path.empty()) return "";
    content +=
        fmt::format("{} {}\n", fs::file_size(video.path), fs::last_write_time(video.path).time_since_epoch().count());
  }
  return sha256(content);
}

std::shared_ptr<VideoEncoder> source_encoder(const VideoInputSpec& spec, const fs::path& weights,
                                             const torch::Device& device) {
  const auto source = read_experiment(spec.source, {});
  const bool patches = spec.keep_patches >= 0;
  auto encoder = source.model.video(EncoderContext{0, {.words = false, .patches = patches}});
  if (encoder->input().cached)
    throw ConfigError("model.video.source: " + spec.source +
                      " itself trained on cached features; name the run whose encoder made them.");
  NamedTensors state;
  for (const auto& [name, tensor] : state_of(*encoder)) state.emplace_back("video." + name, tensor);
  load_tensors(weights, state, {"*"});
  encoder->to(device);
  encoder->eval();
  return encoder;
}

void check_fit(const VideoEncoder& source, const VideoEncoder& wanted, const std::string& name) {
  if (source.dim() != wanted.dim() || source.grid() != wanted.grid())
    throw ConfigError(fmt::format(
        "model.video: {} gives vectors of {} on a {}x{} patch grid; set model.video.dim={} and model.video.grid={}.",
        name, source.dim(), source.grid(), source.grid(), source.dim(), source.grid()));
}

}  // namespace

std::shared_ptr<const VideoSource> open_features(const VideoInputSpec& spec, const VideoEncoder& encoder,
                                                 const ExperimentData& data, const RetrievalSplit& split,
                                                 const torch::Device& device) {
  const auto& videos = split.videos;
  const auto& options = data.frame_options();
  const auto weights = weights_file(spec.source);
  const auto source = source_encoder(spec, weights, device);
  check_fit(*source, encoder, spec.source);
  const auto folder =
      fs::path(spec.source) / "features" / (split.name + "-" + pack_key(spec, weights, options, videos));
  const auto finished = folder / "finished", made_from = folder / "made_from";
  const auto stamp = stamp_of_frames(options.pack, videos);
  if (stamp.empty() && !fs::exists(finished))
    throw ConfigError("data.videos: the videos of split '" + split.name + "' are not to be looked for, and " +
                      folder.string() + " does not hold their features; name the folder of the videos.");
  if (!stamp.empty() && fs::exists(folder) && (!fs::exists(made_from) || read_file(made_from) != stamp)) {
    spdlog::info("{}: the videos have changed, their features are made again", folder.string());
    fs::remove_all(folder);
  }
  if (!fs::exists(finished)) {
    write_file(made_from, stamp);
    auto pixels = source->input();
    pixels.frames = spec.frames;
    make_feature_pack(folder, *data.frames(pixels, videos), videos, [&](const VideoInput& video) {
      auto features = source->encode(to(video, device), {});
      if (spec.keep_patches > 0) features = select_salient_patches(features, spec.keep_patches);
      return to(features, torch::kCPU);
    });
    write_file(finished, "");
    spdlog::info("features of {} videos ({}) are in {}", videos.size(), split.name, folder.string());
  }
  return std::make_shared<FeatureVideoSource>(folder, videos);
}

}  // namespace tvr
