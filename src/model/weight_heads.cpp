#include "tvr/model/weight_heads.h"

#include <algorithm>
#include <map>

namespace tvr {
namespace {

struct System {
  const char* prefix;  ///< of its parameters; one that ends in a dot stands for a module
  const char* name;
};
const System kSystems[] = {{"frame_position_embeddings.", "CLIP4Clip seqTransf or seqLSTM: positions of frames"},
                           {"transformerClip.", "CLIP4Clip seqTransf: transformer over frames"},
                           {"lstm_visual.", "CLIP4Clip seqLSTM"},
                           {"cross.", "CLIP4Clip tightTransf or DRL XTI"},
                           {"similarity_dense.", "CLIP4Clip tightTransf or DRL XTI"},
                           {"text_weight_fc", "DRL WTI or HBI: weights of words"},
                           {"video_weight_fc", "DRL WTI or HBI: weights of frames"},
                           {"global_mat_weight", "X-CLIP"},
                           {"local_mat_weight", "X-CLIP"},
                           {"word_logit_weight", "X-CLIP"},
                           {"word_mat_weight", "X-CLIP"},
                           {"frame_logit_weight", "X-CLIP"},
                           {"frame_mat_weight", "X-CLIP"},
                           {"visual_token_selector.", "TS2-Net"},
                           {"text_token_selector.", "TS2-Net, never used there"},
                           {"visual_prompt_encoder.", "TS2-Net, never used there"},
                           {"t_ctm", "HBI"},
                           {"v_ctm", "HBI"},
                           {"t_block", "HBI"},
                           {"v_block", "HBI"},
                           {"banzhaf", "HBI"},
                           {"pool_frames.", "X-Pool"},
                           {"stochastic.", "T-MASS"},
                           {"head.", "a head of tvr"}};

const System* system_of(const std::string& name) {
  const auto* found = std::find_if(std::begin(kSystems), std::end(kSystems),
                                   [&](const System& system) { return name.starts_with(system.prefix); });
  return found == std::end(kSystems) ? nullptr : found;
}

// Linear(D,D), ReLU, Linear(D,1): what token_wise learns under the same names.
bool fits_token_wise(const StoredWeights& weights, const std::string& module) {
  const auto has = [&](const char* ending, const std::vector<int64_t>& shape) {
    const auto found = weights.head.find(module + ending);
    return found != weights.head.end() && found->second.shape == shape;
  };
  const auto first = weights.head.find(module + ".0.weight");
  if (first == weights.head.end() || first->second.shape.size() != 2) return false;
  const int64_t width = first->second.shape[0];
  const auto layers = std::count_if(weights.head.begin(), weights.head.end(),
                                    [&](const auto& item) { return item.first.starts_with(module + "."); });
  return layers == 4 && has(".0.weight", {width, width}) && has(".0.bias", {width}) && has(".2.weight", {1, width}) &&
         has(".2.bias", {1});
}

bool is_of_token_wise(const StoredWeights& weights, const std::string& name) {
  for (const std::string module : {"text_weight_fc", "video_weight_fc"})
    if (name.starts_with(module + ".")) return fits_token_wise(weights, module);
  return false;
}

}  // namespace

HeadWeights recognise_head(const StoredWeights& weights) {
  HeadWeights head;
  std::map<std::string, size_t> places;
  for (const auto& [name, array] : weights.head) {
    const auto* system = system_of(name);
    if (system == nullptr) {
      head.unknown.push_back(name);
      continue;
    }
    const std::string taker = is_of_token_wise(weights, name) ? "token_wise"
                              : name.starts_with("head.")     ? "its own"
                                                              : "";
    const auto [place, is_new] = places.emplace(system->name + taker, head.groups.size());
    if (is_new) head.groups.push_back({system->name, {}, taker});
    head.groups[place->second].names.push_back(name);
  }
  return head;
}

}  // namespace tvr
