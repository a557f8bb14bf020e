#include "tvr/model/weight_names.h"

#include <stdexcept>

#include "model/weight_tables.h"

namespace tvr {
namespace {

constexpr std::string_view kVision = "visual.";
constexpr std::string_view kBlocks = "transformer.resblocks.";

// "2*attn.kv.weight" or "^head.weight"; "/" begins a name that the tower's prefix does not stand before.
ForeignPart read_part(std::string_view text, const std::string& prefix, const std::string& ending) {
  ForeignPart part;
  if (text.empty()) return part;
  if (text.starts_with('^')) {
    part.transposed = true;
    text.remove_prefix(1);
  }
  if (text.size() > 2 && text[1] == '*') {
    part.share = text[0] - '0';
    text.remove_prefix(2);
  }
  part.name = (text.starts_with('/') ? std::string(text.substr(1)) : prefix + std::string(text)) + ending;
  return part;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(separator, begin), text.size());
    pieces.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return pieces;
}

std::vector<ForeignName> read_rule(std::string_view theirs, const std::string& prefix, const std::string& ending) {
  std::vector<ForeignName> names;
  for (const auto alternative : split(theirs, ';')) {
    ForeignName name;
    for (const auto part : split(alternative, '|')) name.push_back(read_part(part, prefix, ending));
    names.push_back(std::move(name));
  }
  return names;
}

// A rule is of one parameter, or of a layer with its weight and bias.
std::vector<ForeignName> apply(const NameRules& rules, std::string_view ours, const std::string& prefix) {
  for (const auto& [name, theirs] : rules)
    if (name == ours) return read_rule(theirs, prefix, "");
  const auto dot = ours.rfind('.');
  const auto ending = dot == std::string_view::npos ? std::string_view() : ours.substr(dot);
  if (ending != ".weight" && ending != ".bias") return {};
  for (const auto& [name, theirs] : rules)
    if (name == ours.substr(0, dot)) return read_rule(theirs, prefix, std::string(ending));
  return {};
}

// `ours` without the tower's own prefix.
std::vector<ForeignName> names_in_tower(const TowerNames& names, bool is_vision, const std::string& ours) {
  if (names.style == NameStyle::kTvr) return {{{names.prefix + ours}}};
  const auto tables = name_tables(names.style, is_vision);
  if (!ours.starts_with(kBlocks)) return apply(*tables.outer, ours, names.prefix);
  const auto dot = ours.find('.', kBlocks.size());
  if (dot == std::string::npos) return {};
  const auto number = ours.substr(kBlocks.size(), dot - kBlocks.size());
  return apply(*tables.block, ours.substr(dot + 1), names.prefix + tables.blocks + number + ".");
}

}  // namespace

std::vector<ForeignName> foreign_names(const ClipNames& names, const std::string& ours) {
  if (ours == "logit_scale" || ours == "logit_bias") return {{{ours}}};
  const bool is_vision = ours.starts_with(kVision);
  const auto& tower = is_vision ? names.vision : names.text;
  if (tower.style == NameStyle::kNone) return {};
  return names_in_tower(tower, is_vision, is_vision ? ours.substr(kVision.size()) : ours);
}

}  // namespace tvr
