#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tvr/eval/breakdown.h"
#include "tvr/eval/ranks.h"

namespace tvr {

/// Which videos are right for which texts, and the ids of both where they are known.
struct NamedTruth {
  GroundTruth truth = GroundTruth::square(0);
  std::vector<std::string> text_ids;   ///< [T]; the row numbers where nothing else is known
  std::vector<std::string> video_ids;  ///< [V]; the column numbers where nothing else is known
  std::string note;                    ///< what was assumed, for the reader; "" if nothing
};

/// A list of ids: a text file, one a line, or a JSON list. Throws DataError naming file and line for an empty or
/// repeated one, or unless there are `count` of them (`what`: "rows (texts)").
std::vector<std::string> read_ids(const std::filesystem::path& file, int64_t count, const std::string& what);

/// The right video of each of `texts` texts, in order, as
///
///   text            one line a text: a column number (from 0) or a video id; several, separated by tabs or commas
///   JSON            [0, 0, 1], ["video7", …], or lists of them for several; also {"video_of_text": …, "video_ids": …}
///   array files     whole numbers [T], or a matrix [T,V] of 0 and 1
///
/// With `video_ids` (from --video-ids or the JSON) every value is an id. Without, whole numbers are columns and
/// everything else is an id; columns are then taken in order of first appearance, which is said in the note. Throws
/// DataError naming file and line or entry for what is malformed, unknown, out of range or of another number.
NamedTruth read_truth(const std::filesystem::path& file, int64_t texts, int64_t videos,
                      const std::vector<std::string>& video_ids = {});

/// Text i belongs to video i. Throws DataError unless the matrix is square, naming --groups as the way out.
NamedTruth square_truth(int64_t texts, int64_t videos);

/// Tags of texts: a csv file whose header names the tags and which has a row a text, in order; or JSON
/// {"category": ["sports", …], …}. Throws DataError naming file and row.
std::vector<Tag> read_tags(const std::filesystem::path& file, int64_t texts);

}  // namespace tvr
