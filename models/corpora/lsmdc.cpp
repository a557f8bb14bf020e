// LSMDC (Rohrbach et al., "Movie Description", IJCV 2017): clips of films, a sentence each, names replaced by SOMEONE.
// Three files without header, six fields between tabs: clip id, start and end aligned, start and end extracted,
// sentence. They are no csv: quotes are text.
#include <algorithm>
#include <set>

#include "tvr/base/error.h"
#include "tvr/base/names.h"
#include "tvr/data/annotated_videos.h"
#include "tvr/data/annotation_file.h"
#include "tvr/data/split_files.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

const StandardSplits& standard_splits() {
  static const StandardSplits kStandard{
      {"train", {"LSMDC16_annos_training.csv"}, {{"LSMDC train", 101079, 101079}}},
      {"val", {"LSMDC16_annos_val.csv"}, {{"LSMDC validation", 7408, 7408}}},
      // The misspelling is part of the name in circulation.
      {"test", {"LSMDC16_challenge_1000_publictect.csv"}, {{"LSMDC public test", 1000, 1000}}}};
  return kStandard;
}

struct LsmdcOptions : SplitOptions {
  std::vector<std::string> leave_out;

  template <class Visit>
  void fields(Visit&& f) {
    CorpusOptions::fields(f);
    f("leave_out", leave_out,
      "Clip ids to leave out, as some published evaluations do for clips they could not read; each changes the number "
      "of test videos");
    f("train", train, "train, val or test (LSMDC16_annos_training.csv, …), or a file with the same six fields");
    f("val", val, "The same for validation");
    f("test", test, "The same for the test");
  }
  std::string validate() const { return problems(standard_splits()); }
};

// MOVIE_hh.mm.ss.mmm-hh.mm.ss.mmm. Names of films hold digits, underscores and years, so the times are cut from the
// right.
bool is_clip_id(const std::string& id) {
  const auto movie = id.rfind('_');
  if (movie == 0 || movie == std::string::npos) return false;
  const auto times = id.substr(movie + 1);
  return std::count(times.begin(), times.end(), '-') == 1 && times.find('.') != std::string::npos &&
         times.find_first_not_of("0123456789.-") == std::string::npos;
}

class LsmdcCorpus final : public Corpus {
 public:
  explicit LsmdcCorpus(const LsmdcOptions& options)
      : Corpus(options),
        leave_out_(options.leave_out.begin(), options.leave_out.end()),
        splits_(options, standard_splits(), [&](const std::string&, const fs::path& file) { return read(file); }) {
    for (const auto& id : leave_out_)
      if (met_.count(id) == 0)
        throw DataError("data.leave_out: the clip " + in_quotes(id) + " is in no annotation file that was read.");
  }

  std::vector<fs::path> sources() const override { return splits_.files(); }

 private:
  static constexpr size_t kFields = 6, kSentence = 5;

  RetrievalSplit read_split(const std::string& name) const override { return splits_.split(name); }

  RetrievalSplit read(const fs::path& file) {
    SplitBuilder builder;
    std::vector<std::string> left_out;
    const auto lines = read_lines(file);
    if (lines.empty()) throw DataError(file.string() + ": is empty; clips with sentences are expected.");
    for (const auto& line : lines) {
      const auto fields = split_at_tabs(line.text);
      check(fields, place(file, line.line));
      if (leave_out_.count(fields[0]) > 0)
        left_out.push_back(fields[0]);
      else
        builder.caption(builder.video({.id = fields[0], .path = {}}), "", fields[kSentence]);
    }
    met_.insert(left_out.begin(), left_out.end());
    if (!left_out.empty()) builder.note(some_of(left_out) + " were left out, as data.leave_out says.");
    return builder.take();
  }

  static void check(const std::vector<std::string>& fields, const std::string& where) {
    if (fields.size() != kFields)
      throw DataError(where + ": has " + std::to_string(fields.size()) +
                      " fields between tabs, 6 are expected: clip id, four times, sentence.");
    if (!is_clip_id(fields[0]))
      throw DataError(where + ": " + in_quotes(fields[0]) +
                      " is no clip id, MOVIE_hh.mm.ss.mmm-hh.mm.ss.mmm is expected; the file has no header.");
  }

  std::set<std::string> leave_out_, met_;
  SplitFiles splits_;
};

}  // namespace

TVR_REGISTER_CORPUS(lsmdc, LsmdcCorpus, LsmdcOptions)

}  // namespace tvr
