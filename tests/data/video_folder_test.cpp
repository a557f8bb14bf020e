#include "tvr/data/video_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "corpus_files.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using test::error_text;
using testing::AllOf;
using testing::HasSubstr;

class VideoFolderTest : public testing::Test {
 protected:
  fs::path add(const std::string& name, const std::string& content = "x") {
    write_file(folder_.path() / name, content);
    return folder_.path() / name;
  }
  fs::path find(const std::string& id) const { return VideoFolder(folder_.path()).find(id).path; }
  std::string reason(const std::string& id) const { return VideoFolder(folder_.path()).find(id).reason; }
  test::TemporaryFolder folder_;
};

TEST(VideoStem, TakesOffMediaExtensionsOnly) {
  EXPECT_EQ(video_stem("video7.mp4"), "video7");
  EXPECT_EQ(video_stem("video7.MTS"), "video7");
  EXPECT_EQ(video_stem("35034348999@N01_6060447507."), "35034348999@N01_6060447507");
  EXPECT_EQ(video_stem("0001_Film_00.23.28.872-00.23.34.843"), "0001_Film_00.23.28.872-00.23.34.843");
  EXPECT_EQ(video_stem("a.mov.mp4"), "a.mov");
  EXPECT_EQ(video_stem(".mp4"), ".mp4");
  EXPECT_EQ(video_stem(""), "");
}

TEST_F(VideoFolderTest, FindsIdsWhateverTheExtensionAndDepth) {
  EXPECT_EQ(find("video7"), fs::path());
  EXPECT_EQ(reason("video7"), "has no file");
  const auto a = add("video7.mp4"), b = add("deep/er/video8.WEBM"), c = add("-x_1_2.avi"),
             d = add("00.23.28.872-00.23.34.843"), e = add("name.mov"), f = add("7@N01_6.");
  EXPECT_EQ(find("video7"), a);
  EXPECT_EQ(find("video8"), b);
  EXPECT_EQ(find("-x_1_2"), c);
  EXPECT_EQ(find("00.23.28.872-00.23.34.843"), d);
  EXPECT_EQ(find("name.mov"), e);
  EXPECT_EQ(find("7@N01_6."), f);
  EXPECT_EQ(find("video"), fs::path());
  EXPECT_EQ(reason("video7"), "");
}

TEST_F(VideoFolderTest, TheFirstRuleThatFindsAFileWins) {
  const auto exact = add("a/clip.mov"), stem = add("b/clip.mov.mp4"), other = add("c/clip.mp4");
  EXPECT_EQ(find("clip.mov"), exact);
  fs::remove(exact);
  EXPECT_EQ(find("clip.mov"), stem);
  fs::remove(stem);
  EXPECT_EQ(find("clip.mov"), other);  // converted
  const auto bare = add("b/clip.");
  EXPECT_EQ(find("clip."), bare);
  fs::remove(bare);
  EXPECT_EQ(find("clip."), other);
}

TEST_F(VideoFolderTest, FindsActivityNetsNamesWithAndWithoutTheirPrefix) {
  const auto with = add("v_QOlSCBRmfWY.mkv"), without = add("bXdq2zI1Ms0.mp4");
  EXPECT_EQ(find("QOlSCBRmfWY"), with);
  EXPECT_EQ(find("v_QOlSCBRmfWY"), with);
  EXPECT_EQ(find("v_bXdq2zI1Ms0"), without);
  add("QOlSCBRmfWY.webm");
  EXPECT_EQ(find("QOlSCBRmfWY"), folder_.path() / "QOlSCBRmfWY.webm");
}

TEST_F(VideoFolderTest, AnIdWithFoldersMeansTheFileInThem) {
  const auto a = add("x/film/clip.avi"), b = add("x/other/clip.avi");
  EXPECT_EQ(find("film/clip"), a);
  EXPECT_EQ(find("./x/other/../film/clip.avi"), a);
  EXPECT_EQ(find("x/other/clip.mp4"), b);
  EXPECT_EQ(find("ilm/clip"), fs::path());
  EXPECT_THAT(reason("third/clip"), HasSubstr("or another folder"));
  EXPECT_EQ(find("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/clip"), fs::path());
  for (const char* id : {"", "/", ".", "..", "film/", "/clip", "//clip"}) EXPECT_EQ(find(id), fs::path()) << id;
}

