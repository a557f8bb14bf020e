#include "tvr/model/grain_interaction.h"

#include <torch/torch.h>

#include <algorithm>

#include "tvr/model/pair_blocks.h"
#include "tvr/model/pooling.h"

namespace tvr {
namespace {

// What all blocks share, beside tensors: how each grain of a text lies in them.
struct Plan {
  GrainSettings settings;
  std::vector<int64_t> words;            // tokens of each grain of a text
  std::vector<SharedMatrices> matrices;  // of each
};

// Rows of the tokens of one side in a block.
struct Side {
  torch::Tensor values, mask, weights;
};
Side side_of(const std::vector<torch::Tensor>& tensors) {
  return {tensors[0], tensors[1], tensors.size() > 2 ? tensors[2] : torch::Tensor()};
}

// [v,S,t,L] cosines; only the video's tokens still have to be normalised.
torch::Tensor cosines(const Side& text, const Side& video, double padded) {
  auto product = torch::matmul(unit(video.values).flatten(0, 1), text.values.flatten(0, 1).t());  // [v·S,t·L]
  product.masked_fill_(video.mask.view({-1, 1}).logical_and(text.mask.view({1, -1})).logical_not(), padded);
  return product.view({video.mask.size(0), video.mask.size(1), text.mask.size(0), text.mask.size(1)});
}

// [v,t] weighted best matches of [v,S,t,L], the mean of both directions.
torch::Tensor best_matches(const torch::Tensor& similarities, const Side& text, const Side& video) {
  const auto of_words = (std::get<0>(similarities.max(1)) * text.weights).sum(2);
  const auto of_visual = (std::get<0>(similarities.max(3)) * video.weights.unsqueeze(2)).sum(1);
  return 0.5 * (of_words + of_visual);
}

// [v,t,K] of a block of videos, which come first here (see grain_similarities), and texts.
torch::Tensor block_similarities(const PairTensors& block, const Plan& plan) {
  const auto& settings = plan.settings;
  const auto text = side_of(block.video);
  auto video = side_of(block.text);
  if (!video.weights.defined() && !settings.attention) {
    video.weights = settings.weights->forward(video.values, video.mask);
  }
  auto similarities = cosines(text, video, settings.padded);
  if (settings.frames > 0) {
    similarities = std::get<0>(similarities.unflatten(1, {settings.frames, -1}).max(2));  // [v,F,t,L]
    video.mask = video.mask.unflatten(1, {settings.frames, -1}).any(2);
  }
  const auto grains = similarities.split_with_sizes(plan.words, 3);
  const auto masks = text.mask.split_with_sizes(plan.words, 1), weights = text.weights.split_with_sizes(plan.words, 1);
  std::vector<torch::Tensor> scores;
  auto shared = block.shared.begin();
  for (size_t i = 0; i < grains.size(); ++i) {
    const auto next = shared + static_cast<int64_t>(plan.matrices[i].tensors().size());
    scores.push_back(settings.attention ? attended_both_ways(grains[i].permute({0, 2, 3, 1}), masks[i].unsqueeze(0),
                                                             video.mask.unsqueeze(1),
                                                             plan.matrices[i].of({shared, next}), settings.temperature)
                                        : best_matches(grains[i], {{}, masks[i], weights[i]}, video));
    shared = next;
  }
  return torch::stack(scores, 2);
}

// The grains of texts in one row of tokens each; matrices and the network's weights are what all pairs share.
PairTensors gathered(const std::vector<TextGrain>& texts, const WeightedTokens& video, Plan& plan) {
  std::vector<torch::Tensor> values, masks, weights, shared;
  for (const auto& [tokens, matrices] : texts) {
    values.push_back(tokens.values);
    masks.push_back(tokens.mask);
    weights.push_back(tokens.weights);
    plan.words.push_back(tokens.mask.size(1));
    plan.matrices.emplace_back(matrices);
    const auto& tensors = plan.matrices.back().tensors();
    shared.insert(shared.end(), tensors.begin(), tensors.end());
  }
  PairTensors all{
      {video.values, video.mask}, {unit(torch::cat(values, 1)), torch::cat(masks, 1), torch::cat(weights, 1)}, shared};
  if (video.weights.defined()) {
    all.text.push_back(video.weights);
  } else if (plan.settings.weights) {
    for (const auto& parameter : plan.settings.weights->parameters()) all.shared.push_back(parameter);
  }
  return all;
}

}  // namespace

std::vector<torch::Tensor> grain_similarities(const std::vector<TextGrain>& texts, const WeightedTokens& video,
                                              const GrainSettings& settings) {
  // pair_blocks cuts its first side first. That is the videos here, so that each is normalised in one block only.
  Plan plan{settings, {}, {}};
  const auto tensors = gathered(texts, video, plan);
  // The largest tensor of a block is its cosines or its normalised tokens.
  const int64_t rows = tensors.video[0].size(0), words = tensors.video[0].size(1);
  const int64_t width = std::max(words, (video.values.size(2) + rows - 1) / rows);
  const int64_t bytes = video.values.size(1) * width * static_cast<int64_t>(video.values.element_size());
  const auto scores =
      pair_blocks([plan](const PairTensors& block) { return block_similarities(block, plan); }, tensors, bytes,
                  settings.block_bytes);  // [V,T,K]
  return scores.permute({2, 1, 0}).unbind(0);
}

}  // namespace tvr
