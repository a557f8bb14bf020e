// MSR-VTT, and whatever is written in its formats (the generated demo corpus): MSRVTT_data.json with videos and
// sentences, lists of video ids, csv files with sentences (1k-A). Xu et al., "MSR-VTT", CVPR 2016; Yu et al.
// (JSFusion), ECCV 2018.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/data/corpus.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct MsrvttOptions {
  std::string root = ".", annotations = "MSRVTT_data.json", videos = "videos", tags;
  std::string train = "train", val = "validate", test = "test";
  std::string captions = "csv", missing = "fail";

  template <class Visit>
  void fields(Visit&& f) {
    f("root", root, "Folder of the corpus; the other paths are relative to it");
    f("annotations", annotations, "The JSON with videos and sentences");
    f("videos", videos, "Folder searched for ID.mp4 (or any media extension); \"\" looks for no files");
    f("tags", tags, "csv with sen_id, video_id, need, pair; \"\": tags.csv if it is there");
    f("train", train,
      "A split of the JSON (train, validate, test), a list of ids, a csv with a video_id column, or 1ka");
    f("val", val, "The same for validation");
    f("test", test, "The same for the test");
    f("captions", captions,
      "all: every sentence of the JSON; first: its first one; csv: the list's own sentences where it has any",
      one_of({"all", "first", "csv"}));
    f("missing", missing, "What to do about videos without a file: fail, or skip them with their captions",
      one_of({"fail", "skip"}));
  }

  // Paths are checked with the other settings, before any work; what is inside them when the corpus is built.
  std::string validate() const {
    const auto folder = fs::path(root);
    if (!fs::is_directory(folder)) return "root: there is no folder '" + root + "'";
    if (!fs::exists(folder / annotations))
      return "annotations: there is no file '" + (folder / annotations).string() + "'";
    if (!videos.empty() && !fs::is_directory(folder / videos))
      return "videos: there is no folder '" + (folder / videos).string() + "'; videos: \"\" looks for no files";
    if (!tags.empty() && !fs::exists(folder / tags)) return "tags: there is no file '" + (folder / tags).string() + "'";
    return "";
  }
};

struct Sentence {
  std::string id, text;
};
struct Annotated {
  std::string id, split;
  std::vector<Sentence> sentences;
};
struct Tag {
  std::string need, pair;
  bool operator==(const Tag&) const = default;
};

std::string quote(const std::string& text) {
  return "'" + text + "'";
}

// ---------------------------------------------------------------------------------------------------- annotations

// Reads members of one element of the JSON; every complaint names file and element.
class Element {
 public:
  Element(const fs::path& file, const char* list, size_t index, const Json& value)
      : file_(file), list_(list), index_(index), value_(value) {
    if (!value.is_object()) fail("is " + std::string(value.type_name()) + ", an object is expected");
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(file_.string() + ": " + list_ + "[" + std::to_string(index_) + "] " + what + ".");
  }
  bool has(const char* key) const { return value_.contains(key); }
  const std::string& text(const char* key) const {
    const Json& member = at(key);
    if (!member.is_string())
      fail("has a '" + std::string(key) + "' that is " + member.type_name() + ", text is expected");
    return member.get_ref<const std::string&>();
  }
  // An id that some files write as a number and others as text.
  std::string id(const char* key) const {
    const Json& member = at(key);
    if (member.is_string()) return member.get<std::string>();
    if (!member.is_number_integer())
      fail("has a '" + std::string(key) + "' that is " + member.type_name() + ", a number or text is expected");
    return member.dump();
  }

 private:
  const Json& at(const char* key) const {
    const auto member = value_.find(key);
    if (member == value_.end()) fail("has no '" + std::string(key) + "'");
    return *member;
  }
  const fs::path& file_;
  const char* list_;
  size_t index_;
  const Json& value_;
};

