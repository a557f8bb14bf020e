#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace tvr {

/// A stream of random numbers that is a pure function of (seed, purpose, epoch, index): never of threads, of the order
/// in which streams are made, or of the platform. Two streams that differ in any of the four are independent.
/// Counter-based (SplitMix64 finaliser over a keyed counter; Steele, Lea, Flood 2014). Cheap to construct: make one
/// where it is needed rather than passing one around. Not thread-safe; not for cryptography.
class Random {
 public:
  explicit Random(uint64_t seed, std::string_view purpose, uint64_t epoch = 0, uint64_t index = 0);

  uint64_t bits();                          ///< 64 uniform bits
  double uniform();                         ///< [0, 1), 53 bits
  double uniform(double low, double high);  ///< [low, high)
  int64_t integer(int64_t count);           ///< 0 … count-1, unbiased; count >= 1
  double normal();                          ///< mean 0, standard deviation 1 (Box-Muller)
  bool chance(double probability) { return uniform() < probability; }

  /// Fisher-Yates.
  template <class T>
  void shuffle(std::vector<T>& values) {
    for (auto i = static_cast<int64_t>(values.size()) - 1; i > 0; --i) std::swap(values[i], values[integer(i + 1)]);
  }
  template <class T>
  const T& choice(const std::vector<T>& values) {
    return values[integer(static_cast<int64_t>(values.size()))];
  }

 private:
  uint64_t key_;
  uint64_t counter_ = 0;
};

/// FNV-1a, 64 bits: names to numbers.
uint64_t hash_name(std::string_view name);

}  // namespace tvr
