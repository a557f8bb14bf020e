#include "tvr/eval/ground_truth_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>

#include "eval/stored_elements.h"
#include "tvr/base/array_file.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

// One text's right videos as the file names them.
using Entry = std::vector<std::string>;

struct Entries {
  std::vector<Entry> texts;
  std::vector<std::string> video_ids;  // if the file brings them
  std::string unit = "line";           // what an entry is called in messages, counted from 1
};

std::vector<std::string> lines_of(const std::string& content) {
  std::vector<std::string> lines;
  for (size_t begin = content.starts_with("\xEF\xBB\xBF") ? 3 : 0; begin < content.size();) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    lines.push_back(content.substr(begin, end - begin));
    if (lines.back().ends_with('\r')) lines.back().pop_back();
    begin = end + 1;
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::string at(const std::string& origin, const std::string& unit, size_t index) {
  return origin + ": " + unit + " " + std::to_string(index + 1);
}

// For messages.
std::string shown(const std::string& id) {
  constexpr size_t kMost = 100;
  return id.size() <= kMost ? id : id.substr(0, kMost) + "…";
}

bool is_json(const std::string& content) {
  const auto first = content.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return first != std::string::npos && (content[first] == '[' || content[first] == '{');
}

json parse_json(const std::string& content, const fs::path& file) {
  try {
    return json::parse(content);
  } catch (const json::exception& error) {
    throw DataError(file.string() + ": is not valid JSON: " + std::string(error.what()).substr(0, 200));
  }
}

std::string id_of(const json& value, const std::string& where) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  throw DataError(where + ": an id is a text or a whole number, not " + value.type_name() +
                  (value.is_number() ? " " + value.dump() : "") + ".");
}

std::vector<std::string> id_list(const json& list, const std::string& origin) {
  if (!list.is_array()) throw DataError(origin + ": a JSON list of ids is needed.");
  std::vector<std::string> ids;
  for (const auto& item : list) ids.push_back(id_of(item, at(origin, "entry", ids.size())));
  return ids;
}

// Ids of different things are different.
void check_distinct(const std::vector<std::string>& ids, const std::string& origin, const std::string& unit) {
  std::unordered_map<std::string, size_t> places;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].empty()) throw DataError(at(origin, unit, i) + " is empty; every id needs a name.");
    const auto [place, fresh] = places.emplace(ids[i], i);
    if (!fresh)
      throw DataError(at(origin, unit, i) + ": '" + shown(ids[i]) + "' is the id of " + unit + " " +
                      std::to_string(place->second + 1) + " already.");
  }
}

// By reference: lists may be nested so deep that copying them would exhaust the stack.
Entry entry_of(const json& item, const std::string& where) {
  if (!item.is_array()) return {id_of(item, where)};
  if (item.empty()) throw DataError(where + " names no video; every text needs one.");
  Entry entry;
  for (const auto& video : item) entry.push_back(id_of(video, where));
  return entry;
}

Entries entries_of_json(const std::string& content, const fs::path& file) {
  const auto root = parse_json(content, file);
  Entries result{{}, {}, "entry"};
  if (root.is_object() && !root.contains("video_of_text"))
    throw DataError(file.string() + ": the object has no 'video_of_text', the list of each text's video.");
  if (root.is_object() && root.contains("video_ids")) {
    const auto origin = file.string() + ": video_ids";
    result.video_ids = id_list(root["video_ids"], origin);
    check_distinct(result.video_ids, origin, "entry");
  }
  const auto& list = root.is_object() ? root["video_of_text"] : root;
  if (!list.is_array()) throw DataError(file.string() + ": a JSON list with the video of each text is needed.");
  for (const auto& item : list) result.texts.push_back(entry_of(item, at(file, "entry", result.texts.size())));
  return result;
}

Entries entries_of_lines(const std::string& content, const fs::path& file) {
  Entries result;
  for (const auto& line : lines_of(content)) {
    Entry entry;
    for (size_t begin = 0; begin <= line.size();) {
      const size_t end = std::min(line.find_first_of("\t,", begin), line.size());
      const auto first = line.find_first_not_of(' ', begin), last = line.find_last_not_of(' ', end == 0 ? 0 : end - 1);
      if (first == std::string::npos || first >= end)
        throw DataError(at(file, "line", result.texts.size()) +
                        " is empty or has an empty field; every text needs its video.");
      entry.push_back(line.substr(first, last + 1 - first));
      begin = end + 1;
    }
    result.texts.push_back(std::move(entry));
  }
  return result;
}

