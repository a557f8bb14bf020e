#include "tvr/model/weight_file.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "model/weight_index.h"
#include "model/weight_unwrap.h"
#include "tvr/base/arrays.h"
#include "tvr/base/error.h"
#include "tvr/base/names.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kConfigurations[] = {"config.json", "open_clip_config.json", "preprocessor_config.json"};
constexpr const char* kRunConfiguration = "config.yaml";
constexpr const char* kIndexEnding = ".index.json";
constexpr double kMaxRepetition = 4, kMaxRepeatedBytes = 64 << 20;  // tied and broadcast weights are rare and small
// Safe and mapped formats first, where a folder holds the same weights several times.
constexpr const char* kFolderFiles[] = {"model.safetensors",
                                        "model.safetensors.index.json",
                                        "open_clip_model.safetensors",
                                        "pytorch_model.bin",
                                        "pytorch_model.bin.index.json",
                                        "open_clip_pytorch_model.bin",
                                        "checkpoints/best/model.safetensors",
                                        "checkpoints/last/model.safetensors"};

// A link that leads nowhere is there too: reading it says so.
bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

fs::path file_of(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return path;
  std::vector<std::string> names;
  for (const auto* name : kFolderFiles) {
    if (is_there(path / name)) return path / name;
    names.emplace_back(name);
  }
  throw DataError(path.string() +
                  ": the folder holds no weights; one of these files is looked for: " + join(names, ", ") + ".");
}

void check_name(const std::string& name, const fs::path& file) {
  if (name.empty()) throw DataError(file.string() + ": holds an array without a name; weights are arrays with names.");
  if (!is_parameter_name(name))
    throw DataError(file.string() +
                    ": the name of an array holds blanks, control or non-ASCII characters, or is longer than 300; "
                    "parameters are not named so.");
}

int64_t bytes_between(const StoredArray& array) {
  int64_t last = 0;
  for (size_t i = 0; i < array.shape.size(); ++i) last += (array.shape[i] - 1) * array.strides[i];
  return (last + 1) * element_size(array.type);
}

// Views can show the bytes of a small file many times over; a model made of them would need memory without bound.
void check_repetition(const std::vector<StoredArray>& arrays, const fs::path& file) {
  double shown = 0, stored = 0;
  std::map<const char*, int64_t> spans;
  for (const auto& array : arrays) {
    const int64_t count = std::accumulate(array.shape.begin(), array.shape.end(), int64_t{1}, std::multiplies<>());
    if (count == 0) continue;
    shown += static_cast<double>(count) * static_cast<double>(element_size(array.type));
    auto& span = spans[array.data];
    span = std::max(span, bytes_between(array));
  }
  const char* end = nullptr;
  for (const auto& [begin, bytes] : spans) {
    const char* own_end = begin + bytes;
    if (own_end > end) stored += static_cast<double>(own_end - std::max(begin, end));
    end = std::max(end, own_end);
  }
  if (shown > kMaxRepetition * stored + kMaxRepeatedBytes)
    throw DataError(file.string() + ": its arrays show the same bytes again and again, " +
                    std::to_string(std::llround(shown / 1e6)) + " MB out of " +
                    std::to_string(std::llround(stored / 1e6)) + "; save copies of them: tensor.contiguous().");
}

void add_arrays(StoredWeights& weights, const fs::path& file) {
  auto arrays = read_arrays(file);
  check_repetition(arrays, file);
  for (auto& array : arrays) {
    check_name(array.name, file);
    auto name = array.name;
    if (!weights.arrays.emplace(name, std::move(array)).second)
      throw DataError(file.string() + ": the array " + name + " is in another shard too.");
  }
  weights.files.push_back(file);
}

void add_shards(StoredWeights& weights, const fs::path& index) {
  const auto shards = read_weight_index(index);
  for (const auto& [file, names] : shards) {
    const auto before = weights.arrays.size();
    add_arrays(weights, file);
    for (const auto& name : names)
      if (!weights.has(name))
        throw DataError(file.string() + ": holds no array " + name + ", which " + index.string() + " says it does.");
    if (weights.arrays.size() - before != names.size())
      throw DataError(file.string() + ": holds " + std::to_string(weights.arrays.size() - before) + " arrays, " +
                      index.string() + " lists " + std::to_string(names.size()) + ".");
  }
}

// Of the weights' own folder; a run of tvr has its configuration two folders above its checkpoints.
void find_configurations(StoredWeights& weights, const fs::path& file) {
  const auto folder = file.parent_path();
  for (const auto* name : kConfigurations)
    if (is_there(folder / name)) weights.configurations[name] = folder / name;
  for (const auto& place : {folder, folder / ".." / ".."})
    if (weights.configurations.count(kRunConfiguration) == 0 && is_there(place / kRunConfiguration))
      weights.configurations[kRunConfiguration] = place / kRunConfiguration;
}

void read_metadata(StoredWeights& weights) {
  for (const auto& file : weights.files)
    if (file.extension() == ".safetensors") weights.metadata.merge(std::map(SafetensorsFile(file).metadata()));
}

}  // namespace

bool StoredWeights::of_clip4clip() const {
  return std::find(unwrapped.begin(), unwrapped.end(), "clip.") != unwrapped.end();
}

StoredWeights open_weights(const fs::path& path) {
  StoredWeights weights;
  weights.path = path;
  const auto file = file_of(path);
  if (file.string().ends_with(kIndexEnding))
    add_shards(weights, file);
  else
    add_arrays(weights, file);
  read_metadata(weights);
  find_configurations(weights, file);
  unwrap(weights);
  return weights;
}

}  // namespace tvr
