#include "model/recompute.h"

#include <torch/torch.h>

namespace tvr {
namespace {

using Work = std::function<torch::Tensor(const torch::Tensor&)>;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct WorkHolder final : torch::CustomClassHolder {
  explicit WorkHolder(Work held) : work(std::move(held)) {}
  Work work;
};

// Inputs: the tensor, then the parameters; the work itself is the argument after them.
struct Recompute final : torch::autograd::Function<Recompute> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& input, at::TensorList parameters,
                               const Work& work) {
    variable_list saved{input};
    saved.insert(saved.end(), parameters.begin(), parameters.end());
    context->save_for_backward(saved);  // the parameters too: a change before the backward pass is an error then
    context->saved_data["work"] = c10::IValue::make_capsule(c10::make_intrusive<WorkHolder>(work));
    return work(input);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    auto leaves = context->get_saved_variables();
    const auto holder = c10::static_intrusive_pointer_cast<WorkHolder>(context->saved_data["work"].toCapsule());
    variable_list wanted, results(leaves.size() + 1);  // the work has no gradient
    std::vector<size_t> places;
    leaves[0] = leaves[0].detach().requires_grad_(context->needs_input_grad(0));
    for (size_t i = 0; i < leaves.size(); ++i) {
      if (!context->needs_input_grad(i)) continue;
      wanted.push_back(leaves[i]);
      places.push_back(i);
    }
    const at::AutoGradMode with_gradients(true);
    const auto output = holder->work(leaves[0]);
    const auto found = torch::autograd::grad({output}, wanted, {gradients[0]});
    for (size_t i = 0; i < places.size(); ++i) results[places[i]] = found[i];
    return results;
  }
};

}  // namespace

torch::Tensor recomputed(const Work& work, const torch::Tensor& input, const std::vector<torch::Tensor>& parameters) {
  return Recompute::apply(input, at::TensorList(parameters), work);  // only a TensorList counts as inputs
}

}  // namespace tvr
