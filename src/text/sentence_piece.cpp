#include "tvr/text/sentence_piece.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <string>

#include "text/clean.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

using Family = SentencePieceFamily;

constexpr size_t kMaxText = size_t{1} << 30;  // as ClipTokenizer's
constexpr int64_t kRobertaStart = 0, kRobertaPad = 1, kRobertaEnd = 2, kRobertaUnknown = 3;

std::string cleaned(std::string_view text, Family family) {
  switch (family) {
    case Family::kSiglip:
      return canonical_caption(text);
    case Family::kSiglip2:
      return lower_caption(text);
    case Family::kXlmRoberta:
      return clean_keeping_case(text);
    case Family::kModel:
      break;
  }
  return std::string(text);
}

}  // namespace

SentencePieceTokenizer::SentencePieceTokenizer(const std::filesystem::path& model, Family family)
    : model_(std::make_unique<sentencepiece::SentencePieceProcessor>()), family_(family) {
  const auto status = model_->LoadFromSerializedProto(read_file(model));
  if (!status.ok() || model_->GetPieceSize() == 0)
    throw DataError(model.string() + ": is not a sentencepiece model (" + status.ToString() +
                    "); give the FILE.model that spm_train wrote.");
  if ((family == Family::kSiglip || family == Family::kSiglip2) && model_->eos_id() < 0)
    throw DataError(model.string() + ": has no </s>, with which SigLIP ends its texts; give the FILE.model of SigLIP.");
  if (family == Family::kXlmRoberta && (model_->unk_id() != 0 || model_->bos_id() != 1 || model_->eos_id() != 2))
    throw DataError(model.string() + ": does not begin with <unk>, <s>, </s> as XLM-R's model does; give its " +
                    "sentencepiece.bpe.model.");
}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;

std::vector<int64_t> SentencePieceTokenizer::encode(std::string_view text) const {
  if (text.size() > kMaxText)
    throw DataError("A text of " + std::to_string(text.size()) + " bytes is no caption; at most 1 GiB is accepted.");
  const auto clean = cleaned(text, family_);
  std::vector<int> pieces;
  const auto status = model_->Encode({clean.data(), clean.size()}, &pieces);
  if (!status.ok())
    throw DataError("A text of " + std::to_string(text.size()) + " bytes cannot be tokenized: " + status.ToString());
  std::vector<int64_t> ids(pieces.begin(), pieces.end());
  if (family_ == Family::kXlmRoberta)
    for (int64_t& id : ids) id = id == model_->unk_id() ? kRobertaUnknown : id + 1;
  return ids;
}

int64_t SentencePieceTokenizer::vocabulary_size() const {
  return model_->GetPieceSize() + (family_ == Family::kXlmRoberta ? 2 : 0);
}

int64_t SentencePieceTokenizer::start_id() const {
  if (family_ == Family::kXlmRoberta) return kRobertaStart;
  return family_ == Family::kModel ? model_->bos_id() : -1;
}

int64_t SentencePieceTokenizer::end_id() const {
  return family_ == Family::kXlmRoberta ? kRobertaEnd : model_->eos_id();
}

int64_t SentencePieceTokenizer::pad_id() const {
  if (family_ == Family::kXlmRoberta) return kRobertaPad;
  return family_ == Family::kSiglip ? model_->eos_id() : std::max(model_->pad_id(), 0);
}

}  // namespace tvr
