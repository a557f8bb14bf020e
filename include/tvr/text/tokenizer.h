#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tvr {

/// Text to the integer ids a text tower reads. Implementations are immutable: any number of threads may call one.
/// Texts are UTF-8 of any length; bytes that are not count as U+FFFD, so no input fails.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Ids in 0 … vocabulary_size()-1, without start and end, not truncated; empty for an empty text.
  virtual std::vector<int64_t> encode(std::string_view text) const = 0;
  virtual int64_t vocabulary_size() const = 0;
  virtual int64_t start_id() const = 0;  ///< -1: sequences have no start token
  virtual int64_t end_id() const = 0;    ///< -1: sequences have no end token
  virtual int64_t pad_id() const = 0;
};

/// Token sequences of one length, row-major. N texts, L tokens.
struct TokenBatch {
  std::vector<int64_t> ids;   ///< [N,L], padded at the end with Tokenizer::pad_id()
  std::vector<uint8_t> mask;  ///< [N,L], 1 for real tokens, start and end included
  int64_t rows = 0;           ///< N
  int64_t length = 0;         ///< L
  int64_t truncated = 0;      ///< number of texts that did not fit
  int64_t mojibake = 0;       ///< number of texts that looks_like_mojibake() finds damaged; nothing repairs them
};

/// Each text as start, its tokens, end, padded to `max_length`; a text that does not fit loses tokens, never its end
/// token (the rule of CLIP, CLIP4Clip, SigLIP and XLM-R). The same for any number of threads (0: all processors).
/// Throws ConfigError if `max_length` leaves no room for start, end and a token.
TokenBatch batch(const Tokenizer& tokenizer, const std::vector<std::string>& texts, int64_t max_length,
                 int64_t threads = 0);

/// "clip" (merges file in the folder `assets`), the path of a sentencepiece model, FILE.model, whose own ids are taken,
/// or siglip:FILE.model, siglip2:FILE.model, xlm_roberta:FILE.model (sentence_piece.h). `allow_special` is
/// ClipTokenizer's; models ignore it. Throws ConfigError for another name, DataError if the file is missing or damaged.
std::unique_ptr<Tokenizer> make_tokenizer(const std::string& name, const std::filesystem::path& assets,
                                          bool allow_special = false);

}  // namespace tvr
