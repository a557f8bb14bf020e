// MSR-VTT, and whatever is written in its formats (the generated demo corpus): MSRVTT_data.json with videos and
// sentences, lists of video ids, lists with captions of their own (1k-A). Xu et al., "MSR-VTT", CVPR 2016; Yu et al.
// (JSFusion), ECCV 2018; Miech et al., ICCV 2019 (9k, 1k-B).
#include "msrvtt.h"

#include <algorithm>
#include <unordered_set>

#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/data/annotation_file.h"
#include "tvr/data/msrvtt_annotations.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSplits[] = {"train", "val", "test"};
constexpr const char* kOneThousandA = "MSRVTT_JSFUSION_test.csv";

// Names of splits are looked for in the JSON first.
const StandardSplits& standard_splits() {
  static const StandardSplits kStandard{
      {"9k", {"MSRVTT_train.9k.csv", "train_list_jsfusion.txt"}, {{"MSR-VTT 9k train", 9000, 180000}}},
      {"7k", {"MSRVTT_train.7k.csv"}, {{"MSR-VTT 7k train", 7010, 140200}}},
      {"1ka", {kOneThousandA}, {{"MSR-VTT 1k-A test (JSFusion)", 1000, 1000}}},
      {"train", {"MSRVTT_train.full.csv", "train_list_full.txt"}, {{"MSR-VTT official train", 6513, 130260}}},
      {"validate", {"MSRVTT_val.full.csv", "val_list_full.txt"}, {{"MSR-VTT official validation", 497, 9940}}},
      {"test", {"MSRVTT_test.full.csv", "test_list_full.txt"}, {{"MSR-VTT official test", 2990, 59800}}},
  };
  return kStandard;
}

// The small lists that everybody has: SHA-256 of the file, and of its rows "video<tab>caption\n".
struct KnownList {
  const char *name, *bytes, *rows;
};
constexpr KnownList kKnownLists[] = {
    {kOneThousandA, "e61144b312c8a2fc2126f96504c981f8c23c05b3ba9655a56e2af50ac8a4b16a",
     "967ebcd615cc4c06d079f3d160bbde9f327e0dde06f5a383b35c8e9fc999253f"},
    {"MSRVTT_train.9k.csv", "0a7ece2418e1f7ac5680555a04ddfef8950293ac3c4bdd6584fb0fa6cc0ff7d3",
     "46deea4d926096fd28c1ae30f0b0716879fb284597f65f88d44b89740896c4ed"},
    {"MSRVTT_train.7k.csv", "ca0d04c34310168b620c90c67eaec702b37398943965f5e1f9f44af8f193da7d",
     "21749bf63b536dc84df7461ecdbe17e934bbfd15653a6f0feb3f1cd13a5a7821"},
};

// "" or how a list differs from the one in circulation under its name.
std::string difference(const fs::path& file, const CaptionList& list) {
  const auto known = std::find_if(std::begin(kKnownLists), std::end(kKnownLists),
                                  [&](const KnownList& k) { return file.filename() == k.name; });
  if (known == std::end(kKnownLists) || sha256_file(file) == known->bytes) return "";
  std::string rows;
  for (const auto& row : list.rows) rows += row.video + "\t" + row.text + "\n";
  if (sha256(rows) == known->rows)
    return file.string() + " has the rows of the file in circulation in other bytes (line ends, a byte-order mark).";
  return file.string() + " is not the file in circulation under this name: other rows, or another order.";
}

}  // namespace

std::vector<fs::path> MsrvttOptions::annotation_files() const {
  const std::vector<std::vector<std::string>> circulating{
      {"MSRVTT_data.json"}, {"train_val_videodatainfo.json", "test_videodatainfo.json"}, {"MSR_VTT.json"}};
  if (!annotations.empty()) return {fs::path(root) / annotations};
  for (const auto& names : circulating) {
    std::vector<fs::path> files;
    for (const auto& name : names) files.push_back(fs::path(root) / name);
    if (std::all_of(files.begin(), files.end(), [](const fs::path& file) { return fs::exists(file); })) return files;
  }
  return {};
}

std::string MsrvttOptions::validate() const {
  if (auto problem = CorpusOptions::validate(); !problem.empty()) return problem;
  std::vector<std::string> problems;
  const auto folder = fs::path(root);
  if (!annotations.empty() && !fs::exists(folder / annotations))
    problems.push_back("annotations: there is no file '" + (folder / annotations).string() + "'");
  if (annotation_files().empty())
    problems.push_back("annotations: there is no MSRVTT_data.json in '" + root +
                       "', nor the two official files, nor MSR_VTT.json; name the file, or read lists with captions of "
                       "their own by type pairs");
  if (!tags.empty() && !fs::exists(folder / tags))
    problems.push_back("tags: there is no file '" + (folder / tags).string() + "'");
  return join(problems, "; ");
}

