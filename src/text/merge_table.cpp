#include "text/merge_table.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <queue>

#include "text/unicode.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

constexpr size_t kMaxFile = 64 << 20;  // unpacked; the published file has 3 MB
constexpr int32_t kFirstMerge = 512, kAtEnd = 256;
constexpr size_t kByteNames = 512;
constexpr size_t kShort = 48;  // bytes of a piece up to which looking at all pairs beats a heap
constexpr int kSlotBits = 17;  // 131,072 slots
constexpr std::string_view kFirst = "i n", kLast = "jeky ll</w>";
constexpr const char* kRemedy = "; run scripts/setup.sh, or set run.assets or TVR_ASSETS to the folder that holds it.";

// The whole file, unpacked if it is packed.
std::string read_packed(const std::filesystem::path& path) {
  const auto name = path.string();
  if (!std::filesystem::is_regular_file(path)) throw DataError(name + ": CLIP's merges file is not there" + kRemedy);
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(name.c_str(), "rb"), gzclose_r);
  if (file == nullptr) throw DataError(name + ": cannot be opened.");
  std::string content;
  std::vector<char> block(1 << 18);
  int count = 0;
  while ((count = gzread(file.get(), block.data(), static_cast<unsigned>(block.size()))) > 0) {
    content.append(block.data(), static_cast<size_t>(count));
    if (content.size() > kMaxFile) throw DataError(name + ": is far too large for CLIP's merges file" + kRemedy);
  }
  int status = Z_OK;
  gzerror(file.get(), &status);  // Z_BUF_ERROR: the file ends in the middle
  if (count < 0 || status != Z_OK) throw DataError(name + ": is damaged or cut short" + kRemedy);
  return content;
}

uint64_t pair_key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

MergeTable::MergeTable(const std::filesystem::path& file) {
  const auto content = read_packed(file);
  Names names;
  add_bytes(names);
  merges_.assign(size_t{1} << kSlotBits, {});
  std::string_view rest = content, last;
  const auto is_header = rest.substr(0, rest.find('\n')).find("#version") != std::string_view::npos;
  int64_t count = is_header ? -1 : 0, line_number = 0;
  while (!rest.empty() && count < kMerges) {
    const auto end = rest.find('\n');
    auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++line_number;
    if (count++ < 0) continue;
    const auto where = file.string() + ":" + std::to_string(line_number);
    if (count == 1 && line != kFirst)
      throw DataError(where + ": CLIP's merges begin with '" + std::string(kFirst) + "', this is another file" +
                      kRemedy);
    add_merge(line, where, names);
    last = line;
  }
  if (count != kMerges || last != kLast)
    throw DataError(file.string() + ": holds " + std::to_string(std::max<int64_t>(count, 0)) + " of CLIP's " +
                    std::to_string(kMerges) + " merges, or those of another tokenizer" + kRemedy);
}

void MergeTable::add_bytes(Names& names) {
  std::vector<int> order, others;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printed = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    (printed ? order : others).push_back(byte);
  }
  const size_t printed = order.size();
  order.insert(order.end(), others.begin(), others.end());
  for (size_t id = 0; id < order.size(); ++id) {
    // The file writes a byte that has no printed form as the characters from U+0100 on.
    const auto character = id < printed ? static_cast<char32_t>(order[id]) : static_cast<char32_t>(256 + id - printed);
    const auto name = encode_utf8(std::u32string_view(&character, 1));
    byte_ids_[order[id]] = static_cast<int32_t>(id);
    names[name] = static_cast<int32_t>(id);
    names[name + "</w>"] = static_cast<int32_t>(id) + kAtEnd;
  }
}

void MergeTable::add_merge(std::string_view line, const std::string& where, Names& names) {
  const auto blank = line.find(' ');
  if (blank != std::string_view::npos) {
    const auto left = names.find(std::string(line.substr(0, blank))),
               right = names.find(std::string(line.substr(blank + 1)));
    const auto id = kFirstMerge + static_cast<int32_t>(names.size() - kByteNames);
    // Both parts are older than the merge itself; encode() relies on that.
    if (left != names.end() && right != names.end()) {
      const auto key = pair_key(left->second, right->second);
      auto& entry = merges_[slot(key)];
      if (entry.id < 0 && names.emplace(left->first + right->first, id).second) {
        entry = {key, id};
        return;
      }
    }
  }
  throw DataError(where + ": '" + std::string(line.substr(0, 80)) +
                  "' is not a merge of two earlier symbols: the file is damaged" + kRemedy);
}

