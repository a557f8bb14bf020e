// MSVD (Chen and Dolan, "Collecting Highly Parallel Data for Paraphrase Evaluation", ACL 2011): 1,970 clips with about
// 41 sentences each. Lists of ids for the splits; the captions as a pickle, as JSON or as lines of text. Every caption
// is a query of the test, which has several right texts a video.
#include <unordered_map>
#include <unordered_set>

#include "tvr/base/error.h"
#include "tvr/base/pickle.h"
#include "tvr/data/annotated_videos.h"
#include "tvr/data/annotation_file.h"
#include "tvr/data/annotation_json.h"
#include "tvr/data/caption_list.h"
#include "tvr/data/split_files.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

const StandardSplits& standard_splits() {
  static const StandardSplits kStandard{{"train", {"train_list.txt"}, {{"MSVD train", 1200, 48774}}},
                                        {"val", {"val_list.txt"}, {{"MSVD validation", 100, 4290}}},
                                        {"test", {"test_list.txt"}, {{"MSVD test", 670, 27763}}}};
  return kStandard;
}

struct MsvdOptions : SplitOptions {
  std::string annotations, mapping;

  template <class Visit>
  void fields(Visit&& f) {
    CorpusOptions::fields(f);
    f("annotations", annotations,
      "The captions; empty: raw-captions.pkl, captions_msvd.json or AllVideoDescriptions.txt, whichever is there "
      "first");
    f("mapping", mapping,
      "Lines of ID vidN, for files that are named vidN.avi; empty: youtube_mapping.txt if it is there");
    f("train", train, "train, val or test (train_list.txt, …), or a file with ids");
    f("val", val, "The same for validation");
    f("test", test, "The same for the test");
  }
  std::string validate() const {
    if (auto problem = problems(standard_splits()); !problem.empty()) return problem;
    if (!fs::exists(annotation_file()))
      return "annotations: there is no file '" + annotation_file().string() +
             (annotations.empty() ? "', nor captions_msvd.json or AllVideoDescriptions.txt" : "'");
    if (!mapping.empty() && !fs::exists(fs::path(root) / mapping))
      return "mapping: there is no file '" + (fs::path(root) / mapping).string() + "'";
    return "";
  }
  fs::path annotation_file() const {
    if (!annotations.empty()) return fs::path(root) / annotations;
    for (const char* name : {"raw-captions.pkl", "captions_msvd.json", "AllVideoDescriptions.txt"})
      if (fs::exists(fs::path(root) / name)) return fs::path(root) / name;
    return fs::path(root) / "raw-captions.pkl";
  }
};

// ------------------------------------------------------------------------------------------- {id: [sentence, …]}

AnnotatedVideos read_json_captions(const fs::path& file) {
  const JsonDocument document(file);
  AnnotatedVideos videos;
  for (const auto member : document.root().object()) {
    auto& video = videos.get(std::string(member.key()));
    for (const auto caption : member.list()) video.captions.push_back({"", std::string(caption.text())});
  }
  return videos;
}

// ------------------------------------------------------------------------------------------- {id: [[word, …], …]}

class PickledCaptions {
 public:
  explicit PickledCaptions(const fs::path& file) : file_(file) {}

  AnnotatedVideos read() {
    const auto bytes = read_annotation(file_);
    const auto pickle = read_pickle(bytes, file_.string());
    const auto* map = std::get_if<PickleMap>(&pickle.root().value);
    if (map == nullptr) fail("", "is no dictionary from ids to lists of captions");
    for (const auto& [key, value] : map->items) {
      const auto* id = std::get_if<std::string>(&key->value);
      if (id == nullptr) fail("", "has a key that is no text; ids of videos are expected");
      if (videos_.find(*id) != nullptr) fail(*id, "occurs twice");
      add(*id, *value);
    }
    return std::move(videos_);
  }

 private:
  [[noreturn]] void fail(const std::string& id, const std::string& what) const {
    throw DataError(file_.string() + ": " + (id.empty() ? "" : "video " + in_quotes(id) + " ") + what + ".");
  }

