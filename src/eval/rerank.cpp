#include "tvr/eval/rerank.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/base/parallel.h"
#include "tvr/eval/retrieved.h"

namespace tvr {
namespace {

constexpr int64_t kBlockBytes = 4 << 20;
constexpr int64_t kJobs = 8;  // a fixed number of partial sums keeps the bits whatever the threads
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct NamedMethod {
  RerankMethod method;
  std::string name, short_name;
};
const std::vector<NamedMethod>& named_methods() {
  static const std::vector<NamedMethod> methods{
      {RerankMethod::kDualSoftmax, "dual_softmax", "dsl"},
      {RerankMethod::kInvertedSoftmax, "inverted_softmax", "is"},
      {RerankMethod::kQueryBank, "query_bank", "qb"},
      {RerankMethod::kDynamicInvertedSoftmax, "dynamic_inverted_softmax", "dis"}};
  return methods;
}

// log of a sum of exp, in one pass and without overflow. NaN adds nothing.
class LogSum {
 public:
  void add(double value) {
    if (std::isnan(value) || value == -kInfinity) return;
    if (value > most_) {
      sum_ = sum_ * std::exp(most_ - value) + 1;
      most_ = value;
    } else {
      sum_ += std::exp(value - most_);
    }
  }
  void add(const LogSum& other) {
    if (other.sum_ == 0) return;
    const double most = std::max(most_, other.most_);
    sum_ = (sum_ == 0 ? 0 : sum_ * std::exp(most_ - most)) + other.sum_ * std::exp(other.most_ - most);
    most_ = most;
  }
  double value() const { return sum_ == 0 ? -kInfinity : most_ + std::log(sum_); }