Json parse_json(const fs::path& file) {
  const std::string text = read_file(file);
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(error.byte, text.size()));
    const auto line = 1 + std::count(text.begin(), end, '\n');
    std::string reason = error.what();
    if (const auto at = reason.rfind(": ", reason.find("; last read")); at != std::string::npos)
      reason = reason.substr(at + 2);
    throw DataError(file.string() + ":" + std::to_string(line) + ": is not valid JSON (byte " +
                    std::to_string(error.byte) + ": " + reason + "); the file may be cut short, fetch it again.");
  }
}

const Json& list_of(const Json& document, const char* key, const fs::path& file) {
  if (!document.is_object())
    throw DataError(file.string() +
                    ": is not an object with 'videos' and 'sentences', the format of MSRVTT_data.json.");
  const auto list = document.find(key);
  if (list == document.end() || !list->is_array())
    throw DataError(file.string() + ": has no list '" + std::string(key) +
                    "'; the format of MSRVTT_data.json is expected.");
  return *list;
}

// ---------------------------------------------------------------------------------------------------- the corpus

class MsrvttCorpus final : public Corpus {
 public:
  explicit MsrvttCorpus(const MsrvttOptions& options) : options_(options), annotations_(resolve(options.annotations)) {
    for (auto* source : {&options_.train, &options_.val, &options_.test})
      if (*source == "1ka") *source = "MSRVTT_JSFUSION_test.csv";  // the paper's name for the list in circulation
    read_annotations();
    read_tags();
  }

  RetrievalSplit split(const std::string& name) const override {
    const std::string& source = source_of(name);
    RetrievalSplit split{name, {}, {}, {}};
    if (std::find(split_names_.begin(), split_names_.end(), source) != split_names_.end())
      take_named(source, split);
    else if (const fs::path file = resolve(source); fs::exists(file))
      take_list(file, split);
    else
      fail_source(name, source, file);
    find_files(split);
    return split;
  }

  std::vector<fs::path> sources() const override {
    std::vector<fs::path> files{annotations_};
    if (!tags_file_.empty()) files.push_back(tags_file_);
    for (const auto& source : {options_.train, options_.val, options_.test}) {
      const bool named = std::find(split_names_.begin(), split_names_.end(), source) != split_names_.end();
      if (named || !fs::exists(resolve(source))) continue;
      if (const auto file = resolve(source); std::find(files.begin(), files.end(), file) == files.end())
        files.push_back(file);
    }
    return files;
  }

 private:
  fs::path resolve(const std::string& path) const { return fs::path(options_.root) / path; }

  const std::string& source_of(const std::string& name) const {
    if (name == "train") return options_.train;
    if (name == "val") return options_.val;
    if (name == "test") return options_.test;
    throw ConfigError(unknown_name_message("split", name, {"train", "val", "test"}));
  }

  [[noreturn]] void fail_source(const std::string& name, const std::string& source, const fs::path& file) const {
    throw DataError("data." + name + ": " + quote(source) + " is neither a split of " + annotations_.string() + " (" +
                    join(split_names_, ", ") + ") nor a file (" + file.string() + ").");
  }

  void read_annotations() {
    const Json document = parse_json(annotations_);
    const Json& videos = list_of(document, "videos", annotations_);
    for (size_t i = 0; i < videos.size(); ++i) add_video(Element(annotations_, "videos", i, videos[i]));
    const Json& sentences = list_of(document, "sentences", annotations_);
    std::set<std::string> seen;
    for (size_t i = 0; i < sentences.size(); ++i)
      add_sentence(Element(annotations_, "sentences", i, sentences[i]), seen);
  }

  void add_video(const Element& element) {
    Annotated video{element.text("video_id"), element.has("split") ? element.text("split") : "", {}};
    if (video.id.empty()) element.fail("has an empty 'video_id'");
    if (!index_.emplace(video.id, videos_.size()).second) element.fail("repeats the video_id " + quote(video.id));
    if (!video.split.empty() && std::find(split_names_.begin(), split_names_.end(), video.split) == split_names_.end())
      split_names_.push_back(video.split);
    videos_.push_back(std::move(video));
  }