  void add(const std::string& id, const PickleValue& value) {
    const auto* captions = std::get_if<PickleSequence>(&value.value);
    if (captions == nullptr) fail(id, "has something else than a list of captions");
    auto& video = videos_.get(id);
    for (size_t i = 0; i < captions->items.size(); ++i) {
      video.captions.push_back({"", text_of(*captions->items[i], id, i)});
      if (video.captions.back().text.size() > kLongestText)
        fail(id, "has a caption (number " + std::to_string(i) + ") of more than 1 MiB");
    }
  }

  // Words are joined by one blank; a caption may also be one text.
  std::string text_of(const PickleValue& caption, const std::string& id, size_t number) const {
    const auto wrong = [&] {
      fail(id, "has a caption (number " + std::to_string(number) + ") that is no list of words");
    };
    if (const auto* text = std::get_if<std::string>(&caption.value)) return *text;
    const auto* words = std::get_if<PickleSequence>(&caption.value);
    if (words == nullptr) wrong();
    std::string text;
    for (size_t i = 0; i < words->items.size(); ++i) {
      const auto* word = std::get_if<std::string>(&words->items[i]->value);
      if (word == nullptr) wrong();
      text += (i == 0 ? "" : " ") + *word;
    }
    return text;
  }

  fs::path file_;
  AnnotatedVideos videos_;
};

// ------------------------------------------------------------------------------------------- "id sentence" a line

struct TwoFields {
  std::string first, second, where;
};

std::vector<TwoFields> read_two_fields(const fs::path& file, const char* expected) {
  std::vector<TwoFields> rows;
  for (const auto& [text, line] : read_lines(file)) {
    if (text.starts_with('#')) continue;  // a comment: no id begins so
    const auto blank = text.find_first_of(" \t");
    if (blank == 0 || blank == std::string::npos || blank + 1 == text.size())
      throw DataError(place(file, line) + ": is " + in_quotes(text) + ", " + expected + " is expected.");
    rows.push_back({text.substr(0, blank), text.substr(blank + 1), place(file, line)});
  }
  return rows;
}

AnnotatedVideos read_lines_of_captions(const fs::path& file) {
  AnnotatedVideos videos;
  for (const auto& row : read_two_fields(file, "an id, a blank and a caption"))
    videos.get(row.first).captions.push_back({"", row.second});
  return videos;
}

AnnotatedVideos read_captions(const fs::path& file) {
  const auto extension = file.extension();
  if (extension == ".json") return read_json_captions(file);
  if (extension == ".pkl" || extension == ".pickle") return PickledCaptions(file).read();
  return read_lines_of_captions(file);
}

std::unordered_map<std::string, std::string> read_mapping(const fs::path& file) {
  std::unordered_map<std::string, std::string> names;
  for (const auto& row : read_two_fields(file, "an id, a blank and a name such as vid7"))
    if (!names.emplace(row.first, row.second).second)
      throw DataError(row.where + ": repeats the video " + in_quotes(row.first) + ".");
  return names;
}

class MsvdCorpus final : public Corpus {
 public:
  explicit MsvdCorpus(const MsvdOptions& options)
      : Corpus(options),
        annotations_(options.annotation_file()),
        mapping_(resolve(options.mapping.empty() ? "youtube_mapping.txt" : options.mapping)),
        videos_(read_captions(annotations_)),
        splits_(options, standard_splits(), [&](const std::string&, const fs::path& file) { return listed(file); }) {
    if (!options.mapping.empty() || fs::exists(mapping_)) names_ = read_mapping(mapping_);
  }

  std::vector<fs::path> sources() const override {
    auto files = splits_.files();
    files.push_back(annotations_);
    if (!names_.empty()) files.push_back(mapping_);
    return files;
  }

 private:
  RetrievalSplit read_split(const std::string& name) const override { return splits_.split(name); }

  RetrievalSplit listed(const fs::path& list) const {
    SplitBuilder builder;
    for (const auto& row : read_id_list(list)) builder.add(videos_.named(row.video, row.where, annotations_));
    return builder.take();
  }

  std::vector<std::string> file_names(const VideoItem& video) const override {
    const auto other = names_.find(video.id);
    if (other == names_.end()) return {video.id};
    return {video.id, other->second};
  }

  fs::path annotations_, mapping_;
  AnnotatedVideos videos_;
  SplitFiles splits_;
  std::unordered_map<std::string, std::string> names_;  // of files, by id
};

}  // namespace

TVR_REGISTER_CORPUS(msvd, MsvdCorpus, MsvdOptions)

}  // namespace tvr
