#include "tvr/data/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

template <class Work>
std::string data_error(Work&& work) {
  try {
    work();
  } catch (const DataError& error) {
    return error.what();
  }
  return "no DataError";
}

TEST(Utf8, AcceptsWellFormedAndRefusesEverythingElse) {
  for (const char* text :
       {"", "plain", "caf\xC3\xA9", "\xE2\x80\x99", "\xF0\x9F\x8E\xAC", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text : {"\x80", "caf\xE9", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\xAF",
                           "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x80", "\xFF"})
    EXPECT_FALSE(is_utf8(text)) << testing::PrintToString(text);
}

class VideoFolderTest : public testing::Test {
 protected:
  fs::path add(const std::string& name, const std::string& content = "x") {
    write_file(folder_.path() / name, content);
    return folder_.path() / name;
  }
  fs::path find(const std::string& id) const { return VideoFolder(folder_.path()).find(id); }
  test::TemporaryFolder folder_;
};

TEST_F(VideoFolderTest, FindsIdsWhateverTheExtensionAndDepth) {
  EXPECT_EQ(find("video7"), fs::path());
  const auto a = add("video7.mp4"), b = add("deep/er/video8.WEBM"), c = add("-x_1_2.avi"),
             d = add("00.23.28.872-00.23.34.843"), e = add("name.mov");
  EXPECT_EQ(find("video7"), a);
  EXPECT_EQ(find("video8"), b);
  EXPECT_EQ(find("-x_1_2"), c);
  EXPECT_EQ(find("00.23.28.872-00.23.34.843"), d);
  EXPECT_EQ(find("name.mov"), e);
  EXPECT_EQ(find("video"), fs::path());
}

TEST_F(VideoFolderTest, AnEmptyFileAndABrokenLinkAreMissing) {
  add("video1.mp4", "");
  fs::create_symlink("nowhere.mp4", folder_.path() / "video2.mp4");
  EXPECT_EQ(find("video1"), fs::path());
  EXPECT_EQ(find("video2"), fs::path());
}

TEST_F(VideoFolderTest, FollowsLinksAndSurvivesLoops) {
  const test::TemporaryFolder elsewhere;
  write_file(elsewhere.path() / "video3.mp4", "x");
  fs::create_directory_symlink(elsewhere.path(), folder_.path() / "link");
  fs::create_directory_symlink(folder_.path(), folder_.path() / "loop");
  EXPECT_EQ(find("video3"), folder_.path() / "link" / "video3.mp4");
}

TEST_F(VideoFolderTest, TwoFilesForOneIdAreAnErrorOnceTheIdIsAskedFor) {
  add("a/video1.mp4");
  add("b/video1.avi");
  add("video2.mp4");
  EXPECT_NE(find("video2"), fs::path());
  EXPECT_THAT(data_error([&] { find("video1"); }),
              AllOf(HasSubstr("'video1'"), HasSubstr("a/video1.mp4"), HasSubstr("b/video1.avi")));
}

TEST_F(VideoFolderTest, AFolderThatIsNotThereIsNamed) {
  EXPECT_THAT(data_error([&] { VideoFolder(folder_.path() / "clips"); }), HasSubstr("clips: is not a folder"));
}

class CsvTableTest : public testing::Test {
 protected:
  CsvTable table(const std::string& content) {
    write_file(folder_.path() / "t.csv", content);
    return CsvTable(folder_.path() / "t.csv");
  }
  test::TemporaryFolder folder_;
};

TEST_F(CsvTableTest, ReadsColumnsByName) {
  const auto read = table("\xEF\xBB\xBFid,text\r\n1,\" a, b \"\r\n2,c");
  ASSERT_EQ(read.rows(), 2);
  EXPECT_EQ(read.at(0, "text"), " a, b ");
  EXPECT_EQ(read.at(1, "id"), "2");
  EXPECT_TRUE(read.has("id"));
  EXPECT_FALSE(read.has("sentence"));
  EXPECT_THAT(data_error([&] { read.at(0, "txt"); }), HasSubstr("did you mean 'text'"));
}

TEST_F(CsvTableTest, ComplaintsNameTheRow) {
  EXPECT_THAT(data_error([&] { table(""); }), HasSubstr("is empty"));
  EXPECT_THAT(data_error([&] { table("a,b\n1,2\n3\n"); }), HasSubstr("t.csv: row 3 has 1 fields"));
  EXPECT_THAT(data_error([&] { table("a\ncaf\xE9\n"); }), HasSubstr("row 2 is not valid UTF-8"));
  EXPECT_THAT(data_error([&] { table("a,b\n1,\"open\n"); }), HasSubstr("t.csv:"));
}

}  // namespace
}  // namespace tvr
