#include "tvr/data/corpus.h"

#include <algorithm>
#include <set>

#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

const std::set<std::string> kExtensions{".3g2",  ".3gp", ".asf", ".avi", ".divx", ".flv",  ".gif",
                                        ".m2ts", ".m4v", ".mkv", ".mov", ".mp4",  ".mpeg", ".mpg",
                                        ".mts",  ".ogv", ".qt",  ".ts",  ".webm", ".wmv"};

// Names hold dots of their own (LSMDC's times), so only a known extension is taken off.
std::string stem_of(const fs::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return kExtensions.count(extension) > 0 ? file.stem().string() : file.filename().string();
}

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none.
size_t sequence_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  // The second byte excludes overlong forms, surrogates and what lies beyond U+10FFFF.
  if (first >= 0xE0 && first <= 0xEF)
    return follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && follows(2) ? 3 : 0;
  if (first >= 0xF0 && first <= 0xF4)
    return follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && follows(2) && follows(3) ? 4 : 0;
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

VideoFolder::VideoFolder(const fs::path& folder) : folder_(folder) {
  if (!fs::is_directory(folder))
    throw DataError(folder.string() + ": is not a folder; the videos are expected there (setting data.videos).");
  try {
    walk();
  } catch (const fs::filesystem_error& error) {
    const fs::path& where = error.path1().empty() ? folder : error.path1();
    throw DataError(where.string() + ": cannot be read while looking for videos: " + error.code().message() + ".");
  }
}

void VideoFolder::walk() {
  std::set<fs::path> visited{fs::canonical(folder_)};
  auto entry = fs::recursive_directory_iterator(folder_, fs::directory_options::follow_directory_symlink);
  for (; entry != fs::recursive_directory_iterator(); ++entry) {
    std::error_code broken_link;
    if (entry->is_directory(broken_link)) {
      if (entry->is_symlink() && !visited.insert(fs::canonical(entry->path())).second)
        entry.disable_recursion_pending();
      continue;
    }
    if (!entry->is_regular_file(broken_link) || entry->file_size() == 0) continue;
    const auto name = entry->path().filename().string(), stem = stem_of(entry->path());
    files_[stem].push_back(entry->path());
    if (name != stem) files_[name].push_back(entry->path());
  }
}

fs::path VideoFolder::find(const std::string& id) const {
  const auto found = files_.find(id);
  if (found == files_.end()) return {};
  if (found->second.size() > 1) {
    auto paths = found->second;
    std::sort(paths.begin(), paths.end());
    throw DataError("video '" + id + "' has more than one file: " + paths[0].string() + " and " + paths[1].string() +
                    "; remove all but one.");
  }
  return found->second.front();
}

CsvTable::CsvTable(const fs::path& file) : file_(file), rows_(read_csv(file)) {
  if (rows_.empty()) throw DataError(file.string() + ": is empty; a header with the names of the columns is expected.");
  for (size_t i = 0; i < rows_.size(); ++i) {
    const auto place = file.string() + ": row " + std::to_string(i + 1);
    if (rows_[i].size() != rows_[0].size())
      throw DataError(place + " has " + std::to_string(rows_[i].size()) + " fields, the first row has " +
                      std::to_string(rows_[0].size()) + "; quote fields that hold commas.");
    for (const auto& field : rows_[i])
      if (!is_utf8(field)) throw DataError(place + " is not valid UTF-8; convert the file to UTF-8.");
  }
  for (size_t i = 0; i < rows_[0].size(); ++i) columns_.emplace(rows_[0][i], i);
}

const std::string& CsvTable::at(int64_t row, const std::string& column) const {
  const auto found = columns_.find(column);
  if (found == columns_.end())
    throw DataError(file_.string() + ": " + unknown_name_message("column", column, rows_.front()));
  return rows_[static_cast<size_t>(row) + 1][found->second];
}

std::string CsvTable::where(int64_t row) const {
  return file_.string() + ": row " + std::to_string(row + 2);
}

}  // namespace tvr