MsrvttCorpus::MsrvttCorpus(const MsrvttOptions& options)
    : Corpus(options), options_(options), annotations_(options.annotation_files()), videos_(read_msrvtt(annotations_)) {
  for (const auto& video : videos_.all())
    if (!video.split.empty() && !is_named(video.split)) split_names_.push_back(video.split);
  for (auto* source : {&options_.train, &options_.val, &options_.test})
    if (*source == "full")
      *source = source == &options_.train ? "train" : source == &options_.val ? "validate" : "test";
  for (const char* name : kSplits) {
    const auto& source = options_.source(name);
    const auto file = options_.file(source, standard_splits());
    if (!source.empty() && !is_named(source) && fs::exists(file)) lists_.try_emplace(source, read_caption_list(file));
  }
  const auto tags = resolve(options_.tags.empty() ? "tags.csv" : options_.tags);
  if (options_.tags.empty() && !fs::exists(tags)) return;
  tags_file_ = tags;
  tags_ = CaptionTags(tags, videos_);
}

std::vector<fs::path> MsrvttCorpus::sources() const {
  auto files = annotations_;
  if (tags_file_) files.push_back(*tags_file_);
  for (const auto& [source, list] : lists_) files.push_back(options_.file(source, standard_splits()));
  return files;
}

bool MsrvttCorpus::is_named(const std::string& source) const {
  return std::find(split_names_.begin(), split_names_.end(), source) != split_names_.end();
}

RetrievalSplit MsrvttCorpus::read_split(const std::string& name) const {
  const auto& source = options_.source(name);
  const auto list = lists_.find(source);
  const auto file = options_.file(source, standard_splits());
  if (!is_named(source) && list == lists_.end())
    throw DataError("data." + name + ": " + in_quotes(source) + " is neither a split of " + annotations_[0].string() +
                    " (" + join(split_names_, ", ") + ") nor a list in circulation (9k, 7k, full, 1ka) nor a file (" +
                    file.string() + ").");
  SplitBuilder builder;
  if (list != lists_.end()) {
    take_list(list->second, builder);
    if (auto note = difference(file, list->second); !note.empty()) builder.note(std::move(note));
  } else {
    for (const auto& video : videos_.all())
      if (video.split == source) builder.add(video, options_.captions == "first" ? 1 : video.captions.size());
  }
  auto split = builder.take();
  tags_.apply(split);
  split.published = published(source, list != lists_.end() && list->second.has_captions);
  return split;
}

void MsrvttCorpus::take_list(const CaptionList& list, SplitBuilder& split) const {
  if (options_.captions == "csv" && list.has_captions) return take_captions(list, split);
  std::unordered_set<std::string> seen;
  for (const auto& row : list.rows) {
    const auto& video = known(row);
    if (!seen.insert(video.item.id).second)
      throw DataError(row.where + ": repeats the video " + in_quotes(video.item.id) + ".");
    split.add(video, options_.captions == "first" ? 1 : video.captions.size());
  }
}

void MsrvttCorpus::take_captions(const CaptionList& list, SplitBuilder& split) const {
  for (const auto& row : list.rows) split.caption(split.video(known(row).item), row.id, row.text);
}

// Some lists name files: "video7.mp4", "videos/video7.mp4".
const AnnotatedVideo& MsrvttCorpus::known(const CaptionRow& row) const {
  const auto stem = video_stem(fs::path(row.video).filename().string());
  const auto* by_stem = videos_.find(row.video) == nullptr ? videos_.find(stem) : nullptr;
  return by_stem != nullptr ? *by_stem : videos_.named(row.video, row.where, annotations_.front());
}

// The demo corpus and other corpora with tags use the format, not the splits of the literature; nor does a choice of
// sentences that nobody counts.
std::optional<PublishedCounts> MsrvttCorpus::published(const std::string& source, bool own_captions) const {
  auto counts = published_counts(source, standard_splits());
  const bool one_each = counts && counts->videos == counts->captions;
  const bool as_published = one_each ? own_captions && options_.captions == "csv" : options_.captions != "first";
  if (tags_file_ || !as_published) return std::nullopt;
  return counts;
}

TVR_REGISTER_CORPUS(msrvtt, MsrvttCorpus, MsrvttOptions)

}  // namespace tvr
