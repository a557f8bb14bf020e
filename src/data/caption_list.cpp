#include "tvr/data/caption_list.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_set>

#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/data/annotation_file.h"
#include "tvr/data/annotation_json.h"
#include "tvr/data/csv_table.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

using Names = std::vector<std::string>;
const Names kVideoNames{"video_id", "video", "clip_id", "path", "video_path", "videos"};
const Names kTextNames{"sentence", "caption", "text"};
const Names kIdNames{"key", "sen_id"};

void check_window(const CaptionRow& row) {
  if (row.start >= 0 && row.start < row.end && !std::isnan(row.end)) return;
  throw DataError(row.where + ": start and end must be seconds of the video, 0 or more, the end behind the start.");
}

void check_rows(const fs::path& file, const CaptionList& list) {
  std::unordered_set<std::string> ids;
  if (list.rows.empty()) throw DataError(file.string() + ": is empty; videos are expected.");
  for (const auto& row : list.rows) {
    if (row.video.empty()) throw DataError(row.where + ": the video's id or path is empty.");
    if (!row.id.empty() && !ids.insert(row.id).second)
      throw DataError(row.where + ": repeats the key " + in_quotes(row.id) + " of another caption.");
    check_window(row);
  }
}

// ------------------------------------------------------------------------------------------- one id a line

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t");
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

CaptionList read_plain(const fs::path& file) {
  CaptionList list;
  for (const auto& [text, line] : read_lines(file)) {
    CaptionRow row;
    row.video = trimmed(text);
    row.where = place(file, line);
    if (list.rows.empty() && row.video == kVideoNames.front()) continue;  // a header of one column
    list.rows.push_back(std::move(row));
  }
  return list;
}

// ------------------------------------------------------------------------------------------- tables

std::optional<std::string> column_of(const CsvTable& table, const Names& names) {
  for (const auto& name : names)
    if (table.has(name)) return name;
  return std::nullopt;
}

double seconds(const std::string& text, const std::string& where) {
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || !std::isfinite(value))
    throw DataError(where + ": " + in_quotes(text) + " is no number of seconds.");
  return value;
}

CaptionList read_columns(const CsvTable& table, const std::string& videos) {
  CaptionList list;
  const auto texts = column_of(table, kTextNames), ids = column_of(table, kIdNames);
  list.has_captions = texts.has_value();
  for (int64_t i = 0; i < table.rows(); ++i) {
    CaptionRow row;
    row.where = table.where(i);
    row.video = table.at(i, videos);
    if (texts) row.text = table.at(i, *texts);
    if (ids) row.id = table.at(i, *ids);
    // A time left empty is one not given.
    if (table.has("start") && !table.at(i, "start").empty()) row.start = seconds(table.at(i, "start"), row.where);
    if (table.has("end") && !table.at(i, "end").empty()) row.end = seconds(table.at(i, "end"), row.where);
    list.rows.push_back(std::move(row));
  }
  return list;
}

CaptionList read_table(const fs::path& file, const CsvTable& table) {
  if (const auto videos = column_of(table, kVideoNames)) return read_columns(table, *videos);
  if (table.header().size() > 1)
    throw DataError(place(file, 1) + ": has several columns and none named video_id (or " +
                    join({kVideoNames.begin() + 1, kVideoNames.end() - 1}, ", ") +
                    "); name the columns in the first row.");
  return read_plain(file);
}

// ------------------------------------------------------------------------------------------- JSON

std::optional<JsonElement> member_of(const JsonElement& object, const Names& names) {
  for (const auto& name : names)
    if (const auto member = object.find(name.c_str())) return member;
  return std::nullopt;
}

// A video as text, or as a list that holds one.
std::string video_of(const JsonElement& element) {
  if (!element.is_list()) return element.id();
  if (element.size() != 1) element.fail("has " + std::to_string(element.size()) + " videos, one is expected");
  return (*element.begin()).id();
}

void add_texts(const JsonElement& texts, CaptionRow row, CaptionList& list) {
  list.has_captions = true;
  if (texts.is_text()) {
    row.text = texts.text();
    list.rows.push_back(std::move(row));
    return;
  }
  for (const auto text : texts.list()) {
    row.text = text.text();
    list.rows.push_back(row);
  }
}

void add_object(const JsonElement& object, const std::string& where, CaptionList& list) {
  CaptionRow row;
  row.where = where;
  const auto videos = member_of(object, kVideoNames);
  if (!videos) object.fail("has no 'video_id' (or " + join({kVideoNames.begin() + 1, kVideoNames.end()}, ", ") + ")");
  row.video = video_of(*videos);
  if (const auto id = member_of(object, kIdNames)) row.id = id->id();
  if (const auto start = object.find("start")) row.start = start->number();
  if (const auto end = object.find("end")) row.end = end->number();
  const auto texts = member_of(object, kTextNames);
  if (!texts) object.fail("has no 'caption' (or " + join(kTextNames, ", ") + ")");
  add_texts(*texts, std::move(row), list);
}

CaptionList read_json_list(const fs::path& file) {
  const JsonDocument document(file);
  CaptionList list;
  size_t position = 0;
  for (const auto element : document.root().list()) {
    const auto where = element.where(position++);
    if (element.is_object() || list.has_captions) {
      if (!list.rows.empty() && !list.has_captions) element.fail("is an object among ids");
      add_object(element, where, list);
    } else {
      CaptionRow row;
      row.video = element.id();
      row.where = where;
      list.rows.push_back(std::move(row));
    }
  }
  return list;
}

CaptionList read_json_lines(const fs::path& file) {
  CaptionList list;
  for (const auto& [text, line] : read_lines(file)) {
    const JsonDocument document(text, file.string(), line);
    add_object(document.root(), document.root().where(), list);
  }
  return list;
}

CaptionList read_any(const fs::path& file) {
  const auto extension = file.extension().string();
  if (extension == ".json") return read_json_list(file);
  if (extension == ".jsonl" || extension == ".ndjson") return read_json_lines(file);
  if (extension == ".csv" || extension == ".tsv") return read_table(file, CsvTable(file));
  return read_plain(file);
}

}  // namespace

CaptionList read_caption_list(const fs::path& file) {
  auto list = read_any(file);
  check_rows(file, list);
  return list;
}

std::vector<CaptionRow> read_id_list(const fs::path& file) {
  auto rows = read_caption_list(file).rows;
  std::unordered_set<std::string> seen;
  for (const auto& row : rows)
    if (!seen.insert(row.video).second)
      throw DataError(row.where + ": repeats the video " + in_quotes(row.video) + ".");
  return rows;
}

}  // namespace tvr