  void add_sentence(const Element& element, std::set<std::string>& seen) {
    const std::string& video = element.text("video_id");
    const auto found = index_.find(video);
    if (found == index_.end()) element.fail("is about " + quote(video) + ", which is not among the videos");
    std::string id = element.id("sen_id");
    if (!seen.insert(id).second) element.fail("repeats the sen_id " + id);
    videos_[found->second].sentences.push_back({std::move(id), element.text("caption")});
  }

  void read_tags() {
    const fs::path file = resolve(options_.tags.empty() ? "tags.csv" : options_.tags);
    if (options_.tags.empty() && !fs::exists(file)) return;
    const CsvTable table(file);
    tags_file_ = file;
    std::unordered_map<std::string, std::string> owners;  // sentence -> video
    for (const auto& video : videos_)
      for (const auto& sentence : video.sentences) owners.emplace(sentence.id, video.id);
    for (int64_t row = 0; row < table.rows(); ++row) {
      const Tag tag{table.at(row, "need"), table.at(row, "pair")};
      const auto& video = table.at(row, "video_id");
      if (index_.count(video) == 0)
        throw DataError(table.where(row) + " tags " + quote(video) + ", which is not in " + annotations_.string() +
                        ".");
      const auto owner = owners.find(table.at(row, "sen_id"));
      if (owner != owners.end() && owner->second != video)
        throw DataError(table.where(row) + " tags sentence " + owner->first + " as one of " + quote(video) +
                        ", but it describes " + quote(owner->second) + ".");
      if (!tags_.emplace(table.at(row, "sen_id"), tag).second)
        throw DataError(table.where(row) + " repeats the sen_id " + table.at(row, "sen_id") + ".");
      const auto& known = video_tags_.emplace(video, tag).first->second;
      if (known && !(*known == tag)) video_tags_[video].reset();
    }
  }

  // Sentences of a csv have ids of their own; they get the tags of their video where all its sentences agree.
  CaptionItem tagged(CaptionItem caption, const std::string& video) const {
    const auto by_sentence = tags_.find(caption.id);
    const auto by_video = video_tags_.find(video);
    if (by_sentence != tags_.end())
      std::tie(caption.need, caption.pair) = std::tie(by_sentence->second.need, by_sentence->second.pair);
    else if (by_video != video_tags_.end() && by_video->second)
      std::tie(caption.need, caption.pair) = std::tie(by_video->second->need, by_video->second->pair);
    return caption;
  }

  void take_video(const Annotated& video, RetrievalSplit& split) const {
    const auto index = static_cast<int64_t>(split.videos.size());
    split.videos.push_back({video.id, {}});
    const size_t count =
        options_.captions == "first" ? std::min<size_t>(1, video.sentences.size()) : video.sentences.size();
    for (size_t i = 0; i < count; ++i) {
      const auto& sentence = video.sentences[i];
      split.captions.push_back(tagged({sentence.id, sentence.text, index, "", ""}, video.id));
    }
  }

  void take_named(const std::string& name, RetrievalSplit& split) const {
    for (const auto& video : videos_)
      if (video.split == name) take_video(video, split);
  }

  void take_list(const fs::path& file, RetrievalSplit& split) const {
    const CsvTable table(file);
    if (!table.has("video_id") && table.header().size() > 1)
      throw DataError(file.string() + ": has several columns and none named video_id; name them in the first row.");
    if (options_.captions == "csv" && table.has("sentence")) return take_sentences(table, split);
    std::set<std::string> seen;
    const auto take = [&](const std::string& id, const std::string& where) {
      if (!seen.insert(id).second) throw DataError(where + " repeats the video " + quote(id) + ".");
      take_video(annotated(id, where), split);
    };
    // In a plain list the first row is an id as well.
    if (!table.has("video_id")) take(table.header().front(), file.string() + ": row 1");
    for (int64_t row = 0; row < table.rows(); ++row)
      take(table.has("video_id") ? table.at(row, "video_id") : table.at(row, table.header().front()), table.where(row));
  }

