#include "tvr/model/weight_write.h"

#include <torch/torch.h>

#include "model/weight_write_settings.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

const std::vector<std::string> kFormats{"tvr", "openai", "open_clip", "huggingface"};

ClipNames names_of(WeightFormat format) {
  switch (format) {
    case WeightFormat::kTvr:
      return {{NameStyle::kTvr, "visual."}, {NameStyle::kTvr, ""}};
    case WeightFormat::kOpenAi:
    case WeightFormat::kOpenClip:
      return {{NameStyle::kOpenAi, "visual."}, {NameStyle::kOpenAi, ""}};
    case WeightFormat::kHuggingFace:
      return {{NameStyle::kHuggingFace, "vision_model."}, {NameStyle::kHuggingFace, "text_model."}};
  }
  throw std::logic_error("unknown format");
}

void check_expressible(WeightFormat format, const RecognisedWeights& recognised) {
  const auto missing = inexpressible(format, recognised);
  if (missing.empty()) return;
  throw ConfigError("--to " + kFormats[static_cast<size_t>(format)] + ": these weights (" + recognised.family +
                    ") have what cannot be written so: " + join(missing, "; ") + ". Write --to tvr.");
}

void check_is_free(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder, ignored) && !(fs::is_directory(folder, ignored) && fs::is_empty(folder, ignored)))
    throw ConfigError(folder.string() + ": exists and is not an empty folder; choose another one.");
}

// SigLIP has another projection of texts than CLIP, the second of the two names.
ForeignName name_for(const ClipNames& names, const std::string& ours, const ClipConfig& config) {
  const auto all = foreign_names(names, ours);
  TORCH_CHECK(!all.empty(), "no name for ", ours);
  return config.text.projection == "linear" ? all.back() : all.front();
}

// One tensor of ours as the arrays of the format, views wherever the memory has them so.
void add_arrays(NamedTensors& arrays, const ForeignName& name, const torch::Tensor& tensor) {
  int64_t begin = 0;
  for (const auto& part : name) {
    if (name.size() == 1) return arrays.emplace_back(part.name, part.transposed ? tensor.t() : tensor), void();
    const int64_t rows = tensor.size(0) / static_cast<int64_t>(name.size());
    arrays.emplace_back(part.name, tensor.narrow(0, begin, rows));
    begin += rows;
  }
}

NamedTensors arrays_of(WeightFormat format, const ClipConfig& config, const NamedTensors& state) {
  const auto names = names_of(format);
  NamedTensors arrays;
  for (const auto& [ours, tensor] : state) {
    // Hugging Face's SigLIP keeps its two constants as vectors of one.
    const bool is_vector =
        format == WeightFormat::kHuggingFace && config.logit_bias && (ours == "logit_scale" || ours == "logit_bias");
    add_arrays(arrays, name_for(names, ours, config), is_vector ? tensor.view({1}) : tensor);
  }
  return arrays;
}

void write_settings(const fs::path& folder, WeightFormat format, const ClipConfig& config, const std::string& type) {
  if (format == WeightFormat::kOpenClip) write_file(folder / "open_clip_config.json", open_clip_config(config));
  if (format != WeightFormat::kHuggingFace) return;
  write_file(folder / "config.json", hugging_face_config(config, type));
  write_file(folder / "preprocessor_config.json", hugging_face_preprocessor(config));
}

std::string type_of(const NamedTensors& state) {
  const auto type = state.front().second.scalar_type();
  return type == torch::kHalf ? "float16" : type == torch::kBFloat16 ? "bfloat16" : "float32";
}

}  // namespace

WeightFormat parse_weight_format(const std::string& name) {
  for (size_t i = 0; i < kFormats.size(); ++i)
    if (kFormats[i] == name) return static_cast<WeightFormat>(i);
  throw ConfigError("--to: " + unknown_name_message("format", name, kFormats));
}

void check_writable(const fs::path& folder, WeightFormat format, const RecognisedWeights& recognised) {
  check_expressible(format, recognised);
  check_is_free(folder);
}

void write_clip(const fs::path& folder, WeightFormat format, const RecognisedWeights& recognised,
                const NamedTensors& state, const NamedTensors& head) {
  check_writable(folder, format, recognised);
  auto arrays = arrays_of(format, recognised.config, state);
  std::map<std::string, std::string> metadata{{"format", "pt"}};
  if (format == WeightFormat::kTvr) {
    metadata[kClipMetadata] = clip_config_json(recognised.config);
    arrays.insert(arrays.end(), head.begin(), head.end());
  }
  const auto* file = format == WeightFormat::kOpenClip ? "open_clip_model.safetensors" : "model.safetensors";
  replace_folder(folder, [&](const fs::path& fresh) {
    save_tensors(fresh / file, arrays, metadata);
    write_settings(fresh, format, recognised.config, type_of(state));
  });
}

}  // namespace tvr
