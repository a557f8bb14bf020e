// Peak memory and time of one training step of the head cmfg with all regions, from features to their gradients, in a
// process of its own: region_bench.sh runs it with the plain formula and block by block.
#include <torch/torch.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include "tvr/base/error.h"
#include "tvr/loss/loss.h"
#include "tvr/model/interaction_head.h"
#include "tvr/model/score.h"

namespace tvr {
namespace {

struct Sizes {
  int64_t pairs = 64, words = 32, frames = 12, regions = 49, dim = 512;
};

// A line of /proc/self/status, in MiB: VmHWM is the peak, VmRSS what is held now.
double mib(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(name + ":")) return std::stod(line.substr(name.size() + 1)) / 1024;
  throw DataError("/proc/self/status has no line " + name + "; the benchmark needs Linux.");
}

struct Batch {
  TextFeatures text;
  VideoFeatures video;
  std::vector<torch::Tensor> leaves() const { return {text.pooled, text.tokens, video.frames, video.patches}; }
};

Batch make_batch(const Sizes& s) {
  const auto leaf = [](at::IntArrayRef shape) { return torch::randn(shape).requires_grad_(); };
  Batch batch;
  batch.text.pooled = leaf({s.pairs, s.dim});
  batch.text.tokens = leaf({s.pairs, s.words, s.dim});
  batch.text.mask = torch::ones({s.pairs, s.words}, torch::kBool);
  batch.video.frames = leaf({s.pairs, s.frames, s.dim});
  batch.video.patches = leaf({s.pairs, s.frames, s.regions, s.dim});
  batch.video.mask = torch::ones({s.pairs, s.frames}, torch::kBool);
  return batch;
}

// Head and loss at their defaults but for `settings`.
class Step {
 public:
  Step(const std::string& settings, const HeadContext& context) {
    const auto node = ConfigNode::parse("{head: {type: cmfg" + settings + "}, loss: {type: info_nce}}");
    const auto head = read_plugin(builtin_heads(), node, "head", "");
    const auto loss = read_loss(node, builtin_losses());
    node.finish();
    head_ = head(context);
    loss_ = loss();
    score_ = std::make_shared<Score>(ScoreOptions{}, head_->part_infos());
  }

  void run(const Batch& batch) {
    StepContext step;
    step.training = true;
    const auto parts = head_->parts(head_->prepare(batch.text, step), head_->prepare(batch.video, step), step);
    const auto targets = make_targets(torch::arange(batch.text.pooled.size(0)));
    loss_->terms({score_->logits(parts), score_->part_logits(parts), targets, step})[0].second.backward();
  }

 private:
  std::shared_ptr<InteractionHead> head_;
  std::shared_ptr<Loss> loss_;
  std::shared_ptr<Score> score_;
};

double gradient_mib(const std::vector<torch::Tensor>& tensors) {
  double bytes = 0;
  for (const auto& tensor : tensors)
    if (tensor.grad().defined()) bytes += static_cast<double>(tensor.grad().nbytes());
  return bytes / (1 << 20);
}

void measure(const Sizes& sizes, int64_t block_bytes, const std::string& settings) {
  torch::manual_seed(1);
  const auto step = [&](const Sizes& s) {
    return Step(settings, HeadContext{s.dim, s.frames, s.words, 1, block_bytes});
  };
  const Sizes small{2, 4, 2, 4, 64};
  step(small).run(make_batch(small));  // what libraries allocate once
  const auto batch = make_batch(sizes);
  auto measured = step(sizes);
  const double before = mib("VmRSS");
  const auto start = std::chrono::steady_clock::now();
  measured.run(batch);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  // Those of the head's own weights are not taken off: they come when the regions' peak is over.
  const double gradients = gradient_mib(batch.leaves());
  std::printf("%.0f MiB beyond %.0f MiB before the step and %.0f MiB of the features' gradients, %.1f s\n",
              mib("VmHWM") - before - gradients, before, gradients, seconds.count());
}

}  // namespace
}  // namespace tvr

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: tvr_region_bench plain|BLOCK_MIB [SETTINGS [PAIRS]]\n");
    return 2;
  }
  const std::string blocks = argv[1], settings = argc > 2 ? std::string(", ") + argv[2] : "";
  tvr::Sizes sizes;
  if (argc > 3) sizes.pairs = std::stoll(argv[3]);
  tvr::measure(sizes, blocks == "plain" ? int64_t{1} << 60 : std::stoll(blocks) << 20, settings);
  return 0;
}
