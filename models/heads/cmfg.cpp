// CMFG (reconstruction): the three grains of a video (video, frames, regions) meet the two of a text (sentence, words)
// token by token. Only the paper's abstract was known when this was written (Zhao et al., MMM 2023): its numbers can be
// quoted as published, never as reproduced by this head. (cmfg.md)
#include <torch/torch.h>

#include <algorithm>
#include <map>

#include "tvr/model/grain_interaction.h"
#include "tvr/model/interaction_head.h"
#include "tvr/model/pooling.h"
#include "tvr/model/region_pooling.h"
#include "tvr/model/temporal.h"
#include "tvr/model/token_selector.h"

namespace tvr {
namespace {

// A pair is named by its visual grain (v, f, r), then its textual one (s, w).
const std::map<std::string, std::vector<std::string>> kPresets = {{"full6", {"vs", "fs", "rs", "vw", "fw", "rw"}},
                                                                  {"same_level", {"vs", "fw", "rw"}},
                                                                  {"xclip4", {"vs", "vw", "fs", "fw"}},
                                                                  {"fine", {"fw", "rw"}},
                                                                  {"vs", {"vs"}}};
constexpr const char* kExperts = "experts.";

struct CmfgOptions : TemporalOptions {
  std::string pairs = "full6", interaction = "wti", regions = "patches", region_mode = "all", region_layout = "flat";
  std::vector<std::string> pair_list;
  int64_t regions_per_frame = 8, region_grid = 3;
  double attention_temperature = 0.01;
  bool words_include_special = true, mask_zero = false;

  CmfgOptions() { temporal = "transformer"; }

  template <class Visit>
  void fields(Visit&& f) {
    f("pairs", pairs,
      "(reconstruction) Grains compared: all six pairs; each grain with its like; without regions, as in X-CLIP; "
      "tokens only; or video and sentence. Each counts alike",
      one_of({"full6", "same_level", "xclip4", "fine", "vs"}));
    f("pair_list", pair_list, "Pairs by name instead: vs, fs, rs, vw, fw, rw (video, frame, region; sentence, word)");
    f("interaction", interaction,
      "Best matches with learned weights of tokens (wti), with equal ones (mean), or X-CLIP's attention over "
      "similarities (aosm)",
      one_of({"wti", "mean", "aosm"}));
    f("attention_temperature", attention_temperature, "Of that attention", within(1e-4, 100));
    f("regions", regions, "What regions are: patches, or experts.NAME, made outside: the same number for every frame");
    f("region_mode", region_mode,
      "All patches; those most like their frame; those a learned scorer picks; or averages on a grid",
      one_of({"all", "topk", "topk_learned", "avgpool"}));
    f("regions_per_frame", regions_per_frame, "Patches kept by topk and topk_learned", within(1, 1e6));
    f("region_grid", region_grid, "Rows and columns of avgpool's grid", within(1, 1024));
    f("region_layout", region_layout,
      "A word meets all regions of the video alike, or first the best of each frame and then the frames",
      one_of({"flat", "per_frame"}));
    f("words_include_special", words_include_special, "Start and end tokens are words too");
    f("mask_zero", mask_zero,
      "Padding offers a similarity of 0 to every best match, as in DRL's code, instead of none");
    TemporalOptions::fields(f);
  }

  std::string validate() const {
    const auto& all = kPresets.at("full6");
    for (const auto& pair : pair_list) {
      if (std::find(all.begin(), all.end(), pair) == all.end())
        return "pair_list: " + unknown_name_message("pair", pair, all);
      if (std::count(pair_list.begin(), pair_list.end(), pair) > 1) return "pair_list names " + pair + " twice";
    }
    const bool outside = regions.starts_with(kExperts) && regions.size() > std::string(kExperts).size();
    if (regions != "patches" && !outside) return "regions must be patches or experts.NAME";
    if (outside && region_mode != "all") return "region_mode must be all for regions made outside";
    return "";
  }

  const std::vector<std::string>& chosen() const { return pair_list.empty() ? kPresets.at(pairs) : pair_list; }
};

class Cmfg final : public InteractionHead {
 public:
  Cmfg(const CmfgOptions& options, const HeadContext& context)
      : options_(options), block_bytes_(context.block_bytes), temporal_(*this, used_temporal(), context) {
    const auto weights = [&](const std::string& name) {
      return register_module(name, std::make_shared<TokenWeights>(context.dim, 2, context.seed, "head." + name + "."));
    };
    if (options.interaction == "wti") {
      if (uses('w')) text_weights_ = weights("text_weight_fc");
      if (uses("fs") || uses("fw") || (per_frame() && uses('r'))) frame_weights_ = weights("video_weight_fc");
      if (uses('r') && !per_frame()) region_weights_ = weights("region_weight_fc");
    } else if (options.interaction == "aosm") {
      for (const auto& pair : options.chosen()) register_matrices(pair, context);
    }
    if (uses('r') && options.region_mode == "topk_learned") {
      TokenSelector::Settings settings;
      settings.kept = options.regions_per_frame;
      const std::string name = "visual_token_selector";
      selector_ = register_module(
          name, std::make_shared<TokenSelector>(context.dim, settings, context.seed, "head." + name + "."));
    }
  }

