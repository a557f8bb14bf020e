#pragma once
#include <string_view>
#include <utility>
#include <vector>

#include "tvr/model/weight_names.h"

namespace tvr {

/// Our name and theirs; a layer's name stands for its weight and its bias. In theirs, "a|b" are parts one below the
/// other, "" zeros, "2*a" a part of twice the rows, "^a" the transposed matrix, "/a" a name at the top of the file, and
/// "a;b" other ways of writing it, the usual one first. (encoders.md 1.7)
using NameRules = std::vector<std::pair<std::string_view, std::string_view>>;

struct NameTables {
  const NameRules* outer = nullptr;  ///< what lies outside of the blocks
  const NameRules* block = nullptr;  ///< what lies in one
  const char* blocks = "";           ///< before a block's number
};

/// The tables of a style other than kNone and kTvr.
NameTables name_tables(NameStyle style, bool is_vision);

}  // namespace tvr
