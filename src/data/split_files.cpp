#include "tvr/data/split_files.h"

#include <algorithm>

#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/data/annotation_file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSplits[] = {"train", "val", "test"};

const StandardSplit* standard_split(const std::string& source, const StandardSplits& standard) {
  const auto found = std::find_if(standard.begin(), standard.end(), [&](const auto& s) { return s.name == source; });
  return found == standard.end() ? nullptr : &*found;
}

bool is_there(const fs::path& file) {
  std::error_code error;
  return fs::exists(file, error);
}

// Why the file of a split cannot be read, with the way out.
std::string absence(const std::string& source, const fs::path& file, const StandardSplits& standard) {
  std::vector<std::string> names;
  for (const auto& split : standard) names.push_back(split.name);
  if (standard_split(source, standard) != nullptr)
    return "there is no file '" + file.string() + "'; put it there, or name another";
  const auto nearest = nearest_name(source, names);
  return in_quotes(source) + " is neither a standard split (" + join(names, ", ") + ") nor a file (" + file.string() +
         ")" + (nearest.empty() ? "" : "; did you mean '" + nearest + "'?");
}

}  // namespace

const std::string& SplitOptions::source(const std::string& split) const {
  return split == "train" ? train : split == "val" ? val : test;
}

fs::path SplitOptions::file(const std::string& source, const StandardSplits& standard) const {
  const auto* split = standard_split(source, standard);
  if (split == nullptr) return fs::path(root) / source;
  for (const auto& name : split->files)
    if (is_there(fs::path(root) / name)) return fs::path(root) / name;
  return fs::path(root) / split->files.front();
}

std::string SplitOptions::problems(const StandardSplits& standard) const {
  if (auto problem = CorpusOptions::validate(); !problem.empty()) return problem;
  std::vector<std::string> problems;
  bool some = false;
  for (const char* split : kSplits) {
    const auto& name = source(split);
    if (name.empty()) continue;
    const auto path = file(name, standard);
    const bool found = is_there(path);
    some = some || found;
    if (!found && standard_split(name, standard) == nullptr)
      problems.push_back(std::string(split) + ": " + absence(name, path, standard));
  }
  const auto& shown = train.empty() ? test : train;
  if (!some && problems.empty()) problems.push_back("train: " + absence(shown, file(shown, standard), standard));
  return join(problems, "; ");
}

const std::string& ListedSplitOptions::list(const std::string& split) const {
  return split == "train" ? train_list : split == "val" ? val_list : test_list;
}

std::string ListedSplitOptions::listed_problems(const StandardSplits& standard, const std::string& no_list) const {
  std::vector<std::string> all;
  if (auto problem = problems(standard); !problem.empty()) all.push_back(std::move(problem));
  for (const char* split : kSplits) {
    const auto& name = list(split);
    const auto path = fs::path(root) / name;
    if (!name.empty() && name != no_list && !is_there(path))
      all.push_back(std::string(split) + "_list: there is no file '" + path.string() + "'");
  }
  return join(all, "; ");
}

std::optional<PublishedCounts> published_counts(const std::string& source, const StandardSplits& standard) {
  const auto name = fs::path(source).filename().string();
  for (const auto& split : standard)
    if (split.name == source || std::find(split.files.begin(), split.files.end(), name) != split.files.end())
      return split.published;
  return std::nullopt;
}

SplitFiles::SplitFiles(const SplitOptions& options, const StandardSplits& standard, const Read& read) {
  for (const char* name : kSplits) {
    const auto& source = options.source(name);
    const auto file = options.file(source, standard);
    if (source.empty()) {
      problems_[name] = "data." + std::string(name) + ": is empty, it names no file.";
      continue;
    }
    if (!is_there(file)) {
      problems_[name] = "data." + std::string(name) + ": " + absence(source, file, standard) + ".";
      continue;
    }
    auto& split = splits_[name] = read(name, file);
    if (!split.published) split.published = published_counts(source, standard);
    if (std::find(files_.begin(), files_.end(), file) == files_.end()) files_.push_back(file);
  }
}

RetrievalSplit SplitFiles::split(const std::string& name) const {
  if (const auto problem = problems_.find(name); problem != problems_.end()) throw DataError(problem->second);
  return splits_.at(name);
}

}  // namespace tvr
