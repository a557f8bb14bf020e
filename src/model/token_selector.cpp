#include "tvr/model/token_selector.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <algorithm>

#include "tvr/model/initialize.h"

namespace tvr {
namespace {
namespace nn = torch::nn;

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Of a sample only the chosen places are kept; its one-hot rows are never made.
struct PerturbedTopK final : torch::autograd::Function<PerturbedTopK> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& scores, const torch::Tensor& noise,
                               int64_t kept, double sigma, bool full) {
    const int64_t samples = noise.size(1);
    const auto chosen = std::get<1>((scores.unsqueeze(1) + sigma * noise).topk(kept, -1));  // [N,S,K]
    const auto places = std::get<0>(chosen.sort(-1)).transpose(1, 2).contiguous();          // [N,K,S]
    context->save_for_backward({noise, places});
    context->saved_data["sigma"] = sigma;
    context->saved_data["full"] = full;
    return scores.new_zeros({scores.size(0), kept, scores.size(1)})
        .scatter_add_(2, places, scores.new_full({1}, 1.0 / static_cast<double>(samples)).expand(places.sizes()));
  }

  // G: the gradient of the indicator. Each sample contributes the sum of G at its places, times its noise: that of all
  // places, or of each chosen place to itself.
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto &noise = saved[0], &places = saved[1];
    const auto at_places = gradients[0].gather(2, places);  // [N,K,S]
    torch::Tensor result;
    if (context->saved_data["full"].toBool()) {
      result = torch::matmul(at_places.sum(1, true), noise).squeeze(1);  // [N,P]
    } else {
      const auto noise_there = noise.transpose(1, 2).gather(1, places);  // [N,K,S]: of the chosen place, of the sample
      result = noise.new_zeros({noise.size(0), noise.size(2)})
                   .scatter_add_(1, places.flatten(1), (at_places * noise_there).flatten(1));
    }
    const double scale = 1.0 / (static_cast<double>(noise.size(1)) * context->saved_data["sigma"].toDouble());
    return {result * scale, {}, {}, {}, {}};
  }
};

// [N,S,P] standard normal, a stream a row: the same on every device and for any number of threads.
torch::Tensor drawn(const StepContext& step, int64_t rows, int64_t samples, const torch::Tensor& like) {
  const int64_t patches = like.size(-1);
  auto noise = torch::empty({rows, samples, patches}, torch::kFloat);
  auto* values = noise.data_ptr<float>();
  at::parallel_for(0, rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      auto random = step.random("token selector", row);
      std::generate_n(values + row * samples * patches, samples * patches,
                      [&] { return static_cast<float>(random.normal()); });
    }
  });
  return noise.to(like.options().requires_grad(false));
}

nn::Linear linear(int64_t in, int64_t out) {
  return nn::Linear(nn::LinearOptions(in, out).bias(false));
}

}  // namespace

torch::Tensor perturbed_top_k(const torch::Tensor& scores, const torch::Tensor& noise, int64_t kept, double sigma,
                              PerturbedGradient gradient) {
  return PerturbedTopK::apply(scores, noise, kept, sigma, gradient == PerturbedGradient::kFull);
}

torch::Tensor top_places(const torch::Tensor& scores, int64_t kept) {
  const auto order = std::get<1>(scores.detach().sort(std::optional<bool>(true), -1, /*descending=*/true));
  return std::get<0>(order.slice(-1, 0, kept).sort(-1));
}

TokenSelector::TokenSelector(int64_t dim, const Settings& settings, uint64_t seed, const std::string& name)
    : settings_(settings) {
  const int64_t half = std::max<int64_t>(1, dim / 2);
  const auto predictor = register_module("score_predictor", std::make_shared<nn::Module>());
  // Places without parameters (the activations) are skipped in the names, as in a Sequential.
  const auto in = predictor->register_module("in_conv", std::make_shared<nn::Module>());
  const auto out = predictor->register_module("out_conv", std::make_shared<nn::Module>());
  norm_ = in->register_module("0", nn::LayerNorm(nn::LayerNormOptions({dim})));
  in_ = in->register_module("1", linear(dim, half));
  hidden_ = out->register_module("0", linear(2 * half, half));
  out_ = out->register_module("2", linear(half, 1));
  initialize(*this, seed, name);
}

torch::Tensor TokenSelector::scores(const torch::Tensor& frames, const torch::Tensor& patches) {
  const auto patch = torch::gelu(in_->forward(norm_->forward(patches)));              // [V,F,P,D/2]
  const auto frame = torch::gelu(in_->forward(norm_->forward(frames))).unsqueeze(2);  // [V,F,1,D/2]
  const auto both = torch::cat({patch, frame.expand_as(patch)}, -1);                  // [V,F,P,D]
  return torch::tanh(out_->forward(torch::gelu(hidden_->forward(both)))).squeeze(-1);
}

TokenSelector::Selection TokenSelector::forward(const torch::Tensor& frames, const torch::Tensor& patches,
                                                const StepContext& step) {
  const int64_t kept = std::min(settings_.kept, patches.size(2));
  const auto score = scores(frames, patches);
  const auto places = top_places(score, kept);
  if (!step.training) return {patches.gather(2, places.unsqueeze(-1).expand({-1, -1, -1, patches.size(3)})), places};
  const auto rows = score.flatten(0, 1);  // [V·F,P]
  const auto indicator = perturbed_top_k(rows, drawn(step, rows.size(0), settings_.samples, rows), kept,
                                         settings_.sigma, settings_.gradient);
  return {torch::matmul(indicator.view({patches.size(0), patches.size(1), kept, patches.size(2)}), patches), places};
}

}  // namespace tvr
