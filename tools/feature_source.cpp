#include "feature_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <torch/torch.h>
#include <unistd.h>

#include <cerrno>

#include "experiment.h"
#include "tvr/base/file.h"
#include "tvr/data/feature_pack.h"
#include "tvr/model/initialize.h"
#include "tvr/model/patch_selection.h"
#include "tvr/train/hooks.h"
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

// One process makes a pack, others that want it wait.
class PackLock {
 public:
  explicit PackLock(const fs::path& folder) {
    fs::create_directories(folder.parent_path());
    const auto file = folder.string() + ".lock";
    descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor_ < 0 || ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
    spdlog::info("{}: another process makes these features; waiting for it", folder.string());
    while (::flock(descriptor_, LOCK_EX) != 0 && errno == EINTR)
      if (interrupted()) throw Interrupted("Interrupted while another process made features.");
  }
  PackLock(const PackLock&) = delete;
  PackLock& operator=(const PackLock&) = delete;
  ~PackLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  int descriptor_ = -1;
};

std::shared_ptr<VideoEncoder> source_encoder(const VideoInputSpec& spec, const fs::path& weights,
                                             const torch::Device& device) {
  const auto source = read_experiment(spec.source, {});
  const bool patches = spec.keep_patches >= 0;
  const WithoutInitialization all_are_loaded;
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

std::shared_ptr<TextEncoder> source_text_encoder(const TextInputSpec& spec, bool words, const fs::path& weights,
                                                 const torch::Device& device) {
  const WithoutInitialization all_are_loaded;
  auto encoder = read_experiment(spec.source, {}).model.text(EncoderContext{0, {.words = words}});
  if (!encoder->input().source.empty())
    throw ConfigError("model.text.source: " + spec.source +
                      " itself trained on cached features; name the run whose encoder made them.");
  if (encoder->input().tokenizer != spec.tokenizer)
    throw ConfigError("model.text.tokenizer: " + spec.source + " reads tokens of " + encoder->input().tokenizer +
                      ", these are of " + spec.tokenizer + "; make them equal.");
  NamedTensors state;
  for (const auto& [name, tensor] : state_of(*encoder)) state.emplace_back("text." + name, tensor);
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
  std::vector<std::string> ids;
  for (const auto& video : videos) ids.push_back(video.id);
  const auto weights = weights_file(spec.source);
  const auto source = source_encoder(spec, weights, device);
  const auto options = data.frame_options().for_model(source->input().fit, source->input().interpolation);
  check_fit(*source, encoder, spec.source);
  const auto folder =
      fs::path(spec.source) / "features" / (split.name + "-" + pack_key(spec, weights, options, videos));
  const PackLock lock(folder);
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
    make_feature_pack(folder, *data.frames(pixels, videos), ids, [&](const VideoInput& video) {
      auto features = source->encode(to(video, device), {});
      if (spec.keep_patches > 0) features = select_salient_patches(features, spec.keep_patches);
      return to(features, torch::kCPU);
    });
    write_file(finished, "");
    spdlog::info("features of {} videos ({}) are in {}", videos.size(), split.name, folder.string());
  }
  return std::make_shared<FeatureVideoSource>(folder, ids);
}

void attach_features(TextTable& texts, const TextInputSpec& spec, const TextEncoder& encoder, bool words,
                     const RetrievalSplit& split, const torch::Device& device) {
  std::vector<std::string> ids;
  for (const auto& caption : split.captions) ids.push_back(caption.text);
  const auto weights = weights_file(spec.source);
  std::string content = sha256_file(weights) + fmt::format(" length {} words {}\n", texts.length(), words);
  for (const auto& id : ids) content += id + "\n";
  const auto folder =
      fs::path(spec.source) / "features" / (split.name + "-texts-" + sha256(content).substr(0, kKeyDigits));
  const PackLock lock(folder);
  if (!fs::exists(folder / "finished")) {
    const auto source = source_text_encoder(spec, words, weights, device);
    if (source->dim() != encoder.dim())
      throw ConfigError(fmt::format("model.text: {} gives vectors of {}; set model.text.dim={}.", spec.source,
                                    source->dim(), source->dim()));
    make_feature_pack(folder, texts, ids, [&](const TextInput& text) {
      auto features = source->encode(to(text, device), {});
      if (!words) features.tokens = features.mask = torch::Tensor();
      return to(features, torch::kCPU);
    });
    write_file(folder / "finished", "");
    spdlog::info("features of {} texts ({}) are in {}", ids.size(), split.name, folder.string());
  }
  texts.attach(std::make_shared<FeaturePack>(folder, ids));
}

}  // namespace tvr
