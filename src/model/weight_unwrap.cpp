#include "model/weight_unwrap.h"

#include <algorithm>

#include "tvr/base/error.h"
#include "tvr/model/weight_families.h"

namespace tvr {
namespace {

using Arrays = std::map<std::string, StoredArray>;

// Names of the towers begin so in one of the formats: there is nothing left to take off.
constexpr const char* kTowers[] = {"visual.",      "vision_model.",    "text_model.", "text.",
                                   "transformer.", "token_embedding.", "embeddings.", "encoder."};
constexpr const char* kWrappers[] = {"state_dict.", "model_state_dict.", "model.", "module.", "_orig_mod.",
                                     "clip.",       "vision_tower."};
constexpr const char* kClip = "clip.";
// Run directories of tvr.
constexpr const char* kVideoTower = "video.visual.";

constexpr const char* kConstants[] = {"attn_mask",  "position_ids", "input_resolution", "context_length",
                                      "vocab_size", "freqs_cos",    "freqs_sin"};

bool any_begins(const Arrays& arrays, const std::string& prefix) {
  const auto first = arrays.lower_bound(prefix);
  return first != arrays.end() && first->first.starts_with(prefix);
}

std::string last_part(const std::string& name) {
  return name.substr(name.rfind('.') + 1);  // npos + 1 is 0
}

void put(Arrays& arrays, const std::string& name, StoredArray array, const StoredWeights& weights) {
  if (name.empty() || !arrays.emplace(name, std::move(array)).second)
    throw DataError(weights.path.string() + ": two arrays have the name '" + name +
                    "' when what wraps them is taken off.");
}

// Everything below `prefix` loses it. What lies beside is the head's where the towers are one of several parts.
void take_off(StoredWeights& weights, const std::string& prefix) {
  Arrays inside;
  for (auto& [name, array] : weights.arrays) {
    if (name.starts_with(prefix))
      put(inside, name.substr(prefix.size()), std::move(array), weights);
    else if (prefix == kClip)
      weights.head.emplace(name, std::move(array));
    else
      weights.ignored.emplace_back(name, "lies beside '" + prefix + "', which holds the weights");
  }
  weights.arrays = std::move(inside);
  weights.unwrapped.push_back(prefix);
}

bool unwrap_once(StoredWeights& weights) {
  for (const auto* tower : kTowers)
    if (any_begins(weights.arrays, tower)) return false;
  for (const auto* wrapper : kWrappers) {
    if (!any_begins(weights.arrays, wrapper)) continue;
    take_off(weights, wrapper);
    return true;
  }
  return false;
}

// With separate scales a run has one for each part of its score, CLIP has a single one.
void put_scale(Arrays& towers, StoredArray array, StoredWeights& weights) {
  if (array.shape.size() == 1 && array.shape[0] > 1) {
    weights.ignored.emplace_back("score.logit_scale", "has a scale for each of " + std::to_string(array.shape[0]) +
                                                          " parts; the first is taken for all");
    array.shape.clear();
    array.strides.clear();
  }
  put(towers, "logit_scale", std::move(array), weights);
}

// The model of a run: "video.visual.…", "text.…", and whatever head, loss and score have.
void unwrap_run(StoredWeights& weights) {
  Arrays towers;
  for (auto& [name, array] : weights.arrays) {
    if (name.starts_with(kVideoTower))
      put(towers, name.substr(std::string("video.").size()), std::move(array), weights);
    else if (name.starts_with("text."))
      put(towers, name.substr(std::string("text.").size()), std::move(array), weights);
    else if (name == "score.logit_scale")
      put_scale(towers, std::move(array), weights);
    else if (name.starts_with("head."))
      weights.head.emplace(name, std::move(array));
    else
      weights.ignored.emplace_back(name, "is no part of towers or head");
  }
  weights.arrays = std::move(towers);
  weights.unwrapped.push_back("video.");
}

// Files of `tvr weights convert` may hold a head too.
void set_head_aside(StoredWeights& weights) {
  for (auto it = weights.arrays.lower_bound("head."); it != weights.arrays.end() && it->first.starts_with("head.");) {
    weights.head.insert(*it);
    it = weights.arrays.erase(it);
  }
}

void drop_constants(StoredWeights& weights) {
  for (auto it = weights.arrays.begin(); it != weights.arrays.end();) {
    const auto last = last_part(it->first);
    const bool is_constant = std::find(std::begin(kConstants), std::end(kConstants), last) != std::end(kConstants);
    if (is_constant) weights.ignored.emplace_back(it->first, "is a constant of the code, no weight");
    it = is_constant ? weights.arrays.erase(it) : std::next(it);
  }
}

// TS2-Net wraps the attention of its last blocks; BERT's code called a norm's weight and bias gamma and beta.
std::string current_name(std::string name) {
  const std::string wrapped = ".attn.net.";
  if (const auto place = name.find(wrapped); place != std::string::npos) name.replace(place, wrapped.size(), ".attn.");
  if (name.ends_with(".gamma")) name.replace(name.size() - 5, 5, "weight");
  if (name.ends_with(".beta")) name.replace(name.size() - 4, 4, "bias");
  return name;
}

void rename_lineage(Arrays& arrays, const StoredWeights& weights) {
  Arrays renamed;
  for (auto& [name, array] : arrays) put(renamed, current_name(name), std::move(array), weights);
  arrays = std::move(renamed);
}

}  // namespace

void unwrap(StoredWeights& weights) {
  if (weights.metadata.count(kClipMetadata) > 0) return set_head_aside(weights);
  if (any_begins(weights.arrays, kVideoTower) || weights.has("score.logit_scale")) {
    unwrap_run(weights);
  } else {
    while (unwrap_once(weights)) {
    }
  }
  drop_constants(weights);
  if (weights.of_clip4clip()) {
    rename_lineage(weights.arrays, weights);
    rename_lineage(weights.head, weights);
  }
  if (any_begins(weights.arrays, "visual.layer1."))
    throw DataError(weights.path.string() +
                    ": has a ResNet for pictures (visual.layer1); tvr has the vision transformers of CLIP only.");
}

}  // namespace tvr
