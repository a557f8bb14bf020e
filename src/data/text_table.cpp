#include <torch/torch.h>

#include <algorithm>

#include "tvr/data/batch.h"
#include "tvr/data/feature_pack.h"

namespace tvr {

TextTable::TextTable(const Tokenizer& tokenizer, const std::vector<std::string>& texts, int64_t context_length)
    : tokens_(batch(tokenizer, texts, context_length)) {}

TextInput TextTable::rows(const std::vector<int64_t>& rows) const {
  const int64_t length = tokens_.length;
  auto ids = torch::empty({static_cast<int64_t>(rows.size()), length}, torch::kLong);
  auto mask = torch::empty(ids.sizes(), torch::kBool);
  int64_t longest = 1;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto begin = rows[i] * length;
    std::copy_n(tokens_.ids.data() + begin, length, ids.data_ptr<int64_t>() + static_cast<int64_t>(i) * length);
    for (int64_t j = 0; j < length; ++j) {
      const bool real = tokens_.mask[static_cast<size_t>(begin + j)] != 0;
      mask.data_ptr<bool>()[static_cast<int64_t>(i) * length + j] = real;
      if (real) longest = std::max(longest, j + 1);
    }
  }
  TextInput input{ids.slice(1, 0, longest).contiguous(), mask.slice(1, 0, longest).contiguous()};
  if (pack_) {
    input.cached = pack_->rows<TextFeatures>(rows);
    for (auto* tensor : {&input.cached.tokens, &input.cached.mask})
      if (tensor->defined()) *tensor = tensor->slice(1, 0, longest);
  }
  return input;
}

}  // namespace tvr
