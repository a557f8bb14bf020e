#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands.h"
#include "tvr/base/arrays.h"
#include "tvr/base/error.h"
#include "tvr/model/interaction_head.h"
#include "tvr/model/score.h"
#include "tvr/model/weights.h"
#include "tvr/train/run_directory.h"

namespace tvr {
namespace {

constexpr int64_t kTile = 128;  // texts and videos prepared and scored at a time

struct ScoreRequest {
  std::string head, features, weights, out;
};

/// Rows [begin, end) of an array of the file as a tensor, floating types as float32.
torch::Tensor rows_of(const ArrayView& array, int64_t begin, int64_t end) {
  auto part = array;
  const int64_t row_bytes = array.shape[0] > 0 ? array.bytes() / array.shape[0] : 0;
  part.data = static_cast<const char*>(array.data) + begin * row_bytes;
  part.shape[0] = end - begin;
  const auto tensor = tensor_of(part);
  return tensor.is_floating_point() ? tensor.to(torch::kFloat) : tensor;
}

/// A file as `tvr encode` writes it (design: text.*, video.*, experts.*), read by rows.
class FeatureFile {
 public:
  explicit FeatureFile(const std::string& path) : path_(path), file_(path) {
    texts_ = axis("text.pooled", 0);
    videos_ = axis("video.frames", 0);
    for (const auto& [name, array] : file_.arrays()) {
      const bool text = name.starts_with("text."), video = name.starts_with("video.") || name.starts_with("experts.");
      if (!text && !video) continue;
      if (array.shape.empty() || array.shape[0] != (text ? texts_ : videos_))
        throw DataError(fmt::format("{}: '{}' has shape {}, but there are {} {}.", path_, name, shape_text(array.shape),
                                    text ? texts_ : videos_, text ? "texts" : "videos"));
    }
    check_shapes();
    dim_ = file_.at("text.pooled").shape.back();
    if (file_.at("video.frames").shape.back() != dim_)
      throw DataError(fmt::format("{}: texts have {} channels, frames {}; both must come from one model.", path_, dim_,
                                  file_.at("video.frames").shape.back()));
  }

  bool has(const std::string& name) const { return file_.has(name); }
  int64_t texts() const { return texts_; }
  int64_t videos() const { return videos_; }
  int64_t words() const { return file_.has("text.tokens") ? axis("text.tokens", 1) : 1; }
  HeadContext context() const {
    HeadContext context;
    context.dim = dim_;
    context.max_frames = axis("video.frames", 1);
    context.max_words = words();
    return context;
  }

  TextFeatures text(int64_t begin, int64_t end, const Needs& needs) const {
    TextFeatures features;
    fill(features, begin, end);
    if (needs.words && !features.tokens.defined()) lack("text.tokens", "words", "run `tvr encode` without --no-tokens");
    if (!features.mask.defined()) features.mask = torch::ones({end - begin, words()}, torch::kBool);
    return features;
  }
  VideoFeatures video(int64_t begin, int64_t end, const Needs& needs) const {
    VideoFeatures features;
    for (const auto& [name, array] : file_.arrays()) {
      const std::string prefix = "experts.", values = ".values";
      if (name.starts_with(prefix) && name.ends_with(values))
        features.experts[name.substr(prefix.size(), name.size() - prefix.size() - values.size())];
    }
    fill(features, begin, end);
    if (needs.patches && !features.patches.defined())
      lack("video.patches", "patches", "run `tvr encode` with --patches");
    if (!features.mask.defined()) features.mask = torch::ones({end - begin, axis("video.frames", 1)}, torch::kBool);
    return features;
  }

