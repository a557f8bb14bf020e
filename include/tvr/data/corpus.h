#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tvr/config/plugin.h"

namespace tvr {

struct VideoItem {
  std::string id;
  std::filesystem::path path;  ///< empty if the corpus was told to look for no files
};

struct CaptionItem {
  std::string id;
  std::string text;   ///< as the annotation has it: blanks and all
  int64_t video = 0;  ///< index into RetrievalSplit::videos
  std::string need;   ///< what tells the video from its twin, "" without a tags file
  std::string pair;   ///< the twin pair: the cluster of confidence intervals, "" without a tags file
};

/// One split of a corpus. The order is part of it: similarity matrices are compared row by row with published ones.
struct RetrievalSplit {
  std::string name;  ///< "train", "val" or "test"
  std::vector<VideoItem> videos;
  std::vector<CaptionItem> captions;
  std::vector<std::string> missing;  ///< ids left out, with their captions, because they have no file
};

/// Annotations of videos with captions, read once by the constructor, which throws DataError for what is malformed.
/// Thread-safe.
class Corpus {
 public:
  virtual ~Corpus() = default;
  /// "train", "val" or "test". Throws ConfigError for another name, DataError for lists that contradict the annotations
  /// and, unless told to skip them, for videos without a file.
  virtual RetrievalSplit split(const std::string& name) const = 0;
  /// Every annotation file that is read, for checksums.
  virtual std::vector<std::filesystem::path> sources() const = 0;
};

/// data: {type: NAME, …}
using CorpusRegistry = PluginRegistry<Corpus>;

CorpusRegistry builtin_corpora();  ///< everything under models/corpora, listed by the build

/// Last line of a corpus' file. NAME is the file's stem; a forgotten line fails at link time.
#define TVR_REGISTER_CORPUS(NAME, CORPUS, OPTIONS)               \
  void register_corpus_##NAME(CorpusRegistry& registry) {        \
    registry.add(#NAME, make_plugin<CORPUS, OPTIONS, Corpus>()); \
  }

/// The video files under a folder by id, found by one walk: the id is the file's whole name or its name without a known
/// media extension. Links are followed, loops are cut. Thread-safe.
class VideoFolder {
 public:
  /// Throws DataError if the folder or one below it cannot be read.
  explicit VideoFolder(const std::filesystem::path& folder);
  /// The file of `id`; empty if there is none or it has no bytes. Throws DataError if there are several.
  std::filesystem::path find(const std::string& id) const;

 private:
  void walk();
  std::filesystem::path folder_;
  std::map<std::string, std::vector<std::filesystem::path>> files_;
};

/// A csv file whose first row names the columns; blank lines are skipped, every field must be UTF-8.
class CsvTable {
 public:
  /// Throws DataError for a malformed quote, invalid UTF-8, or a row with another number of fields than the header.
  explicit CsvTable(const std::filesystem::path& file);
  bool has(const std::string& column) const { return columns_.count(column) > 0; }
  int64_t rows() const { return static_cast<int64_t>(rows_.size()) - 1; }
  /// Throws DataError with the nearest column if it is absent.
  const std::string& at(int64_t row, const std::string& column) const;
  /// "lists/test.csv: row 12", the header being row 1.
  std::string where(int64_t row) const;
  /// The header's fields: what a plain list has in its first line.
  const std::vector<std::string>& header() const { return rows_.front(); }

 private:
  std::filesystem::path file_;
  std::vector<std::vector<std::string>> rows_;
  std::map<std::string, size_t> columns_;
};

/// True if `text` is well-formed UTF-8.
bool is_utf8(std::string_view text);

}  // namespace tvr
