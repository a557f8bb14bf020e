#include "tvr/data/csv_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "corpus_files.h"
#include "tvr/data/annotation_file.h"

namespace tvr {
namespace {

using test::error_text;
using testing::AllOf;
using testing::HasSubstr;
using Strings = test::Strings;

TEST(Utf8, AcceptsWellFormedAndRefusesEverythingElse) {
  for (const char* text :
       {"", "plain", "caf\xC3\xA9", "\xE2\x80\x99", "\xF0\x9F\x8E\xAC", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text : {"\x80", "caf\xE9", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\xAF",
                           "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x80", "\xFF"})
    EXPECT_FALSE(is_utf8(text)) << testing::PrintToString(text);
}

TEST(InQuotes, LongTextsAreCutBetweenCharacters) {
  EXPECT_EQ(in_quotes("video7"), "'video7'");
  EXPECT_EQ(in_quotes(std::string(79, 'a') + "\xC3\xA9 and more"), "'" + std::string(79, 'a') + "…'");
  EXPECT_EQ(in_quotes("a\x1b[2J\n\xC3\xA9"), "'a?[2J?\xC3\xA9'");
  EXPECT_EQ(in_quotes(std::string(80, 'a')), "'" + std::string(80, 'a') + "'");
}

TEST(SplitAtTabs, KeepsEmptyFieldsAndQuotes) {
  EXPECT_EQ(split_at_tabs("a\t\"b\t\t"), (Strings{"a", "\"b", "", ""}));
  EXPECT_EQ(split_at_tabs(""), (Strings{""}));
}

class AnnotationFileTest : public testing::Test {
 protected:
  std::vector<TextLine> lines(const std::string& content) {
    std::ofstream(folder_.path() / "t.txt", std::ios::binary) << content;
    return read_lines(folder_.path() / "t.txt");
  }
  test::TemporaryFolder folder_;
};

TEST_F(AnnotationFileTest, LinesKnowTheirNumbers) {
  const auto read = lines("\xEF\xBB\xBF-a\r\n\n  \n b \nlast");
  ASSERT_EQ(read.size(), 3u);
  EXPECT_EQ(read[0].text, "-a");
  EXPECT_EQ(read[1].text, " b ");
  EXPECT_EQ(read[1].line, 4);
  EXPECT_EQ(read[2].text, "last");
  EXPECT_EQ(read[2].line, 5);
  EXPECT_TRUE(lines("").empty());
}

TEST_F(AnnotationFileTest, ComplaintsNameTheLine) {
  EXPECT_THAT(error_text<DataError>([&] { lines("a\ncaf\xE9\n"); }), HasSubstr("t.txt:2: is not valid UTF-8"));
  EXPECT_THAT(error_text<DataError>([&] { lines("a\n" + std::string(kLongestText + 1, 'a')); }),
              HasSubstr("t.txt:2: is a line of 1048577 bytes"));
  EXPECT_EQ(lines(std::string(kLongestText, 'a')).size(), 1u);
  std::ofstream(folder_.path() / "huge.txt") << "a\n" << std::string(100'000'000, 'b');
  EXPECT_THAT(error_text<DataError>([&] { read_lines(folder_.path() / "huge.txt"); }),
              HasSubstr("huge.txt:2: is a line of 100000000 bytes"));
}

TEST_F(AnnotationFileTest, OnlyRegularFilesAreRead) {
  EXPECT_THAT(error_text<DataError>([&] { read_annotation(folder_.path()); }), HasSubstr("is not a regular file"));
  EXPECT_THAT(error_text<DataError>([&] { read_annotation("/dev/zero"); }), HasSubstr("is not a regular file"));
  EXPECT_THAT(error_text<DataError>([&] { read_annotation(folder_.path() / "no"); }), HasSubstr("no such file"));
  const auto large = folder_.path() / "large.json";
  write_file(large, "{");
  std::filesystem::resize_file(large, (uintmax_t{1} << 30) + 1);  // a hole: no bytes on the disk
  EXPECT_THAT(error_text<DataError>([&] { read_annotation(large); }), HasSubstr("1073741825 bytes"));
}

class CsvTableTest : public testing::Test {
 protected:
  CsvTable table(const std::string& content, const std::string& name = "t.csv") {
    std::ofstream(folder_.path() / name, std::ios::binary) << content;
    return CsvTable(folder_.path() / name);
  }
  std::string complaint(const std::string& content, const std::string& name = "t.csv") {
    return error_text<DataError>([&] { table(content, name); });
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
  EXPECT_THAT(error_text<DataError>([&] { read.at(0, "txt"); }), HasSubstr("did you mean 'text'"));
}

TEST_F(CsvTableTest, RowsKnowTheirLines) {
  const auto read = table("\n\na,b\r\n\r\n1,\"two\nlines \"\"x\"\"\n\"\n2,x\r3,\"\"\n4,y");
  ASSERT_EQ(read.rows(), 4);
  for (const auto& [row, line] : {std::pair{0, 5}, {1, 8}, {2, 9}, {3, 10}})
    EXPECT_THAT(read.where(row), testing::EndsWith("t.csv:" + std::to_string(line)));
}

TEST_F(CsvTableTest, ATsvIsCutAtTabs) {
  const auto read = table("id\ttext\n1\t\"a, b\n", "t.tsv");
  ASSERT_EQ(read.rows(), 1);
  EXPECT_EQ(read.at(0, "text"), "\"a, b");
  EXPECT_THAT(complaint("id\ttext\n\n1\n", "t.tsv"), HasSubstr("t.tsv:3: has 1 fields"));
  EXPECT_THAT(complaint("", "t.tsv"), HasSubstr("is empty"));
}

TEST_F(CsvTableTest, ComplaintsNameTheLine) {
  EXPECT_THAT(complaint(""), HasSubstr("is empty"));
  EXPECT_THAT(complaint("a,b\n1,\"x\ny\"\n3\n"), HasSubstr("t.csv:4: has 1 fields, the first row has 2"));
  EXPECT_THAT(complaint("a\ncaf\xE9\n"), HasSubstr("t.csv:2: is not valid UTF-8"));
  EXPECT_THAT(complaint("a,b\n1,\"open\n"), HasSubstr("t.csv:2:"));
  EXPECT_THAT(complaint("a,b,a\n1,2,3\n"), AllOf(HasSubstr("t.csv:1:"), HasSubstr("'a' twice")));
  EXPECT_THAT(complaint(std::string(kMostValues + 1, ',')), HasSubstr("t.csv: has 20000001 fields"));
  EXPECT_THAT(complaint("a,b\n1," + std::string(kLongestText + 1, 'x')), HasSubstr("t.csv:2: has a field of 1048577"));
}

}  // namespace
}  // namespace tvr
