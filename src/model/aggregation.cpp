// HCMI's aggregation layer (reconstruction).
#include "tvr/model/aggregation.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/transformer_layers.h"
#include "tvr/model/density_peaks.h"
#include "tvr/model/initialize.h"

namespace tvr {
namespace nn = torch::nn;
namespace {

constexpr double kNormEps = 1e-5, kDeviation = 0.02;

TransformerConfig block_config(const AggregationConfig& config) {
  TransformerConfig block;
  block.width = config.dim;
  block.layers = 1;
  block.heads = config.heads;
  block.mlp_width = 4 * config.dim;
  block.norm_eps = kNormEps;
  return block;
}

// Attention must stay finite where nothing is real.
torch::Tensor attended(const torch::Tensor& mask) {
  return mask.logical_or(mask.any(1, true).logical_not());
}

class AttentionAggregation final : public Aggregation {
 public:
  AttentionAggregation(const AggregationConfig& config, uint64_t seed, const std::string& name)
      : config_(config),
        assign_(config.type == "assign_softmax_clusters"),
        ln_1_(register_module("ln_1", make_norm(config.dim, kNormEps))),
        attention_(register_module("attn", std::make_shared<Attention>(block_config(config)))),
        ln_2_(register_module("ln_2", make_norm(config.dim, kNormEps))),
        value_(linear("w_v")),
        output_(linear("w_o")),
        ln_3_(register_module("ln_3", make_norm(config.dim, kNormEps))),
        mlp_(register_module("mlp", std::make_shared<Mlp>(block_config(config)))) {
    if (!assign_ || config.outputs > 1) {  // a softmax over one cluster is 1 whatever the queries
      queries_ = register_parameter("queries", torch::empty({config.outputs, config.dim}));
      query_ = linear("w_q");
      key_ = linear("w_k");
    }
    const double last = config.residual ? 0 : kDeviation;
    initialize(*this, seed, name,
               {{"queries", 1},
                {"w_o.weight", last},
                {"mlp.c_proj.weight", last},
                {"w_*.weight", kDeviation},
                {"attn.*weight", kDeviation},
                {"mlp.c_fc.weight", kDeviation}});
  }

  Aggregated forward(const AggregationInput& input) override {
    Aggregated made;
    AttentionTerms terms;
    terms.mask = attended(input.mask);
    const auto read = input.positions.defined() ? input.tokens + input.positions : input.tokens;
    made.related = input.tokens + attention_->forward(ln_1_->forward(read), terms);
    const auto normed = ln_2_->forward(made.related);
    made.shares = shares(normed, input.mask);
    const auto mixed = torch::matmul(made.shares, by_head(value_->forward(normed)));  // [N,heads,M,D/heads]
    made.clusters = output_->forward(mixed.transpose(1, 2).flatten(2));
    if (config_.residual) made.clusters = made.clusters + base(input);
    made.tokens = made.clusters + mlp_->forward(ln_3_->forward(made.clusters));
    made.mask = input.mask.any(1, true).expand({-1, config_.outputs});
    return made;
  }

  void start_from(const TextEncoder& text, int64_t block) override {
    if (text.heads() != config_.heads) return;
    const torch::NoGradGuard no_grad;
    const auto theirs = text.named_parameters();
    for (auto& item : named_parameters()) {
      if (!item.key().starts_with("ln_1.") && !item.key().starts_with("attn.")) continue;
      const auto* found = theirs.find("transformer.resblocks." + std::to_string(block) + "." + item.key());
      if (found != nullptr && found->sizes() == item.value().sizes()) item.value().copy_(*found);
    }
  }

 private:
  nn::Linear linear(const std::string& name) { return register_module(name, nn::Linear(config_.dim, config_.dim)); }

  // [..,S,D] -> [..,heads,S,D/heads]
  torch::Tensor by_head(const torch::Tensor& tokens) const {
    return tokens.unflatten(-1, {config_.heads, -1}).transpose(-3, -2);
  }

  torch::Tensor shares(const torch::Tensor& normed, const torch::Tensor& mask) {
    const auto real = mask.unsqueeze(1).unsqueeze(1);  // [N,1,1,S]
    if (!query_) {
      const auto whole = real.to(normed.scalar_type()).expand({-1, config_.heads, -1, -1});
      return whole / (whole.sum(3, true) + kMassEps);
    }
    const auto queries = by_head(query_->forward(queries_)), keys = by_head(key_->forward(normed));
    const auto logits =
        torch::matmul(queries, keys.transpose(2, 3)) / std::sqrt(static_cast<double>(config_.dim / config_.heads));
    if (assign_) {
      const auto of_cluster = torch::softmax(logits, 2) * real;
      return of_cluster / (of_cluster.sum(3, true) + kMassEps);
    }
    return torch::softmax(logits.masked_fill(real.logical_not(), std::numeric_limits<float>::lowest()), 3) * real;
  }

