#pragma once
#include <torch/nn/module.h>

#include <string>
#include <vector>

#include "tvr/config/plugin.h"
#include "tvr/model/encoder.h"
#include "tvr/model/features.h"
#include "tvr/model/needs.h"
#include "tvr/model/pair_blocks.h"
#include "tvr/model/step_context.h"
#include "tvr/model/targets.h"

namespace tvr {

/// One named summand of a score.
struct Part {
  std::string name;
  torch::Tensor value;  ///< [T,V] similarities before weight and temperature
  torch::Tensor valid;  ///< [T,V] bool, false where the video lacks what the part compares; undefined: valid everywhere
};
using Parts = std::vector<Part>;

/// A part a head declares, with the weight it has unless model.score says otherwise.
struct PartInfo {
  std::string name;
  double weight = 1;
};

/// What a word of a text met in a video, for pages and search.
struct TokenMatch {
  int64_t token = -1;  ///< place in the tokenised text; -1: the whole sentence
  double weight = 1;   ///< of this word in the score
  double score = 0;    ///< its similarity
  int64_t frame = 0;   ///< row of VideoFeatures::frames
  int64_t patch = -1;  ///< place on the patch grid (row-major), -1: the whole frame
};

/// How a text meets a video. The only class that knows: the loss and the evaluator both call parts().
///
/// Contract, tested for every registered head by tests/conformance:
///  - parts() of a block equals the block of parts() of the whole: a head never looks at neighbours;
///  - padding of words and frames changes nothing;
///  - outside training it is deterministic; in training it draws from the step context only;
///  - what needs one side only is done in prepare(), once a text and once a video.
class InteractionHead : public torch::nn::Module {
 public:
  virtual Needs needs() const = 0;
  virtual std::vector<PartInfo> part_infos() const = 0;
  virtual TextFeatures prepare(TextFeatures text, const StepContext& /*step*/) { return text; }
  virtual VideoFeatures prepare(VideoFeatures video, const StepContext& /*step*/) { return video; }
  /// The parts of part_infos(), in that order, of prepared features.
  virtual Parts parts(const TextFeatures& text, const VideoFeatures& video, const StepContext& step) = 0;
  /// Targets of a training batch, refined by what the head sees in both views of its videos (prepared). Called without
  /// gradients, only if needs().views is 2.
  virtual Targets refine(const Targets& targets, const VideoFeatures& /*first*/, const VideoFeatures& /*second*/,
                         const StepContext& /*step*/) {
    return targets;
  }
  /// Called once after the towers got weights of other programs: a head may begin from copies of their blocks.
  virtual void start_from(const TextEncoder& /*text*/) {}
  /// Which words of the one text met what of the one video (T = V = 1, prepared), strongest first; empty if the head
  /// has no such notion.
  virtual std::vector<TokenMatch> explain(const TextFeatures& /*text*/, const VideoFeatures& /*video*/) { return {}; }
};

/// What a head is built with.
struct HeadContext {
  int64_t dim = 0;                    ///< D of both encoders
  int64_t max_frames = 0;             ///< F
  int64_t max_words = 0;              ///< L
  uint64_t seed = 0;                  ///< of the initial weights
  int64_t block_bytes = kBlockBytes;  ///< the most that what is compared token by token may take at once
};
using HeadRegistry = PluginRegistry<InteractionHead, HeadContext>;
HeadRegistry builtin_heads();  ///< everything under models/heads, listed by the build

/// Last line of a head's file. NAME is the file's stem; a forgotten line fails at link time.
#define TVR_REGISTER_HEAD(NAME, HEAD, OPTIONS)                                       \
  void register_head_##NAME(HeadRegistry& registry) {                                \
    registry.add(#NAME, make_plugin<HEAD, OPTIONS, InteractionHead, HeadContext>()); \
  }

}  // namespace tvr