 private:
  double most_ = -kInfinity, sum_ = 0;
};

// What the softmax takes the exponential of.
double exponent_of(double score, double temperature, int64_t text, int64_t video) {
  const double exponent = temperature * score;
  if (std::isinf(exponent) && score != -kInfinity)
    throw DataError("The score of row " + std::to_string(text) + ", column " + std::to_string(video) + " is " +
                    (std::isinf(score) ? "infinite" : "infinite when multiplied by the temperature") +
                    "; re-ranking takes exponentials and needs finite scores.");
  return exponent;
}

// Calls visit(text, row) for the rows of each block, blocks in parallel; `job` numbers the range of blocks.
template <class Visit>
void for_each_row(const ScoreMatrix& scores, int64_t jobs, int64_t threads, const Visit& visit) {
  const int64_t rows = rows_per_block(scores, kBlockBytes), videos = scores.videos();
  const int64_t blocks = (scores.texts() + rows - 1) / rows;
  parallel_for(jobs, threads, [&](int64_t job) {
    std::vector<double> block(rows * videos);
    for (int64_t part = job * blocks / jobs; part < (job + 1) * blocks / jobs; ++part) {
      const int64_t begin = part * rows, end = std::min(scores.texts(), begin + rows);
      read_as_double(scores, begin, end, block.data());
      for (int64_t text = begin; text < end; ++text) visit(job, text, block.data() + (text - begin) * videos);
    }
  });
}

// For every column the log of the sum over its rows of exp(temperature * score).
std::vector<double> column_log_sums(const ScoreMatrix& scores, double temperature, int64_t threads) {
  std::vector<std::vector<LogSum>> sums(kJobs, std::vector<LogSum>(scores.videos()));
  for_each_row(scores, kJobs, threads, [&](int64_t job, int64_t text, const double* row) {
    for (int64_t video = 0; video < scores.videos(); ++video) {
      sums[job][video].add(exponent_of(row[video], temperature, text, video));
    }
  });
  std::vector<double> result(scores.videos());
  for (int64_t video = 0; video < scores.videos(); ++video) {
    for (int64_t job = 1; job < kJobs; ++job) sums[0][video].add(sums[job][video]);
    result[video] = sums[0][video].value();
  }
  return result;
}

std::vector<double> row_log_sums(const ScoreMatrix& scores, double temperature, int64_t threads) {
  std::vector<double> result(scores.texts());
  for_each_row(scores, kJobs, threads, [&](int64_t, int64_t text, const double* row) {
    LogSum sum;
    for (int64_t video = 0; video < scores.videos(); ++video) {
      sum.add(exponent_of(row[video], temperature, text, video));
    }
    result[text] = sum.value();
  });
  return result;
}

std::vector<uint8_t> flags(const std::vector<int64_t>& numbers, int64_t count) {
  std::vector<uint8_t> result(count);
  for (const int64_t number : numbers)
    if (number >= 0) result[number] = 1;
  return result;
}

int64_t ones(const std::vector<uint8_t>& flags) {
  return std::count(flags.begin(), flags.end(), uint8_t{1});
}

// score * exp(exponent). What would underflow, and with it tie, keeps its order in the numbers below exp(kSmallest).
double dual_softmax(double score, double exponent) {
  constexpr double kSmallest = -700, kSafeExponent = -600, kSafeScore = 1e-30;
  if (score == 0 || (exponent > kSafeExponent && std::abs(score) > kSafeScore)) return score * std::exp(exponent);
  const double size = std::log(std::abs(score)) + exponent;
  if (!(size < kSmallest)) return std::copysign(std::exp(size), score);
  return std::copysign(std::exp(kSmallest) / (1 + kSmallest - size), score);
}

// A score with the log sum that it is divided by.
double normalised(RerankMethod method, double temperature, double score, double log_sum) {
  if (score == -kInfinity) return score;
  const double exponent = temperature * score - log_sum;
  return method == RerankMethod::kDualSoftmax ? dual_softmax(score, exponent) : exponent;
}

// S with every score normalised by the log sum of its row or column; a row (column) whose flag is 0 stays as it is.
class NormalisedScores final : public ScoreMatrix {
 public:
  NormalisedScores(const ScoreMatrix& scores, const RerankSpec& spec) : scores_(scores), spec_(spec) {}
  int64_t texts() const override { return scores_.texts(); }
  int64_t videos() const override { return scores_.videos(); }
  ScoreType type() const override { return ScoreType::kDouble; }
  void read_rows(int64_t begin, int64_t end, void* out) const override {
    auto* values = static_cast<double*>(out);
    read_as_double(scores_, begin, end, values);
    for (int64_t text = begin; text < end; ++text) {
      if (!changed_texts.empty() && changed_texts[text] == 0) {
        values += videos();
        continue;
      }
      for (int64_t video = 0; video < videos(); ++video, ++values) {
        if (!changed_videos.empty() && changed_videos[video] == 0) continue;
        *values =
            normalised(spec_.method, spec_.temperature, *values, of_videos.empty() ? of_texts[text] : of_videos[video]);
      }
    }
  }

  std::vector<double> of_texts, of_videos;             // log sums; one of the two
  std::vector<uint8_t> changed_texts, changed_videos;  // empty: all

 private:
  const ScoreMatrix& scores_;
  RerankSpec spec_;
};

void check_bank(const RerankSpec& spec, const ScoreMatrix* bank, int64_t expected, int64_t found,
                const std::string& what) {
  if (!spec.needs_bank()) return;
  if (bank == nullptr) throw std::logic_error(spec.text() + " without a bank");
  if (expected != found)
    throw DataError("The query bank has " + std::to_string(found) + " " + what + ", the similarity matrix " +
                    std::to_string(expected) + "; both must hold the same " + what + " in the same order.");
}

// A candidate whose sum is 0 would come first for every query.
void check_bank_sums(const std::vector<double>& log_sums, const std::string& what) {
  const auto empty = std::find(log_sums.begin(), log_sums.end(), -kInfinity);
  if (empty != log_sums.end())
    throw DataError("The query bank holds no finite score of " + what + " " + std::to_string(empty - log_sums.begin()) +
                    ", so that its scores cannot be normalised; complete the bank.");
}

std::vector<uint8_t> in_activated(const std::vector<int64_t>& first, const std::vector<uint8_t>& activated) {
  std::vector<uint8_t> result;
  for (const int64_t candidate : first) result.push_back(candidate >= 0 ? activated[candidate] : 0);
  return result;
}

}  // namespace

std::string RerankSpec::text() const {
  const auto& methods = named_methods();
  const auto found = std::find_if(methods.begin(), methods.end(), [&](const auto& m) { return m.method == method; });
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), temperature).ptr;
  return found->name + ":" + std::string(digits, end) + (depth == 1 ? "" : ":" + std::to_string(depth));
}

