#include "tvr/model/weight_load.h"

#include <sys/mman.h>
#include <torch/torch.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "model/weight_shape_reader.h"
#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/model/weight_heads.h"

namespace tvr {
namespace {

constexpr int64_t kPieceBytes = 4 << 20;
constexpr size_t kMostProblems = 60;

bool is_floating(ElementType type) {
  return type == ElementType::kF16 || type == ElementType::kBF16 || type == ElementType::kF32 ||
         type == ElementType::kF64;
}

std::vector<int64_t> without_ones(std::vector<int64_t> shape) {
  std::erase(shape, 1);
  return shape;
}

bool is_ignored(const std::string& name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const auto& pattern) { return matches_pattern(name, pattern); });
}

int64_t elements(const StoredArray& array) {
  int64_t count = 1;
  for (const int64_t extent : array.shape) count *= extent;
  return count;
}

/// One array of the file and the rows of a tensor of ours that it becomes.
struct Copy {
  const StoredArray* source = nullptr;  ///< null: zeros
  torch::Tensor target;
  bool transposed = false;
};

/// Finds the array of every tensor, and all that is wrong.
class Plan {
 public:
  Plan(const StoredWeights& weights, const RecognisedWeights& recognised)
      : weights_(weights), names_(recognised.names) {
    // "logit_scale" of one tower's file belongs to no parameter that is asked for, and is no surprise either.
    for (const char* name : {"logit_scale", "logit_bias"}) known_.insert(name);
    for (const auto& [ours, shape] : clip_parameters(recognised.config, names_))
      for (const auto& alternative : foreign_names(names_, ours))
        for (const auto& part : alternative) known_.insert(part.name);
  }

  void add(const std::string& ours, const torch::Tensor& tensor) {
    const auto alternatives = foreign_names(names_, ours);
    const auto present = present_name(weights_, names_, ours);
    if (!present) {
      const auto theirs = alternatives.empty() ? "" : alternatives.front().front().name;
      problem("missing: " + ours + " " + shape_text(tensor.sizes().vec()) +
              (theirs.empty() || theirs == ours ? "" : ", in the file's names " + theirs));
      return;
    }
    int64_t shares = 0;
    for (const auto& part : *present) shares += part.share;
    if (present->size() > 1 && tensor.size(0) % shares != 0) return problem("wrong shape: " + ours);
    int64_t begin = 0;
    for (const auto& part : *present) {
      const int64_t rows = present->size() == 1 ? 0 : tensor.size(0) / shares * part.share;
      add_part(part, present->size() == 1 ? tensor : tensor.narrow(0, begin, rows));
      begin += rows;
    }
  }

  void check_all_used(const std::vector<std::string>& ignore, LoadReport& report) {
    for (const auto& [name, array] : weights_.arrays) {
      if (used_.count(name) > 0) continue;
      if (known_.count(name) > 0)
        report.left.push_back(name);
      else if (is_ignored(name, ignore))
        report.ignored.push_back(name);
      else
        problem("unexpected: " + name + " " + array.description());
    }
  }
  void check_head(const std::vector<std::string>& ignore, LoadReport& report) {
    const auto unknown = recognise_head(weights_).unknown;
    for (const auto& [name, array] : weights_.head) {
      if (std::find(unknown.begin(), unknown.end(), name) == unknown.end())
        report.left.push_back(name);
      else if (is_ignored(name, ignore))
        report.ignored.push_back(name);
      else
        problem("unexpected: " + name + " " + array.description() + ", of no head that is known");
    }
  }
  void problem(const std::string& sentence) { problems_.push_back(sentence); }
  void finish() const {
    if (problems_.empty()) return;
    auto shown = problems_;
    if (shown.size() > kMostProblems) {
      shown.resize(kMostProblems);
      shown.push_back("and " + std::to_string(problems_.size() - kMostProblems) + " more");
    }
    throw CheckpointError(weights_.path.string() + " does not fit the model:\n  " + join(shown, "\n  "));
  }
  const std::vector<std::string>& problems() const { return problems_; }
  const std::vector<Copy>& copies() const { return copies_; }

