#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

using Rows = std::vector<std::vector<std::string>>;

class Csv : public testing::Test {
 protected:
  Rows read(const std::string& content) {
    write_file(file, content);
    return read_csv(file);
  }
  std::string refusal(const std::string& content) {
    try {
      read(content);
    } catch (const DataError& error) {
      return error.what();
    }
    return "accepted";
  }
  test::TemporaryFolder folder;
  std::filesystem::path file = folder / "captions.csv";
};

TEST_F(Csv, ReadsQuotesCommasAndLineBreaksInFields) {
  EXPECT_EQ(read("id,text\nv1,\"a, \"\"big\"\" cat\"\nv2,\"two\nlines\"\n"),
            (Rows{{"id", "text"}, {"v1", "a, \"big\" cat"}, {"v2", "two\nlines"}}));
}

TEST_F(Csv, AcceptsByteOrderMarkCrLfAndAMissingLastLineBreak) {
  EXPECT_EQ(read("\xEF\xBB\xBFid,text\r\nv1,a\r\nv2,b"), (Rows{{"id", "text"}, {"v1", "a"}, {"v2", "b"}}));
}

TEST_F(Csv, KeepsBlanksAndEmptyFields) {
  EXPECT_EQ(read("  a , b\t,\n,,\n"), (Rows{{"  a ", " b\t", ""}, {"", "", ""}}));
}

TEST_F(Csv, LeavesOutBlankLines) {
  EXPECT_EQ(read("a,b\n\n\r\nc,d\n\n"), (Rows{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(read(""), Rows{});
}

TEST_F(Csv, KeepsAnyBytes) {
  EXPECT_EQ(read(std::string("a\0b,\xff\n", 6)), (Rows{{std::string("a\0b", 3), "\xff"}}));
}

TEST_F(Csv, NamesTheLineWhereARowWithAMisplacedQuoteBegins) {
  EXPECT_THAT(refusal("id,text\nv1,a \"big\" cat\n"), testing::HasSubstr("captions.csv:2: a quote"));
  EXPECT_THAT(refusal("id,text\nv1,\"a\"b\n"), testing::HasSubstr("captions.csv:2: a quote"));
  EXPECT_THAT(refusal("id,text\n\nv1,\"two\nlines\"\nv2,\"never closed\nv3,c\nv4,d\n"),
              testing::HasSubstr("captions.csv:5: a quote"));
  EXPECT_THAT(refusal("id,text\nv1,ok\nv2,\"opened\nv3,\"closed here\nv4,d\n"),
              testing::HasSubstr("captions.csv:3: a quote"));
}

TEST_F(Csv, FieldsSurviveWritingAndReading) {
  for (const std::string field : {"plain", "a,b", "say \"x\"", "two\nlines", "cr\rlf\n", " blanks ", "\"", ",", "\"\""})
    EXPECT_EQ(read("x," + csv_field(field) + "\n"), (Rows{{"x", field}})) << field;
}

TEST_F(Csv, MissingFileIsADataError) {
  EXPECT_THROW(read_csv(folder / "absent.csv"), DataError);
}

}  // namespace
}  // namespace tvr
