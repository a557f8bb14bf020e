#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>

#include "tvr/data/annotated_videos.h"

namespace tvr {

/// What tells videos from their twins: a csv with the columns sen_id, video_id, need and pair.
class CaptionTags {
 public:
  CaptionTags() = default;  ///< none
  /// Throws DataError naming file and line for a sentence tagged twice and for videos and sentences that contradict
  /// `videos`.
  CaptionTags(const std::filesystem::path& file, const AnnotatedVideos& videos);
  /// Fills need and pair. Captions with ids of their own get the tags of their video where all its sentences agree.
  void apply(RetrievalSplit& split) const;

 private:
  struct Tag {
    std::string need, pair;
    bool operator==(const Tag&) const = default;
  };
  std::unordered_map<std::string, Tag> by_sentence_;
  std::unordered_map<std::string, std::optional<Tag>> by_video_;  // nothing where its sentences disagree
};

}  // namespace tvr
