#include "tvr/base/random.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace tvr {
namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15ULL;

uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace

uint64_t hash_name(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

Random::Random(uint64_t seed, std::string_view purpose, uint64_t epoch, uint64_t index) : key_(mix(seed + kGolden)) {
  for (const uint64_t part : {hash_name(purpose), epoch, index}) key_ = mix(key_ + kGolden + mix(part + kGolden));
}

uint64_t Random::bits() {
  return mix(key_ + kGolden * ++counter_);
}

double Random::uniform() {
  return static_cast<double>(bits() >> 11) * 0x1.0p-53;
}

double Random::uniform(double low, double high) {
  return low + (high - low) * uniform();
}

int64_t Random::integer(int64_t count) {
  if (count < 1) throw std::logic_error("Random::integer needs count >= 1");
  const auto range = static_cast<uint64_t>(count);
  const uint64_t limit = UINT64_MAX - UINT64_MAX % range;  // reject the incomplete last block: no modulo bias
  uint64_t value = bits();
  while (value >= limit) value = bits();
  return static_cast<int64_t>(value % range);
}

double Random::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

}  // namespace tvr
