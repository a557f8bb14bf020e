#include "encode_inputs.h"

#include <gmock/gmock.h>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(TextLines, AreOneTextEach) {
  const test::TemporaryFolder temporary;
  write_file(temporary / "texts", "a dog\r\n\ncafé\nlast");
  const TextLines lines(temporary / "texts");
  EXPECT_THAT(lines.rows(0, lines.size()), ElementsAre("a dog", "", "café", "last"));
  EXPECT_THAT(lines.rows(2, 3), ElementsAre("café"));
  write_file(temporary / "ended", "one\ntwo\n");
  EXPECT_EQ(TextLines(temporary / "ended").size(), 2);
  write_file(temporary / "empty", "");
  EXPECT_EQ(TextLines(temporary / "empty").size(), 0);
  EXPECT_THROW(TextLines(temporary / "absent"), DataError);
}

class MediaFilesTest : public testing::Test {
 protected:
  test::TemporaryFolder temporary;
  void SetUp() override {
    for (const char* name : {"b.JPG", "a.png", "deep/er/c.webp", "notes.txt", "clip.mp4"})
      write_file(temporary / name, name);
  }
};

TEST_F(MediaFilesTest, AreThoseBelowTheFolderInOrderOfTheirNames) {
  fs::create_directory_symlink(temporary.path(), temporary / "deep/around");
  const auto images = find_images(temporary.path(), "--images");
  EXPECT_THAT(images.ids, ElementsAre("a.png", "b.JPG", "deep/er/c.webp"));
  EXPECT_THAT(images.others, ElementsAre("clip.mp4", "notes.txt"));
  EXPECT_EQ(read_file(images.paths[2]), "deep/er/c.webp");
  EXPECT_THAT(find_videos(temporary.path(), "--videos").ids, ElementsAre("clip.mp4"));
}

TEST_F(MediaFilesTest, StampTellsWhetherTheFirstFilesChanged) {
  const auto images = find_images(temporary.path(), "--images");
  const auto first = images.stamp(1), all = images.stamp(3);
  write_file(temporary / "b.JPG", "another picture");
  EXPECT_EQ(images.stamp(1), first);
  EXPECT_NE(images.stamp(3), all);
}

TEST_F(MediaFilesTest, RefusesFoldersWithoutAny) {
  fs::create_directory(temporary / "none");
  EXPECT_THAT([&] { find_images(temporary / "none", "--images"); },
              ThrowsMessage<ConfigError>(HasSubstr("holds no picture")));
  EXPECT_THAT([&] { find_videos(temporary / "absent", "--videos"); },
              ThrowsMessage<DataError>(HasSubstr("there is no folder")));
  write_file(temporary / "none/\xFF.png", "");
  EXPECT_THAT([&] { find_images(temporary / "none", "--images"); },
              ThrowsMessage<DataError>(HasSubstr("not valid UTF-8")));
}

}  // namespace
}  // namespace tvr
