#pragma once
#include <torch/nn/module.h>

#include <string>
#include <vector>

namespace tvr {

/// How the parameters whose name matches `pattern` ('*': anything) start: normal with deviation `scale`.
struct InitRule {
  std::string pattern;
  double scale = 0;
};

/// Sets every parameter of `module` from (seed, prefix + its name) alone, so that weights do not depend on the order of
/// construction, other modules or threads. The first matching rule wins; else biases are 0, other vectors named
/// `*.weight` (norms) 1, and matrices uniform in ±1/sqrt(inputs).
void initialize(torch::nn::Module& module, uint64_t seed, const std::string& prefix,
                const std::vector<InitRule>& rules = {});

/// While one lives, initialize() on this thread leaves parameters as they are: for modules whose weights are all loaded
/// afterwards.
class WithoutInitialization {
 public:
  WithoutInitialization();
  ~WithoutInitialization();
  WithoutInitialization(const WithoutInitialization&) = delete;
  WithoutInitialization& operator=(const WithoutInitialization&) = delete;
};

}  // namespace tvr