 private:
  // Axes that arrays share, and those that must not be empty.
  void check_shapes() const {
    for (const auto& [name, array] : file_.arrays()) {
      const bool known = name.starts_with("text.") || name.starts_with("video.") || name.starts_with("experts.");
      if (!known || name == "video.duration") continue;
      if (std::count(array.shape.begin(), array.shape.end(), 0) > 0)
        throw DataError(
            fmt::format("{}: '{}' has shape {}; there is nothing to score.", path_, name, shape_text(array.shape)));
    }
    for (const auto* name : {"text.pooled", "text.tokens", "video.frames", "video.patches"}) check_floating(name);
    check_axes("text.tokens", 3, {{2, file_.at("text.pooled").shape.back()}});
    check_axes("text.mask", 2, {{1, words()}});
    check_axes("video.frames", 3, {});
    check_axes("video.mask", 2, {{1, axis("video.frames", 1)}});
    check_axes("video.patches", 4, {{1, axis("video.frames", 1)}, {3, axis("video.frames", 2)}});
  }
  void check_floating(const std::string& name) const {
    if (!file_.has(name)) return;
    const auto type = file_.at(name).type;
    if (type != ElementType::kF16 && type != ElementType::kBF16 && type != ElementType::kF32 &&
        type != ElementType::kF64)
      throw DataError(
          fmt::format("{}: '{}' is of type {}; vectors are floating-point numbers.", path_, name, element_name(type)));
  }
  void check_axes(const std::string& name, size_t axes, const std::vector<std::pair<size_t, int64_t>>& sizes) const {
    if (!file_.has(name)) return;
    const auto& shape = file_.at(name).shape;
    if (shape.size() != axes)
      throw DataError(fmt::format("{}: '{}' has shape {}; it needs {} axes.", path_, name, shape_text(shape), axes));
    for (const auto& [place, size] : sizes)
      if (shape[place] != size)
        throw DataError(fmt::format("{}: '{}' has shape {}, but axis {} of the arrays beside it is {}.", path_, name,
                                    shape_text(shape), place, size));
  }
  // Rows of real tokens; a text without words or a video without frames has no score.
  torch::Tensor mask_rows(const std::string& name, const torch::Tensor& stored, int64_t begin) const {
    if (stored.ne(0).logical_and(stored.ne(1)).any().item<bool>())
      throw DataError(fmt::format("{}: '{}' holds other values than 0 and 1.", path_, name));
    const auto mask = stored.to(torch::kBool);
    const auto empty = mask.any(1).logical_not().nonzero();
    if (empty.numel() > 0)
      throw DataError(fmt::format("{}: '{}' has no 1 in row {}.", path_, name, begin + empty[0].item<int64_t>()));
    return mask;
  }
  void check_finite(const std::string& name, const torch::Tensor& values, int64_t begin) const {
    const auto bad = values.flatten(1).isfinite().all(1).logical_not().nonzero();
    if (bad.numel() > 0)
      throw DataError(
          fmt::format("{}: '{}' holds NaN or infinity in row {}.", path_, name, begin + bad[0].item<int64_t>()));
  }
  int64_t axis(const std::string& name, size_t place) const {
    const auto& shape = file_.at(name).shape;
    if (shape.size() < 2) throw DataError(fmt::format("{}: '{}' has shape {}.", path_, name, shape_text(shape)));
    return place < shape.size() ? shape[place] : 1;
  }
  template <class Features>
  void fill(Features& features, int64_t begin, int64_t end) const {
    features.each([&](const std::string& name, torch::Tensor& tensor) {
      if (!file_.has(name)) return;
      tensor = rows_of(file_.at(name), begin, end);
      if (name == "text.mask" || name == "video.mask")
        tensor = mask_rows(name, tensor, begin);
      else if (name.ends_with(".mask"))
        tensor = tensor.to(torch::kBool);
      else if (tensor.is_floating_point() && !name.starts_with("experts."))
        check_finite(name, tensor, begin);
    });
  }
  [[noreturn]] void lack(const std::string& name, const std::string& what, const std::string& remedy) const {
    throw DataError(fmt::format("{}: the head compares {}, but there is no '{}'; {}.", path_, what, name, remedy));
  }

