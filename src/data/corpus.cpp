#include "tvr/data/corpus.h"

#include <algorithm>
#include <unordered_map>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/data/annotation_file.h"

namespace tvr {
namespace fs = std::filesystem;
namespace {

const std::vector<std::string> kSplits{"train", "val", "test"};
constexpr char kBlanks[] = " \t\n\v\f\r";

std::string collapsed(std::string_view text) {
  std::string result;
  for (size_t begin = text.find_first_not_of(kBlanks); begin != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(kBlanks, begin), text.size());
    if (!result.empty()) result += ' ';
    result += text.substr(begin, end - begin);
    begin = text.find_first_not_of(kBlanks, end);
  }
  return result;
}

void note_empty_captions(RetrievalSplit& split) {
  const auto empty = std::count_if(split.captions.begin(), split.captions.end(), [](const CaptionItem& caption) {
    return caption.text.find_first_not_of(kBlanks) == std::string::npos;
  });
  if (empty > 0) split.notes.push_back("Captions that are empty or blank: " + std::to_string(empty) + ".");
}

// Equal sentences of different videos get equal scores: no model can rank both right.
void note_ambiguous_captions(RetrievalSplit& split) {
  struct Use {
    int64_t video = 0, captions = 0;
    bool several = false;
  };
  std::unordered_map<std::string_view, Use> uses;
  for (const auto& caption : split.captions) {
    auto& use = uses.try_emplace(caption.text, Use{caption.video}).first->second;
    ++use.captions;
    use.several = use.several || use.video != caption.video;
  }
  int64_t texts = 0, captions = 0;
  for (const auto& [text, use] : uses) {
    texts += use.several;
    captions += use.several ? use.captions : 0;
  }
  if (texts > 0)
    split.notes.push_back("Texts that belong to more than one video: " + std::to_string(texts) + ", in " +
                          std::to_string(captions) + " captions; their scores will tie.");
}

void note_videos_without_captions(RetrievalSplit& split) {
  std::vector<bool> described(split.videos.size());
  for (const auto& caption : split.captions) described[static_cast<size_t>(caption.video)] = true;
  const auto silent = std::count(described.begin(), described.end(), false);
  if (silent > 0)
    split.notes.push_back("Videos without a caption: " + std::to_string(silent) + "; they stay as candidates.");
}

void fail_unusable(const RetrievalSplit& split, const std::vector<std::string>& reasons) {
  constexpr size_t kShown = 10;
  std::vector<std::string> shown;
  size_t count = 0;
  for (size_t i = 0; i < reasons.size(); ++i)
    if (!reasons[i].empty() && ++count <= kShown) shown.push_back(in_quotes(split.videos[i].id) + " " + reasons[i]);
  if (count > kShown) shown.emplace_back("…");
  throw DataError(
      std::to_string(count) + " of the " + std::to_string(split.videos.size()) + " videos of split " + split.name +
      " cannot be used: " + join(shown, "; ") +
      ". Put them into the folder data.videos, leave them out with their captions by data.missing=skip, or " +
      "let black frames stand in by data.missing=substitute-black.");
}

// Leaves out the videos with a reason and their captions.
void leave_out(RetrievalSplit& split, const std::vector<std::string>& reasons) {
  std::vector<int64_t> moved(split.videos.size(), -1);
  std::vector<VideoItem> videos;
  for (size_t i = 0; i < split.videos.size(); ++i) {
    if (!reasons[i].empty()) continue;
    moved[i] = static_cast<int64_t>(videos.size());
    videos.push_back(std::move(split.videos[i]));
  }
  split.videos = std::move(videos);
  for (auto& caption : split.captions) caption.video = moved[static_cast<size_t>(caption.video)];
  std::erase_if(split.captions, [](const CaptionItem& caption) { return caption.video < 0; });
}

}  // namespace

std::string order_sha256(const RetrievalSplit& split) {
  std::string rows;
  const auto add = [&](const std::string& text) { rows += std::to_string(text.size()) + ":" + text; };
  for (const auto& video : split.videos) add(video.id);
  for (const auto& caption : split.captions) {
    add(caption.id);
    add(caption.text);
    rows += std::to_string(caption.video) + ";";
  }
  return sha256(std::to_string(split.videos.size()) + ";" + rows);
}

std::string CorpusOptions::validate() const {
  std::error_code error;
  if (!fs::is_directory(root, error)) return "root: there is no folder '" + root + "'";
  const auto folder = fs::path(root) / videos;
  if (!videos.empty() && !fs::is_directory(folder, error))
    return "videos: there is no folder '" + folder.string() + "'; videos: \"\" looks for no files";
  return "";
}

RetrievalSplit Corpus::annotated(const std::string& name) const {
  if (std::find(kSplits.begin(), kSplits.end(), name) == kSplits.end())
    throw ConfigError(unknown_name_message("split", name, kSplits));
  auto split = read_split(name);
  split.name = name;
  if (files_.text == "collapse")
    for (auto& caption : split.captions) caption.text = collapsed(caption.text);
  split.listed_videos = static_cast<int64_t>(split.videos.size());
  split.listed_captions = static_cast<int64_t>(split.captions.size());
  note_videos_without_captions(split);
  note_empty_captions(split);
  if (name != "train") note_ambiguous_captions(split);
  return split;
}

RetrievalSplit Corpus::split(const std::string& name) const {
  auto split = annotated(name);
  if (files_.videos.empty()) return split;
  std::vector<std::string> reasons;
  for (auto& video : split.videos) {
    auto found = find_file(video);
    video.path = std::move(found.path);
    reasons.push_back(std::move(found.reason));
  }
  apply_policy(split, reasons, files_.missing);
  return split;
}

FoundVideo Corpus::find_file(const VideoItem& video) const {
  FoundVideo first;
  for (const auto& name : file_names(video)) {
    auto found = fs::path(name).is_absolute() ? video_at(name) : folder().find(name);
    if (!found.path.empty()) return found;
    if (first.reason.empty()) first = std::move(found);
  }
  return first;
}

const VideoFolder& Corpus::folder() const {
  const std::lock_guard lock(walking_);
  if (!folder_) folder_ = std::make_unique<const VideoFolder>(resolve(files_.videos));
  return *folder_;
}

void apply_policy(RetrievalSplit& split, const std::vector<std::string>& reasons, const std::string& policy) {
  std::vector<UnusableVideo> unusable;
  bool some_usable = false;
  for (size_t i = 0; i < split.videos.size(); ++i) {
    if (!reasons[i].empty()) unusable.push_back({split.videos[i].id, reasons[i]});
    some_usable = some_usable || (reasons[i].empty() && !split.videos[i].black);
  }
  if (!unusable.empty() && (policy == "fail" || !some_usable)) fail_unusable(split, reasons);
  if (policy == "skip") leave_out(split, reasons);
  if (policy == "substitute-black")
    for (size_t i = 0; i < split.videos.size(); ++i) split.videos[i].black |= !reasons[i].empty();
  split.unusable.insert(split.unusable.end(), unusable.begin(), unusable.end());
}

}  // namespace tvr
