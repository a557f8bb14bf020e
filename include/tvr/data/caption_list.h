#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

namespace tvr {

/// A row of a list: a video and, in lists that carry them, one of its captions.
struct CaptionRow {
  std::string video;  ///< an id, or a path
  std::string id;     ///< of the caption, "" if the list has none
  std::string text;
  double start = 0;  ///< seconds of the video
  double end = std::numeric_limits<double>::infinity();
  std::string where;  ///< "test.csv:12"
};

struct CaptionList {
  std::vector<CaptionRow> rows;
  bool has_captions = false;
};

/// Videos, with or without captions, in any of the forms in circulation, told apart by the file's extension:
///
///   .csv .tsv        a header with video_id (video, clip_id, path, video_path), sentence (caption, text), key
///   (sen_id),
///                    start and end; or ids alone, in one column, with or without a header
///   .jsonl .ndjson   an object a line, the same names as keys; a list of captions makes several rows
///   .json            a list of such objects, or of ids
///   anything else    an id a line
///
/// Throws DataError naming file and line for what is malformed, an empty video, a caption id that occurs twice, a time
/// that is no number of seconds or ends before it starts, and a file without any row.
CaptionList read_caption_list(const std::filesystem::path& file);

/// The ids of a list; throws DataError also for one that occurs twice.
std::vector<CaptionRow> read_id_list(const std::filesystem::path& file);

}  // namespace tvr
