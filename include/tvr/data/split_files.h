#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tvr/data/corpus.h"

namespace tvr {

/// A split of a corpus as it is in circulation.
struct StandardSplit {
  std::string name;                ///< what data.train, data.val and data.test may say: "val_1"
  std::vector<std::string> files;  ///< its file below the root; the first that is there counts
  std::optional<PublishedCounts> published;
};
using StandardSplits = std::vector<StandardSplit>;

/// Settings of corpora whose splits are files; a plug-in names train, val and test in its own fields().
struct SplitOptions : CorpusOptions {
  std::string train = "train", val = "val", test = "test";

  /// The setting of a split: "train", "val" or "test".
  const std::string& source(const std::string& split) const;
  /// The file that a setting stands for, which need not exist.
  std::filesystem::path file(const std::string& source, const StandardSplits& standard) const;
  /// "" or what is wrong with root, videos and files that are named ("" names none); standard splits may be absent
  /// until asked for, but not all three.
  std::string problems(const StandardSplits& standard) const;
};

/// The same where lists of ids or file names say which videos of a split's file count.
struct ListedSplitOptions : SplitOptions {
  std::string train_list, val_list, test_list;

  /// The list of a split: "train", "val" or "test".
  const std::string& list(const std::string& split) const;
  /// problems(), and lists that are named and not there; `no_list` is a setting that names none.
  std::string listed_problems(const StandardSplits& standard, const std::string& no_list = "") const;
};

/// What the literature counts in the split of that name, or of the file of that name.
std::optional<PublishedCounts> published_counts(const std::string& source, const StandardSplits& standard);

/// The splits of a corpus with an annotation file each.
class SplitFiles {
 public:
  using Read = std::function<RetrievalSplit(const std::string& split, const std::filesystem::path& file)>;
  /// Reads the files that are there.
  SplitFiles(const SplitOptions& options, const StandardSplits& standard, const Read& read);
  /// Throws DataError naming setting and file if the file is not there.
  RetrievalSplit split(const std::string& name) const;
  const std::vector<std::filesystem::path>& files() const { return files_; }  ///< those that were read

 private:
  std::map<std::string, RetrievalSplit> splits_;
  std::map<std::string, std::string> problems_;
  std::vector<std::filesystem::path> files_;
};

}  // namespace tvr
