#include "tvr/text/tokenizer.h"

#include <algorithm>

#include "tvr/base/error.h"
#include "tvr/text/clip_tokenizer.h"
#include "tvr/text/sentence_piece.h"

namespace tvr {

TokenBatch batch(const Tokenizer& tokenizer, const std::vector<std::string>& texts, int64_t max_length) {
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
  for (int64_t row = 0; row < result.rows; ++row) {
    auto tokens = tokenizer.encode(texts[static_cast<size_t>(row)]);
    if (static_cast<int64_t>(tokens.size()) > max_length - marks) {
      tokens.resize(static_cast<size_t>(max_length - marks));
      ++result.truncated;
    }
    if (tokenizer.start_id() >= 0) tokens.insert(tokens.begin(), tokenizer.start_id());
    if (tokenizer.end_id() >= 0) tokens.push_back(tokenizer.end_id());
    std::copy(tokens.begin(), tokens.end(), result.ids.begin() + row * max_length);
    std::fill_n(result.mask.begin() + row * max_length, tokens.size(), uint8_t{1});
  }
  return result;
}

std::unique_ptr<Tokenizer> make_tokenizer(const std::string& name, const std::filesystem::path& assets,
                                          bool allow_special) {
  if (name == "clip") return std::make_unique<ClipTokenizer>(assets / "bpe_simple_vocab_16e6.txt.gz", allow_special);
  if (name.ends_with(".model")) return std::make_unique<SentencePieceTokenizer>(name);
  throw ConfigError("unknown tokenizer '" + name + "'; give clip, or the path of a sentencepiece model, FILE.model.");
}

}  // namespace tvr
