#include "tvr/text/sentence_piece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <string>

#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {

SentencePieceTokenizer::SentencePieceTokenizer(const std::filesystem::path& model)
    : model_(std::make_unique<sentencepiece::SentencePieceProcessor>()) {
  const auto status = model_->LoadFromSerializedProto(read_file(model));
  if (!status.ok() || model_->GetPieceSize() == 0)
    throw DataError(model.string() + ": is not a sentencepiece model (" + status.ToString() +
                    "); give the FILE.model that spm_train wrote.");
}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;

std::vector<int64_t> SentencePieceTokenizer::encode(std::string_view text) const {
  std::vector<int> pieces;
  const auto status = model_->Encode({text.data(), text.size()}, &pieces);
  if (!status.ok())
    throw DataError("A text of " + std::to_string(text.size()) + " bytes cannot be tokenized: " + status.ToString());
  return {pieces.begin(), pieces.end()};
}

int64_t SentencePieceTokenizer::vocabulary_size() const {
  return model_->GetPieceSize();
}
int64_t SentencePieceTokenizer::start_id() const {
  return model_->bos_id();
}
int64_t SentencePieceTokenizer::end_id() const {
  return model_->eos_id();
}
int64_t SentencePieceTokenizer::pad_id() const {
  return std::max(model_->pad_id(), 0);
}

}  // namespace tvr