  Needs needs() const override { return {.words = uses('w'), .patches = uses('r') && !outside()}; }
  std::vector<PartInfo> part_infos() const override {
    std::vector<PartInfo> infos;
    const auto& pairs = options_.chosen();
    for (const auto& pair : pairs) infos.push_back({pair, 1.0 / static_cast<double>(pairs.size())});
    return infos;
  }
  void start_from(const TextEncoder& text) override { temporal_.start_from(text); }

  TextFeatures prepare(TextFeatures text, const StepContext& /*step*/) override {
    if (!uses('w')) return text;
    if (!options_.words_include_special) text.mask = without_ends(text.mask);
    text.weights = weights_of(text_weights_, text.tokens, text.mask);
    return text;
  }

  VideoFeatures prepare(VideoFeatures video, const StepContext& step) override {
    if (uses('r')) video = with_regions(std::move(video), step);
    video.frames = temporal_.forward(video.frames, video.mask);
    video.weights = weights_of(frame_weights_, video.frames, video.mask);
    if (uses('v')) {
      const auto whole = mean_frame(video, true).unsqueeze(1);
      video.sets["video"] = {whole, torch::ones_like(whole.select(2, 0), torch::kBool), {}, {}};
    }
    return video;
  }

  Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& /*step*/) override {
    std::map<std::string, torch::Tensor> scores;
    for (const char grain : {'v', 'f', 'r'}) add_scores(grain, text, video, scores);
    Parts parts;
    for (const auto& pair : options_.chosen()) {
      parts.push_back({pair, scores.at(pair), {}});
      if (pair[0] == 'r' && outside())
        parts.back().valid = video.sets.at("regions").mask.any(1).expand_as(parts.back().value);
    }
    return parts;
  }

  // The words, or the sentence, and where in the regions, or frames, they are met best.
  std::vector<TokenMatch> explain(const TextFeatures& text, const VideoFeatures& video) override {
    const auto words = uses('w') ? word_tokens(text) : single_token(text.pooled);
    const auto visual = visual_tokens(video, uses('r') ? 'r' : 'f', /*flat=*/true);
    const auto [score, place] = token_cosines(words, visual)[0][0].max(1);  // [L]
    std::vector<TokenMatch> matches;
    for (int64_t word = 0; word < words.mask.size(1); ++word) {
      if (!words.mask[0][word].item<bool>()) continue;
      TokenMatch match{uses('w') ? word : -1, words.weights[0][word].item<double>(), score[word].item<double>(), 0, -1};
      place_match(match, place[word].item<int64_t>(), video);
      matches.push_back(match);
    }
    std::stable_sort(matches.begin(), matches.end(),
                     [](const TokenMatch& a, const TokenMatch& b) { return a.weight * a.score > b.weight * b.score; });
    return matches;
  }

 private:
  // Regions alone do not pass through it.
  TemporalOptions used_temporal() const {
    TemporalOptions used = options_;
    if (!uses('v') && !uses('f') && !per_frame()) used.temporal = "none";
    return used;
  }
  bool uses(const std::string& pair) const {
    const auto& pairs = options_.chosen();
    return std::find(pairs.begin(), pairs.end(), pair) != pairs.end();
  }
  bool uses(char grain) const {
    const auto& pairs = options_.chosen();
    return std::any_of(pairs.begin(), pairs.end(),
                       [&](const std::string& pair) { return pair.find(grain) != std::string::npos; });
  }
  bool outside() const { return options_.regions != "patches"; }
  bool per_frame() const { return options_.region_layout == "per_frame"; }

  // Grains of one token need no matrix, and regions in one row have none: their number is not known in advance.
  void register_matrices(const std::string& pair, const HeadContext& context) {
    const auto identity = [&](const char* name, int64_t size) {
      return register_parameter("attention_" + pair + "_" + name, torch::eye(size));
    };
    auto& matrices = matrices_[pair];
    const bool words = pair[1] == 'w', frames = pair[0] == 'f' || (pair[0] == 'r' && per_frame());
    if (words) matrices.words_first = matrices.words_second = identity("words", context.max_words);
    if (frames) matrices.visual_first = matrices.visual_second = identity("frames", context.max_frames);
    if (!words || pair[0] == 'v') return;  // one vector of similarities: one attention
    matrices.words_second = identity("words_second", context.max_words);
    if (frames) matrices.visual_second = identity("frames_second", context.max_frames);
  }

  static torch::Tensor weights_of(const std::shared_ptr<TokenWeights>& learned, const torch::Tensor& values,
                                  const torch::Tensor& mask) {
    return learned ? learned->forward(values, mask) : uniform_weights(mask, values.scalar_type());
  }

