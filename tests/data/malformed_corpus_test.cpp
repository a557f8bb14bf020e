// The same damages done to the annotation file of every corpus: each is one sentence that names the file, and the line
// where the format has lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus_files.h"

namespace tvr {
namespace {

using test::Json;
using testing::AllOf;
using testing::HasSubstr;

struct Format {
  const char *type, *file;
  std::string content;  // well-formed, several lines, a caption with the letters CAPTION in line 2 or later
  Json options = Json::object();
};

void PrintTo(const Format& format, std::ostream* stream) {
  *stream << format.type << " " << format.file;
}

std::vector<Format> formats() {
  const std::string clip = "9001_Film_00.00.01.000-00.00.02.00";
  return {
      {"msrvtt", "MSRVTT_data.json",
       "{\"videos\": [{\"video_id\": \"a\", \"split\": \"test\"}],\n\"sentences\":\n"
       "[{\"video_id\": \"a\", \"sen_id\": 0, \"caption\": \"CAPTION\"}]}"},
      {"msrvtt",
       "MSR_VTT.json",
       "{\"annotations\": [\n{\"image_id\": \"a\", \"caption\": \"CAPTION\"}]}",
       {{"test", "ids.txt"}}},
      {"msvd", "captions_msvd.json", "{\"a\":\n[\"CAPTION\"]}", {{"test", "ids.txt"}}},
      {"msvd", "AllVideoDescriptions.txt", "a x\na CAPTION\n", {{"test", "ids.txt"}}},
      {"lsmdc", "LSMDC16_challenge_1000_publictect.csv",
       clip + "0\t0\t0\t0\t0\tx\n" + clip + "1\t0\t0\t0\t0\tCAPTION\n"},
      {"didemo", "test_data.json", "[\n{\"video\": \"a.mov\", \"description\": \"CAPTION\"}]"},
      {"didemo", "p.csv", "video_path,text\na.mov,\"x\"\nb.mov,\"CAPTION\"\n", {{"test", "p.csv"}}},
      {"activitynet", "val_1.json",
       "{\"v_a\":\n{\"duration\": 1, \"timestamps\": [[0, 1]], \"sentences\": [\"CAPTION\"]}}"},
      {"pairs", "test.csv", "path,text\na.mp4,\"x\"\nb.mp4,\"CAPTION\"\n"},
      {"pairs", "test.tsv", "path\ttext\na.mp4\tx\nb.mp4\tCAPTION\n"},
      {"pairs", "test.jsonl", "{\"path\": \"a\", \"text\": \"x\"}\n{\"path\": \"b\", \"text\": \"CAPTION\"}\n"},
      {"pairs", "test.json", "[{\"path\": \"a\",\n\"text\": \"CAPTION\"}]"},
  };
}

class MalformedCorpus : public test::CorpusTest, public testing::WithParamInterface<Format> {
 protected:
  MalformedCorpus() : CorpusTest(GetParam().type) { add("ids.txt", "a\n"); }
  std::string complaint_about(const std::string& content) const {
    add(GetParam().file, content);
    return complaint("test", GetParam().options);
  }
  std::string with_caption(const std::string& caption) const {
    auto content = GetParam().content;
    return content.replace(content.find("CAPTION"), 7, caption);
  }
  // The file and any line but the first.
  testing::Matcher<const std::string&> names_a_line() const {
    return testing::ContainsRegex(std::string(GetParam().file) + ":([2-9]|[1-9][0-9]+)");
  }
};

TEST_P(MalformedCorpus, IsReadBeforeTheDamage) {
  EXPECT_EQ(complaint_about(GetParam().content), "no such error");
}

TEST_P(MalformedCorpus, BadEncodingIsReportedWithItsLine) {
  EXPECT_THAT(complaint_about(with_caption("caf\xE9")), AllOf(names_a_line(), HasSubstr("UTF-8")));
}

TEST_P(MalformedCorpus, ALineThatIsNoCaptionIsReportedWithItsLine) {
  const auto text = complaint_about(with_caption(std::string(2'000'000, 'x')));
  EXPECT_THAT(text, AllOf(names_a_line(), HasSubstr("1 MiB")));
  EXPECT_LT(text.size(), 600u);
}

TEST_P(MalformedCorpus, TheEmptyFileIsReported) {
  EXPECT_THAT(complaint_about(""),
              testing::AnyOf(HasSubstr(GetParam().file), HasSubstr("ids.txt:1: names the video 'a', which is not in")));
}

TEST_P(MalformedCorpus, AnotherKindOfFileIsReported) {
  for (const std::string& content : {std::string("\x00\x01\xFF\xFE", 4), std::string("<html><body>404</body></html>\n"),
                                     std::string("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")})
    EXPECT_NE(complaint_about(content), "no such error") << content;
}

TEST_P(MalformedCorpus, NoCutCrashes) {
  const auto& content = GetParam().content;
  for (size_t length = 0; length < content.size(); ++length) complaint_about(content.substr(0, length));
}

TEST_P(MalformedCorpus, AFolderInItsPlaceIsReported) {
  std::filesystem::create_directories(folder_.path() / GetParam().file);
  EXPECT_THAT(complaint("test", GetParam().options), HasSubstr("is not a regular file"));
}

INSTANTIATE_TEST_SUITE_P(Formats, MalformedCorpus, testing::ValuesIn(formats()));

class MalformedJsonCorpus : public MalformedCorpus {};

TEST_P(MalformedJsonCorpus, EveryCutIsReported) {
  const auto& content = GetParam().content;
  for (size_t length = 0; length < content.size(); ++length)
    EXPECT_THAT(complaint_about(content.substr(0, length)),
                AllOf(HasSubstr(std::string(GetParam().file) + ":"), HasSubstr("is not valid JSON")))
        << length;
}

TEST_P(MalformedJsonCorpus, ARepeatedKeyIsReported) {
  auto content = GetParam().content;
  content.insert(content.rfind('}'), ", \"x\": 1, \"x\": 2");
  EXPECT_THAT(complaint_about(content), HasSubstr("the key 'x' occurs twice"));
}

std::vector<Format> json_formats() {
  auto all = formats();
  std::erase_if(all, [](const Format& format) { return !std::string(format.file).ends_with(".json"); });
  return all;
}

INSTANTIATE_TEST_SUITE_P(Formats, MalformedJsonCorpus, testing::ValuesIn(json_formats()));

}  // namespace
}  // namespace tvr
