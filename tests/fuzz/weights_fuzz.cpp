#include <algorithm>
#include <cstring>

#include "fuzz.h"
#include "model/weight_fixtures.h"
#include "model/weight_index.h"
#include "tvr/model/weight_families.h"
#include "tvr/model/weight_heads.h"

namespace {

constexpr size_t kLongestSentence = 4000;

// What a report shows, or loading asks for.
void use(const tvr::StoredWeights& weights, std::string_view activation) {
  auto recognised = tvr::recognise_weights(weights);
  tvr::clip_config_json(recognised.config);
  tvr::recognise_head(weights);
  tvr::parameter_count(tvr::clip_parameters(recognised.config, recognised.names));
  for (const auto& [name, array] : weights.arrays) tvr::test::touch(array);
  tvr::settle_activation(recognised, weights, std::string(activation));
}

void read_file(std::string_view bytes) {
  const tvr::test::MemoryFile file(bytes);
  use(tvr::open_weights(file.path()), "gelu");
}

void read_index(std::string_view bytes) {
  const tvr::test::MemoryFile file(bytes);
  tvr::read_weight_index(file.path());
}

// A small model of these names, its arrays without bytes: shapes are all that a configuration is compared with.
tvr::StoredWeights small_weights(const tvr::ClipNames& names) {
  tvr::StoredWeights weights;
  weights.path = "fuzz";
  for (const auto& [name, shape] : tvr::test::foreign_shapes(tvr::test::small_clip(), names)) {
    auto& array = weights.arrays[name];
    array.name = name;
    array.shape = shape;
    array.strides.assign(shape.size(), 0);
    array.data = "\0\0\0";
  }
  return weights;
}

// The bytes as what lies beside weights or in them: each family looks into other files.
void read_configuration(std::string_view bytes) {
  const tvr::test::MemoryFile file(bytes);
  static const auto openai = small_weights(tvr::test::openai_names());
  static const auto hugging_face = small_weights(tvr::test::hugging_face_names());
  for (auto weights : {openai, hugging_face}) {
    for (const char* name : {"config.json", "open_clip_config.json", "preprocessor_config.json"})
      weights.configurations[name] = file.path();
    use(weights, "");
  }
}
void read_own_configuration(std::string_view bytes) {
  static const auto own = small_weights(tvr::test::openai_names());
  auto weights = own;
  weights.metadata[tvr::kClipMetadata] = bytes;
  use(weights, "");
}

// What is refused is refused by a sentence that a terminal can show.
template <class Read>
void run(const uint8_t* data, size_t size, Read read) {
  try {
    read(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const tvr::Error& error) {
    const std::string_view sentence(error.what());
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\n'; };
    if (sentence.size() > kLongestSentence || std::any_of(sentence.begin(), sentence.end(), is_control))
      __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  run(data, size, read_file);
  if (size == 0 || std::memchr("{ \n", data[0], 3) == nullptr) return 0;
  run(data, size, read_index);
  run(data, size, read_configuration);
  run(data, size, read_own_configuration);
  return 0;
}
