#include "tvr/train/event_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;

constexpr size_t kHeader = 40;  // the record that names the format

class Events : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / ("tvr_events_" + std::to_string(::getpid()));
    file = folder / "run" / "events.out.tfevents.0";
  }
  void TearDown() override { fs::remove_all(folder); }

  void write(const fs::path& to, int64_t first, int64_t last, bool append = false) {
    EventWriter writer(to, append);
    for (int64_t step = first; step <= last; ++step) writer.scalar("loss", step, 0.5 * static_cast<double>(step), 1e9);
  }
  std::string scalars(const fs::path& of) { return read_file(of).substr(kHeader); }  // the header holds the time of day

  fs::path folder, file;
};

// The golden record is what tensorboard 2.21 (RecordWriter, Event, Summary) writes for the same scalar.
TEST_F(Events, AreByteForByteThoseOfTensorBoard) {
  {
    EventWriter writer(file, false);
    writer.scalar("loss/train", 300, 0.25, 1234.5);
  }
  const std::string expected(
      "\x21\x00\x00\x00\x00\x00\x00\x00\x01\x7b\xec\xf6\x09\x00\x00\x00\x00\x00\x4a\x93\x40\x10\xac\x02"
      "\x2a\x13\x0a\x11\x0a\x0a\x6c\x6f\x73\x73\x2f\x74\x72\x61\x69\x6e\x15\x00\x00\x80\x3e\x10\xb8\x87"
      "\xd6",
      49);
  EXPECT_EQ(scalars(file), expected);
  EXPECT_EQ(read_file(file).substr(0, 13), std::string("\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22\x09", 13));
  EXPECT_EQ(read_file(file).substr(21, 15),
            "\x1a\x0d"
            "brain.Event:2");
}

TEST_F(Events, AppendingContinuesTheFile) {
  write(file, 1, 5);
  write(file, 6, 9, /*append=*/true);
  write(folder / "whole", 1, 9);
  EXPECT_EQ(scalars(file), scalars(folder / "whole"));
}

TEST_F(Events, WithoutAppendingTheFileIsReplaced) {
  write(file, 1, 5);
  write(file, 7, 7);
  write(folder / "seven", 7, 7);
  EXPECT_EQ(scalars(file), scalars(folder / "seven"));
}

TEST_F(Events, AreReadableAfterAFlush) {
  EventWriter writer(file, false);
  writer.scalar("loss", 1, 1.0, 1.0);
  writer.flush();
  EXPECT_GT(fs::file_size(file), kHeader + 30);
}

TEST_F(Events, AfterAStepCanBeRemoved) {
  write(file, 1, 9);
  write(folder / "five", 1, 5);
  truncate_events_after(file, 5);
  EXPECT_EQ(scalars(file), scalars(folder / "five"));
  truncate_events_after(file, 5);
  EXPECT_EQ(scalars(file), scalars(folder / "five"));
}

TEST_F(Events, ATornEndIsDroppedAtEveryLength) {
  write(file, 1, 3);
  write(folder / "two", 1, 2);
  const auto whole = read_file(file);
  const auto two = kHeader + scalars(folder / "two").size();
  for (size_t size = two; size < whole.size(); ++size) {
    write_file(file, whole.substr(0, size));
    truncate_events_after(file, 100);
    EXPECT_EQ(scalars(file), scalars(folder / "two")) << size;
  }
  for (size_t size = 0; size < kHeader; ++size) {  // killed while the header was written
    write_file(file, whole.substr(0, size));
    truncate_events_after(file, 100);
    EXPECT_EQ(fs::file_size(file), 0u) << size;
  }
}

TEST_F(Events, ADamagedRecordEndsTheFile) {
  write(file, 1, 3);
  write(folder / "two", 1, 2);
  auto damaged = read_file(file);
  damaged[kHeader + scalars(folder / "two").size() + 20] ^= 1;
  write_file(file, damaged);
  truncate_events_after(file, 100);
  EXPECT_EQ(scalars(file), scalars(folder / "two"));
}

TEST_F(Events, OtherFilesAreRefusedAndKept) {
  const std::string text(1000, 'x');
  write_file(file, text);
  EXPECT_THROW(truncate_events_after(file, 0), DataError);
  EXPECT_EQ(read_file(file), text);
}

TEST_F(Events, OfAMissingFileAreNone) {
  EXPECT_NO_THROW(truncate_events_after(folder / "absent", 0));
  EXPECT_FALSE(fs::exists(folder / "absent"));
}

TEST_F(Events, APlaceThatCannotBeWrittenIsADataError) {
  write_file(folder / "file", "x");
  EXPECT_THROW(EventWriter(folder / "file" / "below", false), DataError);
}

TEST_F(Events, TwoWritersOfAFreshFileKeepEachOthersRecords) {
  {
    EventWriter first(file, false);
    EventWriter second(file, true);
    for (int64_t step = 1; step <= 3; ++step) {
      first.scalar("loss", step, 0.5, 1e9);
      second.scalar("R@1", step, 0.25, 1e9);
    }
  }
  const auto both = scalars(file);
  size_t losses = 0, recalls = 0;
  for (size_t at = both.find("loss"); at != std::string::npos; at = both.find("loss", at + 1)) ++losses;
  for (size_t at = both.find("R@1"); at != std::string::npos; at = both.find("R@1", at + 1)) ++recalls;
  EXPECT_EQ(losses, 3U);
  EXPECT_EQ(recalls, 3U);
}

}  // namespace
}  // namespace tvr
