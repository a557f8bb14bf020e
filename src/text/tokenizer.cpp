#include "tvr/text/tokenizer.h"

#include <algorithm>
#include <atomic>

#include "tvr/base/error.h"
#include "tvr/base/parallel.h"
#include "tvr/text/clip_tokenizer.h"
#include "tvr/text/mojibake.h"
#include "tvr/text/sentence_piece.h"

namespace tvr {
namespace {

constexpr int64_t kTextsPerCall = 256;  // a thread costs as much as some ten captions; a training batch needs none

// Writes one row; returns whether the text was cut.
bool write_row(const Tokenizer& tokenizer, const std::string& text, int64_t row, TokenBatch& result) {
  auto tokens = tokenizer.encode(text);
  const int64_t marks = (tokenizer.start_id() >= 0) + (tokenizer.end_id() >= 0);
  const bool cut = static_cast<int64_t>(tokens.size()) > result.length - marks;
  if (cut) tokens.resize(static_cast<size_t>(result.length - marks));
  if (tokenizer.start_id() >= 0) tokens.insert(tokens.begin(), tokenizer.start_id());
  if (tokenizer.end_id() >= 0) tokens.push_back(tokenizer.end_id());
  std::copy(tokens.begin(), tokens.end(), result.ids.begin() + row * result.length);
  std::fill_n(result.mask.begin() + row * result.length, tokens.size(), uint8_t{1});
  return cut;
}

}  // namespace

TokenBatch batch(const Tokenizer& tokenizer, const std::vector<std::string>& texts, int64_t max_length,
                 int64_t threads) {
  const int64_t marks = (tokenizer.start_id() >= 0) + (tokenizer.end_id() >= 0);
  if (max_length <= marks)
    throw ConfigError("A text length of " + std::to_string(max_length) +
                      " leaves no room for a token beside start and end; give at least " + std::to_string(marks + 1) +
                      ".");
  TokenBatch result;
  result.rows = static_cast<int64_t>(texts.size());
  result.length = max_length;
  result.ids.assign(static_cast<size_t>(result.rows * max_length), tokenizer.pad_id());
  result.mask.assign(result.ids.size(), 0);
  std::atomic<int64_t> truncated = 0, mojibake = 0;
  parallel_for((result.rows + kTextsPerCall - 1) / kTextsPerCall, threads, [&](int64_t call) {
    const int64_t end = std::min(result.rows, (call + 1) * kTextsPerCall);
    for (int64_t row = call * kTextsPerCall; row < end; ++row) {
      const auto& text = texts[static_cast<size_t>(row)];
      truncated += write_row(tokenizer, text, row, result);
      mojibake += looks_like_mojibake(text);
    }
  });
  result.truncated = truncated;
  result.mojibake = mojibake;
  return result;
}

std::unique_ptr<Tokenizer> make_tokenizer(const std::string& name, const std::filesystem::path& assets,
                                          bool allow_special) {
  if (name == "clip") return std::make_unique<ClipTokenizer>(assets / "bpe_simple_vocab_16e6.txt.gz", allow_special);
  using enum SentencePieceFamily;
  constexpr std::pair<std::string_view, SentencePieceFamily> kPrefixes[] = {
      {"siglip:", kSiglip}, {"siglip2:", kSiglip2}, {"xlm_roberta:", kXlmRoberta}, {"", kModel}};
  if (name.ends_with(".model"))
    for (const auto& [prefix, family] : kPrefixes)
      if (name.starts_with(prefix)) return std::make_unique<SentencePieceTokenizer>(name.substr(prefix.size()), family);
  throw ConfigError("unknown tokenizer '" + name +
                    "'; give clip, a sentencepiece model FILE.model with its own ids, or siglip:FILE.model, "
                    "siglip2:FILE.model, xlm_roberta:FILE.model.");
}

}  // namespace tvr
