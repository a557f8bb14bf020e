#include "tvr/base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "temporary_folder.h"
#include "tvr/base/error.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(WriteFile, MakesFoldersReplacesContentAndLeavesNothingBeside) {
  const test::TemporaryFolder folder;
  const auto file = folder / "deep/er/file";
  write_file(file, "one");
  write_file(file, std::string("t\0o", 3));
  EXPECT_EQ(read_file(file), std::string("t\0o", 3));
  EXPECT_THAT(names_in(file.parent_path()), testing::ElementsAre("file"));
}

TEST(WriteFile, AFailureKeepsTheOldContentAndRemovesTheNew) {
  const test::TemporaryFolder folder;
  write_file(folder / "file", "old");
  const auto failing = [](const fs::path& temporary) {
    std::ofstream(temporary) << "half";
    throw std::runtime_error("failed");
  };
  EXPECT_THROW(write_file_with(folder / "file", failing), std::runtime_error);
  EXPECT_EQ(read_file(folder / "file"), "old");
  EXPECT_THAT(names_in(folder.path()), testing::ElementsAre("file"));
}

TEST(WriteFile, WritesThroughLinksAndDevices) {
  const test::TemporaryFolder folder;
  write_file(folder / "target", "old");
  fs::create_symlink(folder / "target", folder / "link");
  write_file(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_file(folder / "target"), "new");
  write_file("/dev/null", "anything");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(WriteFile, ToAnImpossiblePlaceIsADataErrorWithItsName) {
  const test::TemporaryFolder folder;
  write_file(folder / "file", "x");
  for (const auto& place : {folder / "file/below", folder.path(), fs::path("/proc/no/such/place")}) {
    try {
      write_file(place, "x");
      ADD_FAILURE() << place;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(place.parent_path().string()));
    }
  }
  EXPECT_THAT(names_in(folder.path()), testing::ElementsAre("file"));
}

TEST(ReadFile, RefusesFoldersAndMissingFiles) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(read_file(folder.path()), DataError);
  EXPECT_THROW(read_file(folder / "absent"), DataError);
  EXPECT_THROW(sha256_file(folder.path()), DataError);
  EXPECT_THROW(sha256_file(folder / "absent"), DataError);
  EXPECT_THROW(read_file("/proc/self/mem"), DataError);  // opens, but cannot be read
}

TEST(Sha256, EqualsThePublishedVectors) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const test::TemporaryFolder folder;
  write_file(folder / "million", std::string(1'000'000, 'a'));
  EXPECT_EQ(sha256_file(folder / "million"), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// ---- replace_folder, recover_folder

class Folders : public testing::Test {
 protected:
  static std::function<void(const fs::path&)> version(const std::string& text) {
    return [text](const fs::path& fresh) {
      write_file(fresh / "a", text);
      write_file(fresh / "sub/b", text);
    };
  }
  // The version `folder` holds whole; "" if it is absent or mixed.
  std::string held() {
    if (!fs::exists(folder / "a") || !fs::exists(folder / "sub/b")) return "";
    const auto text = read_file(folder / "a");
    return read_file(folder / "sub/b") == text ? text : "";
  }
  // The folders as a kill between two steps of replace_folder leaves them.
  void place(const std::string& suffix, const std::string& text) {
    auto path = folder;
    path += suffix;
    version(text)(path);
  }

  test::TemporaryFolder parent;
  fs::path folder = parent / "last";
};

TEST_F(Folders, AreReplacedWhole) {
  replace_folder(folder, version("one"));
  write_file(folder / "extra", "x");
  replace_folder(folder, version("two"));
  EXPECT_EQ(held(), "two");
  EXPECT_FALSE(fs::exists(folder / "extra"));
  EXPECT_THAT(names_in(parent.path()), testing::ElementsAre("last"));
}

TEST_F(Folders, MayBeNamedWithATrailingSlash) {
  replace_folder(folder / "", version("one"));
  replace_folder(folder / "", version("two"));
  recover_folder(folder / "");
  EXPECT_EQ(held(), "two");
  EXPECT_THAT(names_in(folder), testing::ElementsAre("a", "sub"));
}

TEST_F(Folders, KeepTheOldVersionWhenFillingFails) {
  replace_folder(folder, version("one"));
  EXPECT_THROW(replace_folder(folder, [](const fs::path&) { throw DataError("disk full"); }), DataError);
  EXPECT_EQ(held(), "one");
  recover_folder(folder);
  EXPECT_THAT(names_in(parent.path()), testing::ElementsAre("last"));
}

TEST_F(Folders, SurviveAKillWhileFilling) {
  replace_folder(folder, version("one"));
  const pid_t child = ::fork();
  if (child == 0) {
    replace_folder(folder, [](const fs::path& fresh) {
      std::ofstream(fresh / "a") << "half";
      ::_exit(9);
    });
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 9);
  recover_folder(folder);
  EXPECT_EQ(held(), "one");
  EXPECT_THAT(names_in(parent.path()), testing::ElementsAre("last"));
}

TEST_F(Folders, SurviveAKillBetweenTheTwoRenames) {
  place(".tvr-old", "one");
  place(".tvr-new", "two");
  recover_folder(folder);
  EXPECT_EQ(held(), "one");
  EXPECT_THAT(names_in(parent.path()), testing::ElementsAre("last"));
}

TEST_F(Folders, SurviveAKillBeforeTheOldVersionIsRemoved) {
  place("", "two");
  place(".tvr-old", "one");
  recover_folder(folder);
  EXPECT_EQ(held(), "two");
  EXPECT_THAT(names_in(parent.path()), testing::ElementsAre("last"));
}

TEST_F(Folders, ReplacingAfterAKillNeverDropsTheOnlyWholeVersion) {
  place(".tvr-old", "one");  // killed between the renames, and nobody recovered
  bool whole_while_filling = false;
  replace_folder(folder, [&](const fs::path& fresh) {
    whole_while_filling = held() == "one";
    version("two")(fresh);
  });
  EXPECT_TRUE(whole_while_filling);
  EXPECT_EQ(held(), "two");
}

TEST_F(Folders, RecoveringLeavesForeignNeighboursAlone) {
  replace_folder(folder, version("one"));
  for (const char* neighbour : {".old", ".new", ".bak"}) place(neighbour, "mine");
  recover_folder(folder);
  EXPECT_THAT(names_in(parent.path()), testing::ElementsAre("last", "last.bak", "last.new", "last.old"));
}

TEST_F(Folders, RecoveringNothingMakesNothing) {
  recover_folder(folder);
  EXPECT_TRUE(fs::is_empty(parent.path()));
}

}  // namespace
}  // namespace tvr