bool RerankSpec::needs_bank() const {
  return method == RerankMethod::kQueryBank || method == RerankMethod::kDynamicInvertedSoftmax;
}

RerankSpec parse_rerank(const std::string& text) {
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  std::vector<std::string> names;
  for (const auto& method : named_methods()) names.push_back(method.name);
  const auto found = std::find_if(named_methods().begin(), named_methods().end(),
                                  [&](const auto& m) { return m.name == name || m.short_name == name; });
  if (found == named_methods().end()) throw ConfigError(unknown_name_message("re-ranking", name, names) + ".");
  RerankSpec spec{found->method};
  const auto rest = colon == std::string::npos ? std::string() : text.substr(colon + 1);
  const char* end = rest.data() + rest.size();
  auto [next, error] = std::from_chars(rest.data(), end, spec.temperature);
  bool valid = error == std::errc() && std::isfinite(spec.temperature) && spec.temperature > 0;
  if (valid && next != end && found->method == RerankMethod::kDynamicInvertedSoftmax && *next == ':') {
    const auto depth = std::from_chars(next + 1, end, spec.depth);
    valid = depth.ec == std::errc() && spec.depth >= 1;
    next = depth.ptr;
  }
  if (!valid || next != end)
    throw ConfigError(
        "Re-ranking '" + text + "': a temperature above 0 is needed, as in " + name + ":100 for cosines or " + name +
        ":1 for logits" +
        (found->method == RerankMethod::kDynamicInvertedSoftmax ? ", then :k, at least 1, if k is not 1." : "."));
  return spec;
}

std::unique_ptr<ScoreMatrix> rerank_for_texts(const ScoreMatrix& scores, const RerankSpec& spec,
                                              const ScoreMatrix* bank, int64_t threads, BankUse* use) {
  check_bank(spec, bank, scores.videos(), bank == nullptr ? 0 : bank->videos(), "videos (columns)");
  auto result = std::make_unique<NormalisedScores>(scores, spec);
  result->of_videos = column_log_sums(spec.needs_bank() ? *bank : scores, spec.temperature, threads);
  if (!spec.needs_bank()) return result;
  check_bank_sums(result->of_videos, "column");
  const auto activated = flags(top_videos(*bank, std::min(spec.depth, scores.videos()), threads), scores.videos());
  if (spec.method == RerankMethod::kDynamicInvertedSoftmax)
    result->changed_texts = in_activated(top_videos(scores, 1, threads), activated);
  if (use != nullptr)
    *use = {bank->texts(), ones(activated),
            result->changed_texts.empty() ? scores.texts() : ones(result->changed_texts)};
  return result;
}

std::unique_ptr<ScoreMatrix> rerank_for_videos(const ScoreMatrix& scores, const RerankSpec& spec,
                                               const ScoreMatrix* bank, int64_t threads, BankUse* use) {
  check_bank(spec, bank, scores.texts(), bank == nullptr ? 0 : bank->texts(), "texts (rows)");
  auto result = std::make_unique<NormalisedScores>(scores, spec);
  result->of_texts = row_log_sums(spec.needs_bank() ? *bank : scores, spec.temperature, threads);
  if (!spec.needs_bank()) return result;
  check_bank_sums(result->of_texts, "row");
  const auto activated = flags(top_texts(*bank, std::min(spec.depth, scores.texts()), threads), scores.texts());
  if (spec.method == RerankMethod::kDynamicInvertedSoftmax)
    result->changed_videos = in_activated(top_texts(scores, 1, threads), activated);
  if (use != nullptr)
    *use = {bank->videos(), ones(activated),
            result->changed_videos.empty() ? scores.videos() : ones(result->changed_videos)};
  return result;
}

}  // namespace tvr