double number_at(const StoredArray& array, int64_t row, int64_t column) {
  return with_element(array.type, [&](auto element) {
    const int64_t offset = row * array.strides[0] + (array.shape.size() == 2 ? column * array.strides[1] : 0);
    return static_cast<double>(widened(load_element<decltype(element)>(
        array.data + offset * static_cast<int64_t>(sizeof(element)), array.big_endian)));
  });
}

int64_t whole_number_at(const StoredArray& array, int64_t row, int64_t column, const std::string& where) {
  constexpr double kMost = 1e15;
  const double value = number_at(array, row, column);
  if (!(std::abs(value) < kMost) || value != std::floor(value)) throw DataError(where + ": a whole number is needed.");
  return static_cast<int64_t>(value);
}

// A row of 0 and 1.
Entry marked_columns(const StoredArray& array, int64_t row, const std::string& where) {
  Entry entry;
  for (int64_t column = 0; column < array.shape[1]; ++column) {
    const int64_t value = whole_number_at(array, row, column, where);
    if (value != 0 && value != 1) throw DataError(where + ": a matrix of right videos holds only 0 and 1.");
    if (value == 1) entry.push_back(std::to_string(column));
  }
  if (entry.empty()) throw DataError(where + ": no video is right for this text; every text needs one.");
  return entry;
}

Entries entries_of_array(const fs::path& file, int64_t videos) {
  const auto arrays = read_arrays(file);
  if (arrays.size() != 1 || arrays[0].shape.empty() || arrays[0].shape.size() > 2)
    throw DataError(file.string() + ": one array of whole numbers [T] or of 0 and 1 [T,V] is needed.");
  const auto& array = arrays[0];
  const bool marks = array.shape.size() == 2;
  if (marks && array.shape[1] != videos)
    throw DataError(file.string() + ": holds " + array.description() + ", the similarity matrix has " +
                    std::to_string(videos) +
                    " columns (videos); a matrix of right videos has the same ones. The video "
                    "of each text is a list of one dimension.");
  Entries result{{}, {}, "row"};
  for (int64_t row = 0; row < array.shape[0]; ++row) {
    const auto where = at(file, "row", static_cast<size_t>(row));
    result.texts.push_back(marks ? marked_columns(array, row, where)
                                 : Entry{std::to_string(whole_number_at(array, row, 0, where))});
  }
  return result;
}

