#pragma once
#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

namespace tvr {

// Shape letters, used in every header of this project:
//   T texts   V videos   B pairs of a batch   L words (tokens)   F frames   P patches   S tokens of a set   D channels
//   H, W pixels
// A mask is bool, true = real, and always given; padding never changes a score. Features are not normalised.

/// A named set of vectors a text or video: clips, phrases, an audio expert.
struct TokenSet {
  torch::Tensor values;   ///< [N,S,D]
  torch::Tensor mask;     ///< [N,S]
  torch::Tensor times;    ///< [N,S,2] seconds, or undefined
  torch::Tensor weights;  ///< [N,S] how much each counts in a token-wise score, or undefined
};

/// What a text encoder makes of captions. `each` is the one enumeration of the tensors: rows, devices, files, gathering
/// and caching all go through it, so a field added there works everywhere.
struct TextFeatures {
  torch::Tensor pooled;   ///< [T,D] the sentence
  torch::Tensor tokens;   ///< [T,L,D] the words after the tower's final norm and projection
  torch::Tensor mask;     ///< [T,L]
  torch::Tensor hidden;   ///< [T,L,Dt] before the projection, if needed
  torch::Tensor weights;  ///< [T,L] how much each word counts: made by a head's prepare(), 0 at padding, sums to 1
  std::map<std::string, TokenSet> sets;

  template <class Visit>
  void each(Visit&& visit) {
    enumerate(*this, visit);
  }
  template <class Visit>
  void each(Visit&& visit) const {
    enumerate(*this, visit);
  }

 private:
  template <class Self, class Visit>
  static void enumerate(Self& self, Visit& visit) {
    visit("text.pooled", self.pooled);
    visit("text.tokens", self.tokens);
    visit("text.mask", self.mask);
    visit("text.hidden", self.hidden);
    visit("text.weights", self.weights);
    for (auto& [name, set] : self.sets) {
      visit("text.sets." + name + ".values", set.values);
      visit("text.sets." + name + ".mask", set.mask);
      visit("text.sets." + name + ".times", set.times);
      visit("text.sets." + name + ".weights", set.weights);
    }
  }
};

/// Tokenised captions.
struct TextInput {
  torch::Tensor ids;         ///< [T,L] int64, padded with 0
  torch::Tensor mask;        ///< [T,L] start and end tokens are real
  TextFeatures cached = {};  ///< made before by a frozen encoder (model.text.type: cached_text), with tokens [T,L,D]
};

/// What a video encoder makes of videos.
struct VideoFeatures {
  torch::Tensor frames;         ///< [V,F,D] one vector a frame
  torch::Tensor patches;        ///< [V,F,P,D] without the class token, if needed
  torch::Tensor mask;           ///< [V,F]
  torch::Tensor times;          ///< [V,F] seconds from the start
  torch::Tensor patch_indices;  ///< [V,F,P] int64 place on the patch grid (row-major), after a selection
  torch::Tensor hidden;         ///< [V,F,1+P,Dv] before the projection, if needed
  torch::Tensor weights;        ///< [V,F] how much each frame counts: made by prepare(), 0 at padding, sums to 1
  torch::Tensor patch_weights;  ///< [V,F,P] likewise, summing to 1 over all patches of the video
  std::map<std::string, TokenSet> experts;
  std::map<std::string, TokenSet> sets;

  template <class Visit>
  void each(Visit&& visit) {
    enumerate(*this, visit);
  }
  template <class Visit>
  void each(Visit&& visit) const {
    enumerate(*this, visit);
  }

 private:
  template <class Self, class Visit>
  static void enumerate(Self& self, Visit& visit) {
    visit("video.frames", self.frames);
    visit("video.patches", self.patches);
    visit("video.mask", self.mask);
    visit("video.times", self.times);
    visit("video.patch_indices", self.patch_indices);
    visit("video.hidden", self.hidden);
    visit("video.weights", self.weights);
    visit("video.patch_weights", self.patch_weights);
    for (auto* group : {&self.experts, &self.sets}) {
      const std::string prefix = group == &self.experts ? "experts." : "video.sets.";
      for (auto& [name, set] : *group) {
        visit(prefix + name + ".values", set.values);
        visit(prefix + name + ".mask", set.mask);
        visit(prefix + name + ".times", set.times);
        visit(prefix + name + ".weights", set.weights);
      }
    }
  }
};

/// Pixels to encode, or features that were encoded before (model.video.type: cached); one of the two.
struct VideoInput {
  torch::Tensor pixels;  ///< [V,F,3,H,W] uint8 RGB
  torch::Tensor mask;    ///< [V,F]
  torch::Tensor times;   ///< [V,F] seconds from the start
  VideoFeatures cached;
};

/// `features` with `change` applied to every defined tensor.
template <class Features, class Change>
Features transformed(Features features, Change&& change) {
  features.each([&](const std::string&, torch::Tensor& tensor) {
    if (tensor.defined()) tensor = change(tensor);
  });
  return features;
}

/// Rows [begin, end) of every tensor.
template <class Features>
Features rows(const Features& features, int64_t begin, int64_t end) {
  return transformed(features, [&](const torch::Tensor& tensor) { return tensor.slice(0, begin, end); });
}

/// Rows `index` [K] (int64) of every tensor; an index may repeat.
template <class Features>
Features select(const Features& features, const torch::Tensor& index) {
  return transformed(features,
                     [&](const torch::Tensor& tensor) { return tensor.index_select(0, index.to(tensor.device())); });
}

template <class Features>
Features to(const Features& features, const torch::Device& device) {
  return transformed(features, [&](const torch::Tensor& tensor) { return tensor.to(device); });
}

TextInput to(const TextInput& text, const torch::Device& device);
VideoInput to(const VideoInput& video, const torch::Device& device);

/// All rows of all blocks; word dimensions of different length are padded with zeros (mask false).
TextFeatures concatenate(const std::vector<TextFeatures>& blocks);
VideoFeatures concatenate(const std::vector<VideoFeatures>& blocks);

/// Bytes of all tensors.
int64_t byte_size(const TextFeatures& features);
int64_t byte_size(const VideoFeatures& features);

}  // namespace tvr
