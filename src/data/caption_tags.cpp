#include "tvr/data/caption_tags.h"

#include "tvr/base/error.h"
#include "tvr/data/annotation_file.h"
#include "tvr/data/csv_table.h"

namespace tvr {

CaptionTags::CaptionTags(const std::filesystem::path& file, const AnnotatedVideos& videos) {
  const CsvTable table(file);
  std::unordered_map<std::string, std::string> owners;  // sentence -> video
  for (const auto& video : videos.all())
    for (const auto& caption : video.captions) owners.emplace(caption.id, video.item.id);
  for (int64_t row = 0; row < table.rows(); ++row) {
    const Tag tag{table.at(row, "need"), table.at(row, "pair")};
    const auto &video = table.at(row, "video_id"), &sentence = table.at(row, "sen_id");
    if (videos.find(video) == nullptr)
      throw DataError(table.where(row) + ": tags " + in_quotes(video) + ", which is not in the annotations.");
    const auto owner = owners.find(sentence);
    if (owner != owners.end() && owner->second != video)
      throw DataError(table.where(row) + ": tags sentence " + in_quotes(sentence) + " as one of " + in_quotes(video) +
                      ", but it describes " + in_quotes(owner->second) + ".");
    if (!by_sentence_.emplace(sentence, tag).second)
      throw DataError(table.where(row) + ": repeats the sen_id " + in_quotes(sentence) + ".");
    const auto& known = by_video_.emplace(video, tag).first->second;
    if (known && !(*known == tag)) by_video_[video].reset();
  }
}

void CaptionTags::apply(RetrievalSplit& split) const {
  const auto set = [](CaptionItem& caption, const Tag& tag) {
    caption.need = tag.need;
    caption.pair = tag.pair;
  };
  for (auto& caption : split.captions) {
    const auto by_sentence = by_sentence_.find(caption.id);
    const auto by_video = by_video_.find(split.videos[static_cast<size_t>(caption.video)].id);
    if (by_sentence != by_sentence_.end())
      set(caption, by_sentence->second);
    else if (by_video != by_video_.end() && by_video->second)
      set(caption, *by_video->second);
  }
}

}  // namespace tvr