  std::string path_;
  SafetensorsFile file_;
  int64_t texts_ = 0, videos_ = 0, dim_ = 0;
};

struct HeadSpec {
  Plugin<InteractionHead, HeadContext>::Builder head;
  ScoreOptions score;
};

// The mapping of a head alone, {type: …}, or head and score as the section `model` of a configuration has them.
HeadSpec read_spec(const std::string& file) {
  const auto root = ConfigNode::load(file);
  const auto model = root.has("model") ? root.child("model") : root;
  HeadSpec spec;
  if (root.has("type")) {
    std::string type;
    root.read("type", type);
    const auto heads = builtin_heads();
    if (heads.has(type)) spec.head = heads.at(type).read(root);
    if (!spec.head) root.error("type", unknown_name_message(heads.what(), type, heads.names()));
  } else if (model.has("head")) {
    spec.head = read_plugin(builtin_heads(), model, "head", "mean_pool");
    spec.score = read_options<ScoreOptions>(model.child("score"));
  }
  if (!root.has("type") && !root.has("model")) root.check_keys({"head", "score", "type", "model"});
  root.finish();
  if (!spec.head || !(root.has("type") || model.has("head")))
    throw ConfigError(file +
                      ": names no head; write {type: NAME, …}, or head: {type: NAME, …} as the section `model` of a "
                      "configuration has it.");
  return spec;
}

// The head's parameters, and the score's where the sum depends on them.
void load_parameters(InteractionHead& head, Score& sum, const ScoreOptions& options, const ScoreRequest& request) {
  NamedTensors state;
  for (const auto& [name, tensor] : state_of(head)) state.emplace_back("head." + name, tensor);
  if (options.learned_weights || options.separate_scales)
    for (const auto& [name, tensor] : state_of(sum)) state.emplace_back("score." + name, tensor);
  if (!request.weights.empty())
    return load_tensors(weights_file(request.weights), state, {"text.*", "video.*", "score.*", "loss.*"});
  if (!state.empty())
    spdlog::warn("head and score have {} parameters and no --weights: they are the initial ones of seed 0",
                 state.size());
}

void score(const ScoreRequest& request) {
  const torch::NoGradGuard no_grad;
  const auto spec = read_spec(request.head);
  for (const auto& input : {request.features, request.head, request.weights})
    if (std::error_code none; !input.empty() && std::filesystem::equivalent(input, request.out, none))
      throw ConfigError("--out: " + request.out + " is what is read; choose another name.");
  const FeatureFile features(request.features);
  auto context = features.context();
  context.block_bytes = spec.score.block_mb << 20;
  const auto head = spec.head(context);
  Score sum(spec.score, head->part_infos());
  load_parameters(*head, sum, spec.score, request);
  head->eval();
  const auto needs = head->needs();
  for (const auto* name : {"text.mask", "video.mask"})
    if (!features.has(name)) spdlog::warn("{}: there is no '{}'; all of its rows count", request.features, name);
  const auto result = torch::empty({features.texts(), features.videos()});
  for (int64_t v = 0; v < features.videos(); v += kTile) {
    const int64_t video_end = std::min(v + kTile, features.videos());
    const auto video = head->prepare(features.video(v, video_end, needs), {});
    for (int64_t t = 0; t < features.texts(); t += kTile) {
      const int64_t text_end = std::min(t + kTile, features.texts());
      const auto text = head->prepare(features.text(t, text_end, needs), {});
      result.slice(0, t, text_end).slice(1, v, video_end).copy_(sum.sum(head->parts(text, video, {})));
    }
  }
  write_npy(request.out, array_view(result));
  spdlog::info("{}: {} texts x {} videos, before the logit scale", request.out, features.texts(), features.videos());
}

}  // namespace

void add_score_command(CLI::App& app) {
  auto* command = app.add_subcommand("score", "any head on given features: its scores before the logit scale");
  auto request = std::make_shared<ScoreRequest>();
  command
      ->add_option("--head", request->head, "YAML with head: {type: …} and, if wanted, score: {…}, or a configuration")
      ->required();
  command->add_option("--features", request->features, "features as `tvr encode` writes them (.safetensors)")
      ->required();
  command->add_option(
      "--weights", request->weights,
      "a run directory, or a .safetensors file: head.*, and score.* where weights or scales are learned");
  command->add_option("--out", request->out, "matrix to write (.npy), rows = texts, columns = videos")->required();
  command->footer(
      "Examples:\n"
      "  tvr encode --weights ViT-B-32.pt --texts captions.txt --videos clips --out features.safetensors\n"
      "  echo 'head: {type: token_wise, weights: uniform}' > head.yaml\n"
      "  tvr score --head head.yaml --features features.safetensors --out scores.npy\n"
      "  tvr metrics scores.npy --groups video_of_each_text.txt");
  command->callback([request] { score(*request); });
}

}  // namespace tvr
