#include "tvr/model/weight_file.h"

#include <algorithm>
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
// Safe and mapped formats first, where a folder holds the same weights several times.
constexpr const char* kFolderFiles[] = {"model.safetensors",
                                        "model.safetensors.index.json",
                                        "open_clip_model.safetensors",
                                        "pytorch_model.bin",
                                        "pytorch_model.bin.index.json",
                                        "open_clip_pytorch_model.bin",
                                        "checkpoints/best/model.safetensors",
                                        "checkpoints/last/model.safetensors"};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
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

// Printable and without blanks: what follows may put names into messages as they are.
void check_name(const std::string& name, const fs::path& file) {
  const auto is_ordinary = [](char c) { return c > ' ' && c < '\x7f'; };
  if (name.empty()) throw DataError(file.string() + ": holds an array without a name; weights are arrays with names.");
  if (name.size() > 300 || !std::all_of(name.begin(), name.end(), is_ordinary))
    throw DataError(file.string() +
                    ": the name of an array holds blanks, control or non-ASCII characters, or is longer than 300; "
                    "parameters are not named so.");
}

void add_arrays(StoredWeights& weights, const fs::path& file) {
  for (auto& array : read_arrays(file)) {
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