// Array files, which may be larger than memory, begin with what no text file begins with.
bool is_array_file(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return false;  // what was read of a pipe would be lost
  std::string begin(16, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  begin.resize(static_cast<size_t>(stream.gcount()));
  return begin.starts_with("\x93NUMPY") || begin.starts_with("PK\x03\x04") || begin.starts_with("\x80\x02") ||
         (begin.size() > 8 && begin[8] == '{' && begin.find('\0') < 8);
}

Entries read_entries(const fs::path& file, int64_t videos) {
  if (is_array_file(file)) return entries_of_array(file, videos);
  const auto content = read_file(file);
  auto entries = is_json(content) ? entries_of_json(content, file) : entries_of_lines(content, file);
  if (entries.texts.empty()) throw DataError(file.string() + ": is empty; it must name the video of each text.");
  return entries;
}

std::optional<int64_t> whole_number(const std::string& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

using Columns = std::unordered_map<std::string, int64_t>;

Columns columns_of(const std::vector<std::string>& ids) {
  Columns columns;
  for (const auto& id : ids) columns.emplace(id, static_cast<int64_t>(columns.size()));
  return columns;
}

bool all_whole_numbers(const std::vector<Entry>& entries) {
  return std::all_of(entries.begin(), entries.end(), [](const Entry& entry) {
    return std::all_of(entry.begin(), entry.end(), [](const auto& id) { return whole_number(id).has_value(); });
  });
}

// The ids in order of first appearance.
std::vector<std::string> appearing(const std::vector<Entry>& entries) {
  std::vector<std::string> ids;
  Columns seen;
  for (const auto& entry : entries)
    for (const auto& id : entry)
      if (seen.emplace(id, 0).second) ids.push_back(id);
  return ids;
}

// How the entries name columns: by number, or by one of the ids.
struct ColumnNames {
  bool numbers = false;
  std::vector<std::string> ids;
  Columns columns;
};

int64_t column_of(const std::string& id, const ColumnNames& names, const std::string& where) {
  const auto videos = static_cast<int64_t>(names.ids.size());
  if (names.numbers) {
    const int64_t column = *whole_number(id);
    if (column >= 0 && column < videos) return column;
    throw DataError(where + ": there is no column " + id + ", the matrix has columns 0 to " +
                    std::to_string(videos - 1) + "; if these are ids, name the columns with --video-ids.");
  }
  const auto found = names.columns.find(id);
  if (found != names.columns.end()) return found->second;
  constexpr size_t kLongest = 200;  // the search for a similar id takes the product of the lengths
  const auto nearest = id.size() > kLongest ? std::string() : nearest_name(id, names.ids);
  throw DataError(where + ": no column is named '" + shown(id) + "'" +
                  (nearest.empty() ? "" : "; did you mean '" + shown(nearest) + "'?") + (nearest.empty() ? "; " : " ") +
                  "where the columns have ids, every video is named by its id.");
}

std::vector<int64_t> columns_of_entry(const Entry& entry, const ColumnNames& names, const std::string& where) {
  std::vector<int64_t> columns;
  for (const auto& id : entry) columns.push_back(column_of(id, names, where));
  auto sorted = columns;
  std::sort(sorted.begin(), sorted.end());
  const auto repeated = std::adjacent_find(sorted.begin(), sorted.end());
  if (repeated != sorted.end())
    throw DataError(where + ": names video '" + shown(names.ids[*repeated]) + "' twice; once is enough.");
  return columns;
}

std::vector<std::string> numbers_as_ids(int64_t count) {
  std::vector<std::string> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back(std::to_string(i));
  return ids;
}

}  // namespace

std::vector<std::string> read_ids(const fs::path& file, int64_t count, const std::string& what) {
  const auto content = read_file(file);
  const bool is_list = is_json(content);
  const auto ids = is_list ? id_list(parse_json(content, file), file) : lines_of(content);
  if (static_cast<int64_t>(ids.size()) != count)
    throw DataError(file.string() + ": has " + std::to_string(ids.size()) + " ids for " + std::to_string(count) + " " +
                    what + " of the similarity matrix; give one each, in order.");
  check_distinct(ids, file, is_list ? "entry" : "line");
  return ids;
}

NamedTruth read_truth(const fs::path& file, int64_t texts, int64_t videos, const std::vector<std::string>& video_ids) {
  const auto entries = read_entries(file, videos);
  if (static_cast<int64_t>(entries.texts.size()) != texts)
    throw DataError(file.string() + ": names the videos of " + std::to_string(entries.texts.size()) +
                    " texts, the similarity matrix has " + std::to_string(texts) +
                    " rows (texts); both must be in the same order and of the same length.");
  if (!video_ids.empty() && !entries.video_ids.empty() && video_ids != entries.video_ids)
    throw DataError(file.string() + ": its video_ids are not those of --video-ids; leave one of them out.");
  ColumnNames names{false, !video_ids.empty() ? video_ids : entries.video_ids, {}};
  std::string note;
  if (names.ids.empty() && all_whole_numbers(entries.texts)) {
    names.numbers = true;
    names.ids = numbers_as_ids(videos);
  } else if (names.ids.empty()) {
    names.ids = appearing(entries.texts);
    note = "columns are taken to be the videos of " + file.string() + " in order of first appearance";
  }
  if (static_cast<int64_t>(names.ids.size()) != videos)
    throw DataError(file.string() + ": names " + std::to_string(names.ids.size()) +
                    " videos, the similarity matrix has " + std::to_string(videos) +
                    " columns; name the columns with --video-ids.");
  names.columns = columns_of(names.ids);
  std::vector<std::vector<int64_t>> videos_of_text;
  for (const auto& entry : entries.texts)
    videos_of_text.push_back(columns_of_entry(entry, names, at(file, entries.unit, videos_of_text.size())));
  return {GroundTruth(videos_of_text, videos), numbers_as_ids(texts), names.ids, note};
}

NamedTruth square_truth(int64_t texts, int64_t videos) {
  if (texts != videos)
    throw DataError(
        "The similarity matrix is " + std::to_string(texts) + " x " + std::to_string(videos) +
        ": which video belongs to which text is only clear for a square one; say it with --groups FILE (the "
        "video of each text, one a line) or --corpus.");
  return {GroundTruth::square(texts), numbers_as_ids(texts), numbers_as_ids(videos), ""};
}

}  // namespace tvr