// A table of twice the size and more, so that a probe seldom goes beyond its first slot.
size_t MergeTable::slot(uint64_t key) const {
  constexpr uint64_t kSpread = 0x9E3779B97F4A7C15;  // 2^64 by the golden ratio
  size_t at = static_cast<size_t>(key * kSpread >> (64 - kSlotBits));
  while (merges_[at].key != key && merges_[at].id >= 0) at = (at + 1) & (merges_.size() - 1);
  return at;
}

int32_t MergeTable::merged(int32_t left, int32_t right) const {
  return merges_[slot(pair_key(left, right))].id;
}

void MergeTable::encode(std::string_view piece, std::vector<int64_t>& ids) const {
  if (piece.size() <= kShort)
    encode_short(piece, ids);
  else
    encode_long(piece, ids);
}

// CLIP merges all occurrences of the best pair from left to right, then looks for the next best. A merge can only
// make pairs of later rank, so taking the leftmost pair of the lowest rank visits the same merges in the same order.
void MergeTable::encode_short(std::string_view piece, std::vector<int64_t>& ids) const {
  std::array<int32_t, kShort> symbols, ranks;  // ranks[i]: of symbols i and i+1
  auto size = static_cast<int32_t>(piece.size());
  for (int32_t i = 0; i < size; ++i)
    symbols[i] = byte_ids_[static_cast<unsigned char>(piece[i])] + (i + 1 == size ? kAtEnd : 0);
  const auto rank = [&](int32_t left) {
    const int32_t id = left < 0 || left + 1 >= size ? -1 : merged(symbols[left], symbols[left + 1]);
    return id < 0 ? INT32_MAX : id;
  };
  for (int32_t i = 0; i + 1 < size; ++i) ranks[i] = rank(i);
  while (size > 1) {
    const auto best = std::min_element(ranks.begin(), ranks.begin() + size - 1);
    if (*best == INT32_MAX) break;
    const auto at = static_cast<int32_t>(best - ranks.begin());
    symbols[at] = *best;
    std::copy(symbols.begin() + at + 2, symbols.begin() + size, symbols.begin() + at + 1);
    std::copy(ranks.begin() + at + 1, ranks.begin() + size - 1, ranks.begin() + at);
    --size;
    ranks[at] = rank(at);
    if (at > 0) ranks[at - 1] = rank(at - 1);
  }
  ids.insert(ids.end(), symbols.begin(), symbols.begin() + size);
}

// The same with a heap of (rank, position), for words of any length.
void MergeTable::encode_long(std::string_view piece, std::vector<int64_t>& ids) const {
  constexpr uint32_t kNone = UINT32_MAX;
  const auto size = static_cast<uint32_t>(piece.size());
  struct Symbol {
    int32_t id;
    uint32_t previous, next;
  };
  std::vector<Symbol> symbols(size);
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>>
      candidates;  // rank << 32 | position of the left one
  for (uint32_t i = 0; i < size; ++i)
    symbols[i] = {byte_ids_[static_cast<unsigned char>(piece[i])] + (i + 1 == size ? kAtEnd : 0),
                  i == 0 ? kNone : i - 1, i + 1 == size ? kNone : i + 1};
  const auto offer = [&](uint32_t left) {
    const int32_t rank = merged(symbols[left].id, symbols[symbols[left].next].id);
    if (rank >= 0) candidates.push(static_cast<uint64_t>(rank) << 32 | left);
  };
  for (uint32_t i = 0; i + 1 < size; ++i) offer(i);
  while (!candidates.empty()) {
    const auto rank = static_cast<int32_t>(candidates.top() >> 32);
    const auto position = static_cast<uint32_t>(candidates.top());
    candidates.pop();
    auto& left = symbols[position];
    // Merged into its neighbour, or paired with another by now.
    if (left.id < 0 || left.next == kNone || merged(left.id, symbols[left.next].id) != rank) continue;
    auto& right = symbols[left.next];
    left.id = rank;
    left.next = right.next;
    right.id = -1;
    if (left.next != kNone) {
      symbols[left.next].previous = position;
      offer(position);
    }
    if (left.previous != kNone) offer(left.previous);
  }
  for (uint32_t i = 0; i != kNone && i < size; i = symbols[i].next) ids.push_back(symbols[i].id);
}

}  // namespace tvr
