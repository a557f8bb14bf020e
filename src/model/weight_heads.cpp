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

bool begins_with_one(const std::string& name, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) { return name.starts_with(prefix); });
}

// A head of tvr, and what the names of its parameters begin with: in files of the lineage as in its own.
struct Taker {
  std::string head;
  std::vector<std::string> prefixes;
};

// Those that the file has weights of, by the parameters that only they have; the most particular first, since others
// have a transformer or an LSTM over frames, too.
std::vector<Taker> takers_of(const StoredWeights& weights) {
  const auto holds = [&](const std::string& prefix) {
    const auto first = weights.head.lower_bound(prefix);
    return first != weights.head.end() && first->first.starts_with(prefix);
  };
  std::vector<std::string> transformer;  // of an LSTM's file the positions are never used
  if (holds("transformerClip.")) transformer = {"transformerClip.", "frame_position_embeddings."};
  std::vector<Taker> takers;
  const auto add = [&](const std::string& head, std::vector<std::string> prefixes, const auto& shared) {
    prefixes.insert(prefixes.end(), shared.begin(), shared.end());
    takers.push_back({head, std::move(prefixes)});
  };
  const std::vector<std::string> none, lstm{"lstm_visual."};
  if (holds("pool_frames.")) add("xpool", {"pool_frames."}, none);
  if (holds("visual_token_selector.")) add("ts2", {"visual_token_selector."}, transformer);
  if (holds("global_mat_weight"))
    add("xclip",
        {"global_mat_weight", "local_mat_weight", "word_logit_weight", "word_mat_weight", "frame_logit_weight",
         "frame_mat_weight"},
        transformer);
  if (holds("similarity_dense.")) add("tight_transformer", {"cross.", "similarity_dense."}, none);
  std::vector<std::string> weighing;
  for (const std::string module : {"text_weight_fc", "video_weight_fc"})
    if (fits_token_wise(weights, module)) weighing.push_back(module + ".");
  if (!weighing.empty()) add("token_wise", weighing, transformer.empty() ? lstm : transformer);
  if (holds("transformerClip.")) add("seq_transformer", {}, transformer);
  if (holds("lstm_visual.")) add("seq_lstm", {}, lstm);
  add("its own", {"head."}, none);
  return takers;
}

std::string taker_of(const std::string& name, const std::vector<Taker>& takers) {
  const auto found = std::find_if(takers.begin(), takers.end(),
                                  [&](const Taker& taker) { return begins_with_one(name, taker.prefixes); });
  return found == takers.end() ? "" : found->head;
}

}  // namespace

HeadWeights recognise_head(const StoredWeights& weights) {
  HeadWeights head;
  std::map<std::string, size_t> places;
  const auto takers = takers_of(weights);
  for (const auto& [name, array] : weights.head) {
    const auto* system = system_of(name);
    if (system == nullptr) {
      head.unknown.push_back(name);
      continue;
    }
    const auto taker = taker_of(name, takers);
    const auto [place, is_new] = places.emplace(system->name + taker, head.groups.size());
    if (is_new) head.groups.push_back({system->name, {}, taker});
    head.groups[place->second].names.push_back(name);
  }
  return head;
}

}  // namespace tvr
