#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "tvr/data/corpus.h"

namespace tvr {

/// A video with its captions, as an annotation file has them.
struct AnnotatedVideo {
  struct Caption {
    std::string id, text;
  };
  VideoItem item;
  std::vector<Caption> captions;
  std::string split;  ///< "" where the file names none
};

/// The videos of an annotation file in their order, by id.
class AnnotatedVideos {
 public:
  /// The video of that id, added at the end if it is new.
  AnnotatedVideo& get(const std::string& id);
  /// nullptr if there is none.
  const AnnotatedVideo* find(const std::string& id) const;
  /// The video that a list names; throws DataError "WHERE names the video 'x', which is not in FILE; did you mean …?".
  const AnnotatedVideo& named(const std::string& id, const std::string& where, const std::filesystem::path& file) const;
  const std::vector<AnnotatedVideo>& all() const { return videos_; }

 private:
  std::vector<AnnotatedVideo> videos_;
  std::unordered_map<std::string, size_t> index_;
};

/// Builds a split row by row.
class SplitBuilder {
 public:
  /// The index of a video, added at the end if its id is new.
  int64_t video(const VideoItem& item);
  /// Adds a caption; without an id it is called after its video, "video7#0", "video7#1", ….
  void caption(int64_t video, std::string id, std::string text);
  /// Adds a video with its first `most` captions.
  void add(const AnnotatedVideo& video, size_t most = std::numeric_limits<size_t>::max());
  void note(std::string sentence) { split_.notes.push_back(std::move(sentence)); }
  RetrievalSplit take() { return std::move(split_); }

 private:
  RetrievalSplit split_;
  std::unordered_map<std::string, int64_t> index_;
  std::vector<int64_t> counts_;  // captions of each video
};

/// "3 ids (a, b, c)": the number of ids and the first few, for notes.
std::string some_of(const std::vector<std::string>& ids);

}  // namespace tvr