 private:
  void add_part(const ForeignPart& part, const torch::Tensor& target) {
    if (part.name.empty()) return copies_.push_back({nullptr, target, false});
    const auto& array = weights_.arrays.at(part.name);
    used_.insert(part.name);
    auto expected = target.sizes().vec();
    if (part.transposed) std::reverse(expected.begin(), expected.end());
    if (without_ones(array.shape) != without_ones(expected))
      return problem("wrong shape: " + part.name + " is " + shape_text(array.shape) + " in the file, the model needs " +
                     shape_text(expected));
    if (!is_floating(array.type))
      return problem("wrong type: " + part.name + " is " + array.description() + "; floating-point numbers are needed");
    copies_.push_back({&array, target, part.transposed});
  }

  const StoredWeights& weights_;
  const ClipNames& names_;
  std::set<std::string> known_, used_;
  std::vector<Copy> copies_;
  std::vector<std::string> problems_;
};

// Of every parameter that the file has, without memory for any.
Plan plan_of_all(const StoredWeights& weights, const RecognisedWeights& recognised,
                 const std::vector<std::string>& ignore) {
  LoadReport unused;
  Plan plan(weights, recognised);
  const auto shapes_only = torch::TensorOptions(torch::kFloat).device(torch::kMeta);
  for (const auto& [name, shape] : clip_parameters(recognised.config, recognised.names))
    plan.add(name, torch::empty(shape, shapes_only));
  plan.check_all_used(ignore, unused);
  plan.check_head(ignore, unused);
  return plan;
}

// The pages of a mapped file count as the process's own until they are given back; read again, they come from the file.
void give_back(const StoredArray& array) {
  if (elements(array) == 0) return;
  int64_t last = 0;
  for (size_t i = 0; i < array.shape.size(); ++i) last += (array.shape[i] - 1) * array.strides[i];
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(array.data) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(array.data + (last + 1) * element_size(array.type));
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

// Rows begin … begin + count of an array of at least one dimension.
StoredArray rows_of(const StoredArray& array, int64_t begin, int64_t count) {
  auto rows = array;
  rows.data += begin * array.strides[0] * element_size(array.type);
  rows.shape[0] = count;
  return rows;
}

void check_range(const torch::Tensor& source, const torch::Tensor& target, const StoredArray& array) {
  if (source.scalar_type() == target.scalar_type() || target.element_size() >= source.element_size()) return;
  if (target.isfinite().logical_not().logical_and(source.isfinite()).any().item<bool>())
    throw DataError(array.name + " holds numbers too large for " + std::string(c10::toString(target.scalar_type())) +
                    "; choose a wider type.");
}

// NaN and infinity stay in a sum; only a sum that they or its own size spoiled needs a closer look.
bool all_finite(const torch::Tensor& numbers) {
  return std::isfinite(numbers.sum().item<double>()) || numbers.isfinite().all().item<bool>();
}

bool copy_piece(const StoredArray& piece, const torch::Tensor& target, bool transposed) {
  auto source = mapped_tensor(piece);
  if (transposed) source = source.t();
  auto flat = torch::Tensor(target);
  flat.copy_(source.reshape(target.sizes()));
  if (target.device().is_cpu()) check_range(source.reshape(target.sizes()), target, piece);
  give_back(piece);
  return all_finite(target);
}

// True if all numbers are finite.
bool run(const Copy& copy) {
  const auto& array = *copy.source;
  const int64_t bytes = elements(array) * element_size(array.type);
  const bool in_pieces = bytes > kPieceBytes && !copy.transposed && array.shape == copy.target.sizes().vec();
  if (!in_pieces) return copy_piece(array, copy.target, copy.transposed);
  const int64_t step = std::max<int64_t>(1, array.shape[0] * kPieceBytes / bytes);
  bool is_finite = true;
  for (int64_t begin = 0; begin < array.shape[0]; begin += step) {
    const int64_t count = std::min(step, array.shape[0] - begin);
    is_finite &= copy_piece(rows_of(array, begin, count), copy.target.narrow(0, begin, count), false);
  }
  return is_finite;
}

std::string type_name(ElementType type) {
  StoredArray scalar;
  scalar.type = type;
  const auto text = scalar.description();  // "float16 []"
  return text.substr(0, text.find(' '));
}

torch::ScalarType torch_type(ElementType type, const std::string& name) {
  static const std::map<ElementType, torch::ScalarType> kTypes{{ElementType::kF16, torch::kHalf},
                                                               {ElementType::kBF16, torch::kBFloat16},
                                                               {ElementType::kF32, torch::kFloat},
                                                               {ElementType::kF64, torch::kDouble}};
  const auto found = kTypes.find(type);
  if (found == kTypes.end()) throw DataError(name + " is " + type_name(type) + "; floating-point numbers are needed.");
  return found->second;
}

std::string type_name(torch::ScalarType type) {
  for (const auto stored : {ElementType::kF16, ElementType::kBF16, ElementType::kF32, ElementType::kF64})
    if (torch_type(stored, "") == type) return type_name(stored);
  return c10::toString(type);
}

// Swaps the bytes of every element, or moves them to where they are aligned.
torch::Tensor readable_copy(const StoredArray& array, torch::ScalarType type) {
  const auto size = static_cast<size_t>(element_size(array.type));
  int64_t last = 0;
  for (size_t i = 0; i < array.shape.size(); ++i) last += (array.shape[i] - 1) * array.strides[i];
  auto buffer = torch::empty({last + 1}, type);
  auto* bytes = static_cast<char*>(buffer.data_ptr());
  std::copy_n(array.data, buffer.nbytes(), bytes);
  if (array.big_endian)
    for (size_t i = 0; i < buffer.nbytes(); i += size) std::reverse(bytes + i, bytes + i + size);
  return buffer.as_strided(array.shape, array.strides);
}

}  // namespace

