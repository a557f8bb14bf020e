#include "model/weight_shape_reader.h"

#include <algorithm>

#include "tvr/base/error.h"

namespace tvr {
namespace {

constexpr int64_t kMaxExtent = int64_t{1} << 24;
constexpr int64_t kMaxBlocks = 1000;

std::vector<int64_t> fit_rank(std::vector<int64_t> shape, size_t rank) {
  while (shape.size() > rank && shape.front() == 1) shape.erase(shape.begin());
  return shape;
}

bool is_sensible(const std::vector<int64_t>& shape) {
  return std::all_of(shape.begin(), shape.end(), [](int64_t extent) { return extent >= 1 && extent <= kMaxExtent; });
}

}  // namespace

std::optional<ForeignName> present_name(const StoredWeights& weights, const ClipNames& names, const std::string& ours) {
  for (const auto& alternative : foreign_names(names, ours)) {
    const auto is_there = [&](const ForeignPart& part) { return part.name.empty() || weights.has(part.name); };
    if (std::all_of(alternative.begin(), alternative.end(), is_there)) return alternative;
  }
  return std::nullopt;
}

std::vector<int64_t> WeightShapes::shape(const std::string& ours, size_t rank) const {
  const auto name = present_name(weights_, names_, ours);
  const auto origin = weights_.path.string() + ": ";
  if (!name) {
    const auto all = foreign_names(names_, ours);
    throw DataError(origin + "the array " + (all.empty() ? ours : all.front().front().name) +
                    " is missing; without it the size of the model cannot be told.");
  }
  std::vector<int64_t> whole;
  for (const auto& part : *name) {
    const auto& array = weights_.arrays.at(part.name.empty() ? name->front().name : part.name);
    auto shape = fit_rank(array.shape, rank);
    if (shape.size() != rank || !is_sensible(shape))
      throw DataError(origin + array.name + " is " + array.description() + "; " + std::to_string(rank) +
                      " extents of 1 to 2^24 make sense there.");
    if (part.transposed) std::reverse(shape.begin(), shape.end());
    if (whole.empty())
      whole = shape;
    else
      whole[0] += shape[0];
  }
  return whole;
}

int64_t WeightShapes::blocks(const std::string& tower) const {
  int64_t count = 0;
  while (count <= kMaxBlocks && has(tower + "transformer.resblocks." + std::to_string(count) + ".ln_1.weight")) ++count;
  if (count > kMaxBlocks)
    throw DataError(weights_.path.string() + ": has more than " + std::to_string(kMaxBlocks) + " blocks.");
  return count;
}

}  // namespace tvr
