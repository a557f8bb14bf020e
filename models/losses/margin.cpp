// Hinge on the hardest negative of the batch in each direction; HCMI's marginal sample enhancement (reconstruction,
// hcmi.md b.3). Similarities are taken without weight and logit scale.
#include <torch/torch.h>

#include "contrastive.h"
#include "tvr/base/error.h"
#include "tvr/base/names.h"

namespace tvr {
namespace {

struct MarginOptions {
  std::string part, same_video = "ignore";
  double theta = 0.2;
  bool exclude_potential = true;
  template <class Visit>
  void fields(Visit&& f) {
    f("part", part, "The part it looks at; empty: video-sentence, else sentence-video, else the only one");
    f("theta", theta, "How much nearer than the hardest negative a pair must be, as a cosine", within(0, 2));
    f("exclude_potential", exclude_potential, "What the targets name beside the pair itself is no negative");
    f("same_video", same_video,
      "Other captions of the same video in the batch: no negatives, or negatives as in the literature (strict)",
      one_of({"ignore", "strict"}));
  }
};

class Margin final : public Loss {
 public:
  explicit Margin(const MarginOptions& options) : options_(options) {}

  LossTerms terms(const LossInput& input) override {
    const auto& similarity = chosen(input.similarities).value;
    const auto& targets = input.targets;
    return {{"margin", 0.5 * (hinge(similarity, targets.text_to_video, targets.same_video) +
                              hinge(similarity.t(), targets.video_to_text, targets.same_video))}};
  }

 private:
  torch::Tensor hinge(const torch::Tensor& similarity, const torch::Tensor& target,
                      const torch::Tensor& same_video) const {
    auto excluded = torch::eye(same_video.size(0), same_video.options());
    if (options_.exclude_potential) excluded = excluded.logical_or(target.gt(0).logical_and(same_video.logical_not()));
    if (options_.same_video == "ignore") excluded = excluded.logical_or(same_video);
    const auto hardest = similarity.masked_fill(excluded, kLeftOut).amax(1);
    return torch::relu(hardest - similarity.diagonal() + options_.theta).mean();
  }

  const Part& chosen(const Parts& parts) const {
    const auto wanted = options_.part.empty() ? std::vector<std::string>{"video-sentence", "sentence-video"}
                                              : std::vector<std::string>{options_.part};
    std::vector<std::string> names;
    for (const auto& name : wanted)
      for (const auto& part : parts)
        if (part.name == name) return part;
    if (options_.part.empty() && parts.size() == 1) return parts[0];
    for (const auto& part : parts) names.push_back(part.name);
    throw ConfigError("loss {type: margin}: " +
                      (options_.part.empty() ? "part is missing, and no part is the obvious one"
                                             : "the score has no part '" + options_.part + "' of weight above 0") +
                      "; name one of " + join(names, ", ") + ".");
  }

  MarginOptions options_;
};

}  // namespace
TVR_REGISTER_LOSS(margin, Margin, MarginOptions)
}  // namespace tvr
