#include "tvr/model/pair_blocks.h"

#include <torch/torch.h>

#include <algorithm>

namespace tvr {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// How the pairs are cut, and where each tensor lies in the one list that autograd knows.
struct Plan {
  PairFunction score;
  int64_t texts, videos;               // rows
  int64_t text_rows, video_rows;       // of a block
  size_t text_tensors, video_tensors;  // the rest are shared
};

struct PlanHolder final : torch::CustomClassHolder {
  explicit PlanHolder(Plan held) : plan(std::move(held)) {}
  Plan plan;
};

struct Block {
  int64_t text, text_end, video, video_end;
  torch::Tensor of(const torch::Tensor& tensor, size_t index, const Plan& plan) const {
    if (index < plan.text_tensors) return tensor.slice(0, text, text_end);
    return index < plan.text_tensors + plan.video_tensors ? tensor.slice(0, video, video_end) : tensor;
  }
  torch::Tensor of_pairs(const torch::Tensor& matrix) const {
    return matrix.slice(0, text, text_end).slice(1, video, video_end);
  }
};

template <class Work>
void each_block(const Plan& plan, Work&& work) {
  for (int64_t text = 0; text < plan.texts; text += plan.text_rows)
    for (int64_t video = 0; video < plan.videos; video += plan.video_rows)
      work(Block{text, std::min(text + plan.text_rows, plan.texts), video,
                 std::min(video + plan.video_rows, plan.videos)});
}

PairTensors grouped(at::TensorList all, const Plan& plan) {
  const auto video = all.begin() + static_cast<int64_t>(plan.text_tensors);
  const auto shared = video + static_cast<int64_t>(plan.video_tensors);
  return {{all.begin(), video}, {video, shared}, {shared, all.end()}};
}

torch::Tensor forward_blocks(at::TensorList all, const Plan& plan) {
  torch::Tensor result;
  each_block(plan, [&](const Block& block) {
    variable_list part;
    for (size_t i = 0; i < all.size(); ++i) part.push_back(block.of(all[i], i, plan));
    const auto scores = plan.score(grouped(part, plan));
    if (!result.defined()) {
      auto shape = scores.sizes().vec();
      shape[0] = plan.texts;
      shape[1] = plan.videos;
      result = scores.new_empty(shape);
    }
    block.of_pairs(result).copy_(scores);
  });
  return result;
}

struct PairBlocks final : torch::autograd::Function<PairBlocks> {
  static torch::Tensor forward(AutogradContext* context, at::TensorList all, const Plan& plan) {
    context->save_for_backward(all.vec());
    context->saved_data["plan"] = c10::IValue::make_capsule(c10::make_intrusive<PlanHolder>(plan));
    return forward_blocks(all, plan);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto all = context->get_saved_variables();
    const auto holder = c10::static_intrusive_pointer_cast<PlanHolder>(context->saved_data["plan"].toCapsule());
    const auto& plan = holder->plan;
    variable_list results(all.size() + 1);  // the plan has no gradient
    for (size_t i = 0; i < all.size(); ++i)
      if (context->needs_input_grad(i)) results[i] = torch::zeros_like(all[i]);
    each_block(plan, [&](const Block& block) { add_block(all, plan, block, block.of_pairs(gradients[0]), results); });
    return results;
  }

  // Rows of a tensor as a leaf of its own; a parameter that all pairs share stays itself, so that a score may ask
  // modules for it.
  static torch::Tensor leaf_of(const torch::Tensor& tensor, size_t index, const Plan& plan, const Block& block) {
    const bool is_shared = index >= plan.text_tensors + plan.video_tensors;
    return is_shared && tensor.is_leaf() ? tensor : block.of(tensor, index, plan).detach();
  }

  // Computes a block again, with gradients, and adds them to `results`.
  static void add_block(const variable_list& all, const Plan& plan, const Block& block, const torch::Tensor& gradient,
                        variable_list& results) {
    variable_list part, wanted;
    std::vector<size_t> places;
    for (size_t i = 0; i < all.size(); ++i) {
      part.push_back(leaf_of(all[i], i, plan, block));
      const bool is_there = std::any_of(wanted.begin(), wanted.end(),  // a parameter that is given twice counts once
                                        [&](const torch::Tensor& tensor) { return tensor.is_same(part.back()); });
      if (!results[i].defined() || is_there) continue;
      wanted.push_back(part.back().requires_grad_(true));
      places.push_back(i);
    }
    const at::AutoGradMode with_gradients(true);
    const auto scores = plan.score(grouped(part, plan));
    const auto found = torch::autograd::grad({scores}, wanted, {gradient}, {}, false, /*allow_unused=*/true);
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < places.size(); ++i)
      if (found[i].defined()) block.of(results[places[i]], places[i], plan).add_(found[i]);
  }
};

}  // namespace

torch::Tensor pair_blocks(const PairFunction& score, const PairTensors& tensors, int64_t bytes_per_pair,
                          int64_t budget) {
  const int64_t texts = tensors.text.at(0).size(0), videos = tensors.video.at(0).size(0);
  const int64_t pairs = std::max<int64_t>(1, budget / std::max<int64_t>(1, bytes_per_pair));
  if (texts * videos <= pairs) return score(tensors);
  const int64_t text_rows = std::clamp<int64_t>(pairs / videos, 1, texts);
  const Plan plan{score, texts, videos, text_rows, std::min(videos, pairs), tensors.text.size(), tensors.video.size()};
  variable_list all = tensors.text;
  all.insert(all.end(), tensors.video.begin(), tensors.video.end());
  all.insert(all.end(), tensors.shared.begin(), tensors.shared.end());
  const bool recorded = torch::GradMode::is_enabled() &&
                        std::any_of(all.begin(), all.end(), [](const auto& tensor) { return tensor.requires_grad(); });
  return recorded ? PairBlocks::apply(at::TensorList(all), plan) : forward_blocks(all, plan);
}

}  // namespace tvr