  // Without the first and the last real token; a text of two or fewer keeps what it has.
  static torch::Tensor without_ends(const torch::Tensor& mask) {
    const auto place = mask.cumsum(1);  // 1 … number of real tokens
    const auto count = mask.sum(1, true);
    const auto inner = mask.logical_and(place > 1).logical_and(place < count);
    return torch::where(count > 2, inner, mask);
  }

  // Turns patches, or an expert's vectors, into the set "regions", [V,F·R,D] frame by frame; patch_indices say where
  // they lie.
  VideoFeatures with_regions(VideoFeatures video, const StepContext& step) {
    TokenSet regions;
    if (outside()) {
      regions = expert_regions(video, options_.regions.substr(std::string(kExperts).size()));
      video.patch_indices = torch::Tensor();
    } else {
      video = reduced(std::move(video), step);
      regions.values = video.patches.flatten(1, 2);
      regions.mask = video.mask.unsqueeze(-1).expand({-1, -1, video.patches.size(2)}).flatten(1, 2);
    }
    // In training learned weights are made with the scores, block by block: the network's hidden layers of all regions
    // would take more than the regions.
    if (!per_frame() && !(step.training && region_weights_))
      regions.weights = weights_of(region_weights_, regions.values, regions.mask);
    video.patches = torch::Tensor();  // the regions take their place
    video.sets["regions"] = regions;
    return video;
  }

  VideoFeatures reduced(VideoFeatures video, const StepContext& step) {
    if (options_.region_mode == "avgpool") return average_regions(std::move(video), options_.region_grid);
    const int64_t kept = std::min(options_.regions_per_frame, video.patches.size(2));
    if (options_.region_mode == "topk") return keep_patches(video, top_places(frame_likeness(video), kept));
    if (options_.region_mode == "all") return video;
    const auto selection = selector_->forward(video.frames, video.patches, step);
    video = keep_patches(std::move(video), selection.places);
    video.patches = selection.values;
    return video;
  }

  static WeightedTokens word_tokens(const TextFeatures& text) { return {text.tokens, text.mask, text.weights}; }
  WeightedTokens visual_tokens(const VideoFeatures& video, char grain, bool flat = false) const {
    if (grain == 'v') return single_token(video.sets.at("video").values.squeeze(1));
    if (grain == 'f') return {video.frames, video.mask, video.weights};
    const auto& regions = video.sets.at("regions");
    if (!per_frame() || flat) return {regions.values, regions.mask, regions.weights};
    const auto shown = regions.mask.unflatten(1, {video.mask.size(1), -1}).any(2);  // frames with regions share all
    const auto weights = video.weights * shown;
    return {regions.values, regions.mask, weights / weights.sum(1, true).clamp_min(1e-12)};
  }

  // The pairs of one visual grain at once.
  void add_scores(char grain, const TextFeatures& text, const VideoFeatures& video,
                  std::map<std::string, torch::Tensor>& scores) const {
    std::vector<std::string> pairs;
    std::vector<TextGrain> texts;
    for (const auto& pair : options_.chosen()) {
      if (pair[0] != grain) continue;
      pairs.push_back(pair);
      const auto found = matrices_.find(pair);
      texts.push_back({pair[1] == 'w' ? word_tokens(text) : single_token(text.pooled),
                       found == matrices_.end() ? AttentionMatrices() : found->second});
    }
    if (pairs.empty()) return;
    const auto values = grain_similarities(texts, visual_tokens(video, grain), settings_of(grain, video));
    for (size_t i = 0; i < pairs.size(); ++i) scores[pairs[i]] = values[i];
  }

  GrainSettings settings_of(char grain, const VideoFeatures& video) const {
    GrainSettings settings;
    settings.attention = options_.interaction == "aosm";
    settings.temperature = options_.attention_temperature;
    if (options_.mask_zero) settings.padded = 0;
    if (grain == 'r' && per_frame()) settings.frames = video.mask.size(1);
    if (grain == 'r') settings.weights = region_weights_;
    settings.block_bytes = block_bytes_;
    return settings;
  }

  void place_match(TokenMatch& match, int64_t token, const VideoFeatures& video) const {
    match.frame = token;
    if (!uses('r')) return;
    const int64_t count = video.sets.at("regions").mask.size(1) / video.mask.size(1);
    match.frame = token / count;
    if (outside()) return;
    match.patch = token % count;
    if (video.patch_indices.defined()) match.patch = video.patch_indices[0][match.frame][match.patch].item<int64_t>();
  }

  CmfgOptions options_;
  int64_t block_bytes_;
  Temporal temporal_;
  std::shared_ptr<TokenWeights> text_weights_, frame_weights_, region_weights_;
  std::map<std::string, AttentionMatrices> matrices_;
  std::shared_ptr<TokenSelector> selector_;
};

}  // namespace
TVR_REGISTER_HEAD(cmfg, Cmfg, CmfgOptions)
}  // namespace tvr