  void take_sentences(const CsvTable& table, RetrievalSplit& split) const {
    std::unordered_map<std::string, int64_t> indices;
    std::set<std::string> seen;
    for (int64_t row = 0; row < table.rows(); ++row) {
      const auto& video = table.at(row, "video_id");
      annotated(video, table.where(row));
      const auto [entry, fresh] = indices.emplace(video, static_cast<int64_t>(split.videos.size()));
      if (fresh) split.videos.push_back({video, {}});
      std::string id = table.has("key") ? table.at(row, "key") : "row" + std::to_string(row + 2);
      if (!seen.insert(id).second) throw DataError(table.where(row) + " repeats the key " + quote(id) + ".");
      split.captions.push_back(tagged({std::move(id), table.at(row, "sentence"), entry->second, "", ""}, video));
    }
  }

  const Annotated& annotated(const std::string& id, const std::string& where) const {
    if (const auto found = index_.find(id); found != index_.end()) return videos_[found->second];
    std::vector<std::string> known;
    for (const auto& video : videos_) known.push_back(video.id);
    const auto nearest = nearest_name(id, known);
    throw DataError(where + " names the video " + quote(id) + ", which is not in " + annotations_.string() +
                    (nearest.empty() ? "." : "; did you mean " + quote(nearest) + "?"));
  }

  void find_files(RetrievalSplit& split) const {
    if (options_.videos.empty()) return;
    const VideoFolder folder(resolve(options_.videos));
    for (auto& video : split.videos) {
      video.path = folder.find(video.id);
      if (video.path.empty()) split.missing.push_back(video.id);
    }
    if (split.missing.empty()) return;
    if (options_.missing == "fail" || split.missing.size() == split.videos.size()) fail_missing(split);
    drop_missing(split);
  }

  [[noreturn]] void fail_missing(const RetrievalSplit& split) const {
    constexpr size_t kShown = 10;
    std::vector<std::string> shown(split.missing.begin(), split.missing.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                                      kShown, split.missing.size())));
    throw DataError(resolve(options_.videos).string() + ": " + std::to_string(split.missing.size()) + " of the " +
                    std::to_string(split.videos.size()) + " videos of split " + split.name +
                    " have no file: " + join(shown, ", ") + (split.missing.size() > kShown ? ", …" : "") +
                    "; put them there, or leave them out by data.missing=skip.");
  }

  static void drop_missing(RetrievalSplit& split) {
    std::vector<int64_t> moved(split.videos.size(), -1);
    std::vector<VideoItem> videos;
    for (size_t i = 0; i < split.videos.size(); ++i) {
      if (split.videos[i].path.empty()) continue;
      moved[i] = static_cast<int64_t>(videos.size());
      videos.push_back(std::move(split.videos[i]));
    }
    split.videos = std::move(videos);
    for (auto& caption : split.captions) caption.video = moved[static_cast<size_t>(caption.video)];
    std::erase_if(split.captions, [](const CaptionItem& caption) { return caption.video < 0; });
  }

  MsrvttOptions options_;
  fs::path annotations_, tags_file_;
  std::vector<Annotated> videos_;  // in file order
  std::vector<std::string> split_names_;
  std::unordered_map<std::string, size_t> index_;
  std::unordered_map<std::string, Tag> tags_;                       // by sen_id
  std::unordered_map<std::string, std::optional<Tag>> video_tags_;  // nothing where its sentences disagree
};

}  // namespace

TVR_REGISTER_CORPUS(msrvtt, MsrvttCorpus, MsrvttOptions)

}  // namespace tvr
