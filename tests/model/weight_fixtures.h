#pragma once
#include <deque>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "temporary_folder.h"
#include "tvr/base/arrays.h"
#include "tvr/base/file.h"
#include "tvr/model/weight_names.h"

namespace tvr::test {

/// A safetensors file of float32 arrays of these names and shapes, all 0.
inline void write_zeros(const std::filesystem::path& file, const std::vector<NamedShape>& shapes,
                        const std::map<std::string, std::string>& metadata = {}) {
  std::deque<std::vector<float>> values;
  std::vector<std::pair<std::string, ArrayView>> views;
  for (const auto& [name, shape] : shapes) {
    size_t count = 1;
    for (const int64_t extent : shape) count *= static_cast<size_t>(extent);
    values.emplace_back(count, 0.f);
    views.push_back({name, {ElementType::kF32, shape, values.back().data()}});
  }
  write_safetensors(file, views, metadata);
}

inline VisionConfig small_vision() {
  VisionConfig config;
  config.width = 64;
  config.layers = 2;
  config.heads = 1;
  config.mlp_width = 128;
  config.image_size = 32;
  config.patch_size = 8;
  config.embed_dim = 24;
  return config;
}
inline TextConfig small_text() {
  TextConfig config;
  config.width = 128;
  config.layers = 1;
  config.heads = 2;
  config.mlp_width = 64;
  config.vocabulary = 50;
  config.context_length = 7;
  config.embed_dim = 24;
  return config;
}
inline ClipConfig small_clip() {
  return {small_vision(), small_text(), false};
}

inline ClipNames openai_names() {
  return {{NameStyle::kOpenAi, "visual."}, {NameStyle::kOpenAi, ""}};
}
inline ClipNames hugging_face_names() {
  return {{NameStyle::kHuggingFace, "vision_model."}, {NameStyle::kHuggingFace, "text_model."}};
}

/// The arrays that a file with these names holds: the usual one of the ways to write each parameter.
inline std::vector<NamedShape> foreign_shapes(const ClipConfig& config, const ClipNames& names) {
  std::vector<NamedShape> arrays;
  for (const auto& [ours, shape] : clip_parameters(config, names)) {
    const auto name = foreign_names(names, ours).at(0);
    for (const auto& part : name) {
      auto theirs = shape;
      if (name.size() > 1) theirs[0] /= static_cast<int64_t>(name.size());
      if (part.transposed) std::swap(theirs[0], theirs[1]);
      arrays.push_back({part.name, theirs});
    }
  }
  return arrays;
}

inline std::vector<NamedShape> with_prefix(std::vector<NamedShape> shapes, const std::string& prefix) {
  for (auto& [name, shape] : shapes) name = prefix + name;
  return shapes;
}

}  // namespace tvr::test
