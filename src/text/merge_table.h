#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tvr {

/// CLIP's byte-pair merges on integers. Ids 0-255 are the bytes in the order of the published vocabulary, 256-511 the
/// same at the end of a piece, 512+i the result of merge i, so that an id is its merge's rank. Immutable.
class MergeTable {
 public:
  static constexpr int64_t kMerges = 48894;

  /// Throws DataError: missing, damaged (with the line), or the merges of another tokenizer.
  explicit MergeTable(const std::filesystem::path& file);

  /// Appends the ids of one piece (a word, a digit, a run of signs; not empty). O(n log n) in its bytes.
  void encode(std::string_view piece, std::vector<int64_t>& ids) const;

 private:
  using Names = std::unordered_map<std::string, int32_t>;
  void add_bytes(Names& names);
  void add_merge(std::string_view line, const std::string& where, Names& names);
  size_t slot(uint64_t key) const;                    ///< where a pair is, or belongs
  int32_t merged(int32_t left, int32_t right) const;  ///< -1 if they do not merge
  void encode_short(std::string_view piece, std::vector<int64_t>& ids) const;
  void encode_long(std::string_view piece, std::vector<int64_t>& ids) const;

  struct Merge {
    uint64_t key = 0;  // both ids
    int32_t id = -1;   // of an empty slot
  };
  int32_t byte_ids_[256];
  std::vector<Merge> merges_;
};

}  // namespace tvr