TEST_F(VideoFolderTest, EmptyFilesAndBrokenLinksAreNotUsable) {
  add("video1.mp4", "");
  fs::create_symlink("nowhere.mp4", folder_.path() / "video2.mp4");
  EXPECT_EQ(find("video1"), fs::path());
  EXPECT_EQ(reason("video1"), "is empty (0 bytes)");
  EXPECT_EQ(reason("video2"), "has no file");
  const auto whole = add("again/video1.avi");
  EXPECT_EQ(find("video1"), whole);
}

TEST_F(VideoFolderTest, OtherLettersAreReportedNotUsed) {
  add("Video1.MP4");
  EXPECT_EQ(find("video1"), fs::path());
  EXPECT_EQ(reason("video1"), "has no file; only 'Video1.MP4' is there, in other letters");
  EXPECT_EQ(find("Video1"), folder_.path() / "Video1.MP4");
  const auto exact = add("low/video1.mp4");
  EXPECT_EQ(find("video1"), exact);
}

TEST_F(VideoFolderTest, FollowsLinksOnceAndSurvivesLoops) {
  const test::TemporaryFolder elsewhere;
  write_file(elsewhere.path() / "video3.mp4", "x");
  fs::create_directory_symlink(elsewhere.path(), folder_.path() / "link");
  fs::create_directory_symlink(elsewhere.path(), folder_.path() / "link2");
  fs::create_directory_symlink(folder_.path(), folder_.path() / "loop");
  EXPECT_THAT(find("video3").string(), testing::EndsWith("/video3.mp4"));
}

TEST_F(VideoFolderTest, TheSameFileThroughTwoLinksIsOne) {
  const auto file = add("a/video1.mp4");
  fs::create_directories(folder_.path() / "b");
  fs::create_symlink(file, folder_.path() / "b" / "video1.mp4");
  fs::create_hard_link(file, folder_.path() / "b" / "video1.avi");
  EXPECT_EQ(find("video1"), file);
}

TEST_F(VideoFolderTest, TwoFilesForOneIdAreAnErrorOnceTheIdIsAskedFor) {
  add("a/video1.mp4");
  add("b/video1.avi");
  add("video2.mp4");
  EXPECT_NE(find("video2"), fs::path());
  EXPECT_THAT(error_text<DataError>([&] { find("video1"); }),
              AllOf(HasSubstr("'video1'"), HasSubstr("a/video1.mp4"), HasSubstr("b/video1.avi")));
}

TEST_F(VideoFolderTest, FoldersThatCannotBeReadAreNamed) {
  EXPECT_THAT(error_text<DataError>([&] { VideoFolder(folder_.path() / "clips"); }),
              HasSubstr("clips: is not a folder"));
  if (::geteuid() == 0) GTEST_SKIP() << "root reads every folder";
  add("shut/video1.mp4");
  fs::permissions(folder_.path() / "shut", fs::perms::none);
  EXPECT_THAT(error_text<DataError>([&] { VideoFolder(folder_.path()); }), HasSubstr("shut: cannot be read"));
  fs::permissions(folder_.path() / "shut", fs::perms::owner_all);
}

TEST_F(VideoFolderTest, OneOfManyFilesIsFound) {
  for (int i = 0; i < 7; ++i) fs::create_directories(folder_.path() / ("part" + std::to_string(i)));
  for (int i = 0; i < 3000; ++i)
    std::ofstream(folder_.path() / ("part" + std::to_string(i % 7)) / ("video" + std::to_string(i) + ".mp4")) << "x";
  const VideoFolder folder(folder_.path());
  for (int i = 0; i < 3000; ++i)
    EXPECT_EQ(folder.find("video" + std::to_string(i)).path.stem(), "video" + std::to_string(i));
}

TEST_F(VideoFolderTest, APathIsTakenAsItIs) {
  const auto file = add("video1.mp4");
  EXPECT_EQ(video_at(file).path, file);
  EXPECT_THAT(video_at(folder_.path() / "video2.mp4").reason, HasSubstr("has no file"));
  EXPECT_THAT(video_at(folder_.path()).reason, HasSubstr("has no file"));
  EXPECT_EQ(video_at(add("empty.mp4", "")).reason, "is empty (0 bytes)");
}

}  // namespace
}  // namespace tvr
