#include "tvr/loss/loss.h"

#include <torch/torch.h>

#include <algorithm>

namespace tvr {
namespace {

struct Term {
  std::string name, type;
  Plugin<Loss>::Builder builder;
  LossSchedule schedule;
};

// Terms of several losses, weighted. A loss whose turn has not come counts as zero, and is computed at the first step
// only: that it cannot be is told then.
class LossSum final : public Loss {
 public:
  explicit LossSum(const std::vector<Term>& terms) {
    for (const auto& term : terms)
      losses_.push_back({term.name, term.type + ".", register_module(term.name, term.builder()), term.schedule});
  }

  LossTerms terms(const LossInput& input) override {
    LossTerms all;
    for (const auto& [name, prefix, loss, schedule] : losses_) {
      const double factor = schedule.factor(input.step);
      const auto own = factor > 0 || input.step.step == 0 ? loss->terms(input) : LossTerms{};
      if (factor == 0) {
        all.emplace_back(name, input.logits.new_zeros({}));
        continue;
      }
      for (const auto& [term, value] : own) {
        const auto part = term.starts_with(prefix) ? term.substr(prefix.size()) : term;
        all.emplace_back(own.size() == 1 ? name : name + "." + part, factor * value);
      }
    }
    return all;
  }

 private:
  struct Weighted {
    std::string name, prefix;  // what the loss's own names begin with
    std::shared_ptr<Loss> loss;
    LossSchedule schedule;
  };
  std::vector<Weighted> losses_;
};

Term read_term(const ConfigNode& parent, const std::string& key, const LossRegistry& losses) {
  const auto node = parent.child(key);
  Term term{key, "info_nce", read_plugin(losses, parent, key, "info_nce"), {}};
  node.read("type", term.type);
  node.read("weight", term.schedule.weight, at_least(0));
  node.read("start", term.schedule.start, within(0, 1));
  if (key.empty()) parent.error(key, "a term of the loss needs a name");
  if (term.schedule.start == 1) node.error("start", "1 is the end of the training; the term would never count");
  node.read("ramp", term.schedule.ramp, within(0, 1));
  return term;
}

}  // namespace

double LossSchedule::factor(const StepContext& step) const {
  const double done = step.done();
  if (done < start) return 0;
  return ramp > 0 ? weight * std::min(1.0, (done - start) / ramp) : weight;
}

Plugin<Loss>::Builder read_loss(const ConfigNode& config, const LossRegistry& losses) {
  const auto node = config.child("loss");
  std::vector<Term> terms;
  if (!node.has("terms")) {
    terms.push_back(read_term(config, "loss", losses));
    terms.back().name = terms.back().type;
  } else {
    node.check_keys({"terms"});
    const auto children = node.child("terms");
    for (const auto& key : children.keys()) terms.push_back(read_term(children, key, losses));
    if (node.has("type"))
      node.error("type", "the loss has terms, maybe inherited; change them as loss.terms.NAME.type, or leave them out");
  }
  const auto counts = [](const Term& term) { return term.schedule.weight > 0 && term.schedule.start == 0; };
  if (std::none_of(terms.begin(), terms.end(), counts) && !node.has_errors())
    node.error("", "no loss has a weight above 0 from the start of the training on; give at least one");
  return [terms]() -> std::shared_ptr<Loss> { return std::make_shared<LossSum>(terms); };
}

}  // namespace tvr
