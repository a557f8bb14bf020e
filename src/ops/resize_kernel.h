#pragma once
#include <cstdint>
#include <vector>

#include "tvr/ops/resize.h"

namespace tvr {

constexpr int kFractionBits = 22;  // weights are integers of 2^-22
constexpr int32_t kHalf = 1 << (kFractionBits - 1);

/// Which inputs make an output of one direction of a resize, and with which weights. Output i is the sum of counts[i]
/// inputs from first[i] on under weights[i*most …], plus kHalf, shifted right by kFractionBits and clamped to a byte.
struct Kernel {
  int64_t most = 0;
  std::vector<int64_t> first, counts;
  std::vector<int32_t> weights;  // [outputs,most]

  /// The inputs that the outputs need: first_input … end_input-1.
  int64_t first_input() const { return first.front(); }
  int64_t end_input() const { return first.back() + counts.back(); }
  int64_t outputs() const { return static_cast<int64_t>(first.size()); }
};

/// Pillow's kernel from `in` to `out` pixels, for the outputs begin … begin+outputs-1; the identity if in == out.
Kernel make_kernel(int64_t in, int64_t out, Interpolation interpolation, int64_t begin, int64_t outputs);

/// A kernel for instructions that multiply 16-bit numbers in pairs and add the two products. Inputs are taken in pairs
/// (2p, 2p+1), and every weight is high * 2^kLowBits + low. Output i takes `count` pairs from first[i] on under
/// weights[i*count …], all of them pairs that some output needs; inputs that the kernel does not take weigh 0. All
/// outputs have the same count because processors foresee the end of such loops.
struct PairKernel {
  struct Weights {
    int32_t high, low;  // of each, the first input's weight in the lower 16 bits, the second one's in the upper 16
  };
  static constexpr int kLowBits = 12;

  int64_t count = 0;
  std::vector<int64_t> first;    // never falls
  std::vector<Weights> weights;  // [outputs,count]

  const Weights* weights_of(int64_t output) const { return weights.data() + output * count; }
};

PairKernel make_pairs(const Kernel& kernel);

}  // namespace tvr