  torch::Tensor base(const AggregationInput& input) const {
    return input.base.defined() ? input.base.unsqueeze(1) : segment_means(input.tokens, input.mask, config_.outputs);
  }

  static constexpr double kMassEps = 1e-6;
  AggregationConfig config_;
  bool assign_;
  torch::Tensor queries_;
  nn::Linear query_ = nullptr, key_ = nullptr;
  nn::LayerNorm ln_1_;
  std::shared_ptr<Attention> attention_;
  nn::LayerNorm ln_2_;
  nn::Linear value_, output_;
  nn::LayerNorm ln_3_;
  std::shared_ptr<Mlp> mlp_;
};

class DensityAggregation final : public Aggregation {
 public:
  DensityAggregation(const AggregationConfig& config, uint64_t seed, const std::string& name)
      : outputs_(config.outputs),
        conv_(register_module(
            "conv", nn::Conv1d(nn::Conv1dOptions(config.dim, config.dim, kWindow).padding(kWindow / 2).bias(false)))),
        norm_(register_module("norm", make_norm(config.dim, kNormEps))),
        // Without a bias: it would cancel in the weighted means.
        score_(register_module("score", nn::Linear(nn::LinearOptions(config.dim, 1).bias(false)))),
        block_(register_module("block", std::make_shared<Transformer>(block_config(config)))) {
    initialize(*this, seed, name,
               {{"conv.weight", 0},
                {"score.weight", 0},
                {"*out_proj.weight", 0},
                {"*c_proj.weight", 0},
                {"block.*_weight", kDeviation},
                {"*c_fc.weight", kDeviation}});
  }

  Aggregated forward(const AggregationInput& input) override {
    const auto tokens = input.tokens * input.mask.unsqueeze(-1);  // the convolution sees the neighbours
    const auto normed = norm_->forward(tokens + conv_->forward(tokens.transpose(1, 2)).transpose(1, 2));
    const auto peaks = find_density_peaks(normed, input.mask, outputs_, kNeighbours);
    Aggregated made;
    made.clusters = merge_groups(normed, input.mask, score_->forward(normed).squeeze(-1), peaks.group, outputs_);
    made.mask = torch::arange(outputs_, peaks.group.options()).unsqueeze(0).lt(input.mask.sum(1, true));
    AttentionTerms terms;
    terms.mask = attended(made.mask);
    made.tokens = block_->forward(made.clusters, terms);
    return made;
  }

 private:
  static constexpr int64_t kWindow = 3, kNeighbours = 3;
  int64_t outputs_;
  nn::Conv1d conv_;
  nn::LayerNorm norm_;
  nn::Linear score_;
  std::shared_ptr<Transformer> block_;
};

}  // namespace

std::shared_ptr<Aggregation> make_aggregation(const AggregationConfig& config, uint64_t seed, const std::string& name) {
  if (config.type == "dpc_knn") return std::make_shared<DensityAggregation>(config, seed, name);
  return std::make_shared<AttentionAggregation>(config, seed, name);
}

torch::Tensor segment_means(const torch::Tensor& tokens, const torch::Tensor& mask, int64_t segments) {
  const auto place = (mask.cumsum(1) - 1).unsqueeze(1);  // [N,1,S] of a token among the real ones
  const auto count = mask.sum(1, true).unsqueeze(1);     // [N,1,1]
  const auto segment = torch::arange(segments, place.options()).view({1, segments, 1});
  const auto few = count.lt(segments);
  const auto only = torch::div(segment * (count - 1).clamp_min(0), std::max<int64_t>(1, segments - 1), "floor");
  const auto begin = torch::where(few, only, torch::div(segment * count, segments, "floor"));
  const auto end = torch::where(few, only + 1, torch::div((segment + 1) * count, segments, "floor"));
  const auto member = place.ge(begin).logical_and(place.lt(end)).logical_and(mask.unsqueeze(1));
  const auto weights = member.to(tokens.scalar_type());
  return torch::matmul(weights / weights.sum(2, true).clamp_min(1), tokens);
}

}  // namespace tvr
