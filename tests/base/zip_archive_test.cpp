#include "base/zip_archive.h"

#include <sys/resource.h>

#include <csignal>

#include "array_values.h"
#include "damage.h"
#include "memory_file.h"
#include "temporary_folder.h"
#include "tvr/base/file.h"
#include "zip_writer.h"

namespace tvr {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// What `read` returns where no file may grow beyond 4 KiB, as on a full disk.
std::string with_small_disk(const std::function<std::string()>& read) {
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{4096, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  auto result = read();
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  return result;
}

class Zip : public testing::Test {
 protected:
  ZipArchive open(const std::string& bytes) {
    const test::MemoryFile file(bytes);
    return {std::make_shared<MappedFile>(file.path()), "a.zip"};
  }
  // Reads all members; the sentence of the refusal, "" if there is none.
  std::string refusal(const std::string& bytes) {
    return test::refusal_of([&] {
      const auto archive = open(bytes);
      for (const auto& member : archive.members()) EXPECT_EQ(archive.read(member.name).bytes.size(), member.size);
    });
  }

  test::TemporaryFolder folder;
};

TEST_F(Zip, ReadsStoredAndDeflatedMembers) {
  const std::string long_text(300'000, 'x');
  const auto archive =
      open(test::zip_of({{"b/stored", "content"}, {"a/deflated", long_text, true}, {"empty", "", true}}));
  ASSERT_EQ(archive.members().size(), 3u);
  EXPECT_EQ(archive.members()[0].name, "b/stored");  // in the order of the directory
  EXPECT_TRUE(archive.has("empty"));
  EXPECT_FALSE(archive.has("absent"));
  EXPECT_EQ(archive.read("b/stored").bytes, "content");
  EXPECT_EQ(archive.read("a/deflated").bytes, long_text);
  EXPECT_THAT(archive.read("empty").bytes, IsEmpty());
  EXPECT_THAT(test::refusal_of([&] { archive.read("absent"); }), HasSubstr("holds no member 'absent'"));
}

TEST_F(Zip, ContentOutlivesTheArchive) {
  ZipContent stored, deflated;
  {
    const auto archive = open(test::zip_of({{"stored", "content"}, {"deflated", "content", true}}));
    stored = archive.read("stored");
    deflated = archive.read("deflated");
  }
  EXPECT_EQ(stored.bytes, "content");
  EXPECT_EQ(deflated.bytes, "content");
}

TEST_F(Zip, LeavesNoTemporaryFile) {
  const auto archive = open(test::zip_of({{"deflated", "content", true}}));
  ASSERT_EQ(::setenv("TMPDIR", folder.path().c_str(), 1), 0);
  const auto content = archive.read("deflated");
  ::unsetenv("TMPDIR");
  EXPECT_EQ(content.bytes, "content");
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) files += entry.exists();
  EXPECT_EQ(files, 0u);
}

TEST_F(Zip, SaysWhereNoTemporaryFileCanBeWritten) {
  const auto archive = open(test::zip_of({{"deflated", std::string(100'000, 'x'), true}}));
  ::setenv("TMPDIR", (folder / "absent").c_str(), 1);
  const auto absent = test::refusal_of([&] { archive.read("deflated"); });
  ::unsetenv("TMPDIR");
  EXPECT_THAT(absent, HasSubstr("TMPDIR"));

  const auto full = with_small_disk([&] { return test::refusal_of([&] { archive.read("deflated"); }); });
  EXPECT_THAT(full, HasSubstr("member 'deflated': a temporary file in"));
  EXPECT_THAT(full, HasSubstr("more space"));
}

TEST_F(Zip, ABombFillsNoDisk) {
  const auto archive = open(test::zip_of(
      {{.name = "bomb", .content = std::string(1'000'000, 'x'), .deflate = true, .size_error = -999'000}}));
  const auto refused = with_small_disk([&] { return test::refusal_of([&] { archive.read("bomb"); }); });
  EXPECT_THAT(refused, HasSubstr("do not unpack to the 1000 bytes"));
}

TEST_F(Zip, RefusesWhatItCannotUnpack) {
  EXPECT_THAT(refusal(test::zip_of({{.name = "m", .content = "x", .flags = 1}})), HasSubstr("'m' is encrypted"));
  EXPECT_THAT(refusal(test::zip_of({{.name = "m", .content = "x", .method = 12}})), HasSubstr("packed by method 12"));
}

TEST_F(Zip, RefusesADeflatedMemberThatIsNotWhatTheDirectorySays) {
  const auto entry = [](int64_t size_error, uint32_t checksum_error) {
    return test::zip_of({{.name = "m",
                          .content = std::string(1000, 'x') + "y",
                          .deflate = true,
                          .size_error = size_error,
                          .checksum_error = checksum_error}});
  };
  EXPECT_EQ(refusal(entry(0, 0)), "");
  EXPECT_THAT(refusal(entry(-1, 0)), HasSubstr("do not unpack to the 1000 bytes"));  // unpacks to more: a bomb
  EXPECT_THAT(refusal(entry(1, 0)), HasSubstr("do not unpack to the 1002 bytes"));
  EXPECT_THAT(refusal(entry(0, 1)), HasSubstr("checksum"));
  EXPECT_THAT(refusal(entry(1'000'000, 0)), HasSubstr("which is impossible"));
  EXPECT_THAT(refusal(test::zip_of({{.name = "m", .content = "not deflated", .method = 8}})), HasSubstr("is damaged"));
}

TEST_F(Zip, RefusesAStoredMemberWithTwoSizes) {
  EXPECT_THAT(refusal(test::zip_of({{.name = "m", .content = "content", .size_error = 1}})), HasSubstr("impossible"));
}

TEST_F(Zip, RefusesMembersThatShareANameOrBytes) {
  EXPECT_THAT(refusal(test::zip_of({{"m", "x"}, {"m", "y"}})), HasSubstr("'m' is there twice"));
  // The first member's size reaches over the whole of the second one.
  EXPECT_THAT(refusal(test::zip_of({{.name = "a", .content = "x", .size_error = 37, .packed_size_error = 37},
                                    {.name = "b", .content = "second"}})),
              HasSubstr("'a' and 'b' of the zip file share bytes"));
}

TEST_F(Zip, RefusesMembersBeyondTheEndOfTheFile) {
  EXPECT_THAT(refusal(test::zip_of({{.name = "m", .content = "x", .size_error = 5000, .packed_size_error = 5000}})),
              HasSubstr("beyond the end of the file"));
}

TEST_F(Zip, EscapesNamesInMessages) {
  const auto sentence = refusal(test::zip_of({{.name = "a\x1b[31m\n" + std::string(5000, 'x'), .flags = 1}}));
  EXPECT_THAT(sentence, HasSubstr("a\\u001b[31m\\nxxx"));
  EXPECT_LT(sentence.size(), 300u);
}

TEST_F(Zip, ReadsAFileThatEndsWithAComment) {
  auto commented = test::zip_of({{"m", "content"}}) + "comment";
  EXPECT_THAT(refusal(commented), HasSubstr("directory at the end of the zip file is damaged"));
  commented[commented.size() - 9] = 7;  // the length of the comment
  EXPECT_EQ(open(commented).read("m").bytes, "content");
}

TEST_F(Zip, RefusesAFileWithoutADirectory) {
  EXPECT_THAT(refusal("PK\x03\x04"), HasSubstr("directory at the end of the zip file"));
}

TEST_F(Zip, SurvivesAnyDamage) {
  const auto whole = test::zip_of({{"stored", "some content"}, {"deflated", "more, more, more content", true}});
  const auto read = [&](const std::string& bytes) {
    const auto archive = open(bytes);
    for (const auto& member : archive.members()) archive.read(member.name);
  };
  test::expect_refuses_cuts(whole, read);
  test::expect_survives_changes(whole, read);
}

}  // namespace
}  // namespace tvr