torch::Tensor mapped_tensor(const StoredArray& array) {
  const auto type = torch_type(array.type, array.name);
  if (elements(array) == 0) return torch::empty(array.shape, type);
  const bool is_aligned =
      reinterpret_cast<uintptr_t>(array.data) % static_cast<uintptr_t>(element_size(array.type)) == 0;
  if (array.big_endian || !is_aligned) return readable_copy(array, type);
  const auto keep = [owner = array.keeps_alive](void*) {};
  return torch::from_blob(const_cast<char*>(array.data), array.shape, array.strides, keep, type);
}

std::vector<std::string> weight_problems(const StoredWeights& weights, const RecognisedWeights& recognised) {
  return plan_of_all(weights, recognised, {}).problems();
}

NamedTensors empty_clip(const StoredWeights& weights, const RecognisedWeights& recognised, torch::ScalarType type,
                        const std::vector<std::string>& ignore) {
  plan_of_all(weights, recognised, ignore).finish();
  NamedTensors state;
  for (const auto& [name, shape] : clip_parameters(recognised.config, recognised.names))
    state.emplace_back(name, torch::empty(shape, type));
  return state;
}

LoadReport load_clip(const StoredWeights& weights, const RecognisedWeights& recognised, const NamedTensors& state,
                     const std::vector<std::string>& ignore) {
  const torch::NoGradGuard no_grad;
  LoadReport report;
  Plan plan(weights, recognised);
  for (const auto& [name, tensor] : state) plan.add(name, tensor);
  plan.check_all_used(ignore, report);
  plan.check_head(ignore, report);
  plan.finish();
  for (const auto& copy : plan.copies()) {
    if (copy.source == nullptr) {
      torch::Tensor(copy.target).zero_();
      continue;
    }
    if (!run(copy)) report.not_finite.push_back(copy.source->name);
    ++report.used;
    const auto from = type_name(copy.source->type), to = type_name(copy.target.scalar_type());
    if (from != to) ++report.converted[from + " to " + to];
  }
  for (const auto& [name, reason] : weights.ignored) report.ignored.push_back(name);
  return report;
}

}  // namespace tvr
