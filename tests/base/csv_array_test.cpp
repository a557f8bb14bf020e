#include "base/csv_array.h"

#include "array_values.h"
#include "damage.h"

namespace tvr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Table {
  std::vector<int64_t> shape;
  std::vector<double> values;
};
bool operator==(const Table& a, const Table& b) {
  return a.shape == b.shape && a.values == b.values;
}
void PrintTo(const Table& table, std::ostream* stream) {
  *stream << testing::PrintToString(table.shape) << testing::PrintToString(table.values);
}

Table table(const std::string& text) {
  const auto array = read_csv_array(text, "a.csv");
  EXPECT_EQ(array.type, ElementType::kF64);
  return {array.shape, test::values_of(array)};
}
std::string refusal(const std::string& text) {
  return test::refusal_of([&] { read_csv_array(text, "a.csv"); });
}
const Table kTwoByTwo{{2, 2}, {1, 2, 3, 4}};

TEST(CsvArray, FindsTheSeparator) {
  for (const std::string text : {"1,2\n3,4\n", "1\t2\n3\t4\n", "1;2\n3;4\n", "1 2\n3 4\n", "  1   2  \n 3    4\n",
                                 "1, 2\n3, 4\n", "1 , 2 \n 3 , 4 \n", "1;2\n3;4"})
    EXPECT_EQ(table(text), kTwoByTwo) << text;
  EXPECT_EQ(table("7\n8\n"), (Table{{2, 1}, {7, 8}}));
  EXPECT_EQ(table("7"), (Table{{1, 1}, {7}}));
  EXPECT_EQ(table("a clip;a dog, a cat\n1;2\n"), (Table{{1, 2}, {1, 2}}));  // the second row decides
}

TEST(CsvArray, AcceptsMarksLineEndsAndBlankLines) {
  for (const std::string text : {"\xEF\xBB\xBF"
                                 "1,2\n3,4\n",
                                 "1,2\r\n3,4\r\n", "1,2\r3,4\r", "\n\n1,2\n\n \n3,4\n\n\n"})
    EXPECT_EQ(table(text), kTwoByTwo) << text;
}

TEST(CsvArray, ReadsNumbersAsTheyAreWritten) {
  EXPECT_THAT(table("1e3,-2.5E-1,+4,.5,\"6\",7.\n").values, ElementsAre(1000, -0.25, 4, 0.5, 6, 7));
  const auto special = table("inf,-inf,Infinity,INF\n").values;
  EXPECT_THAT(special, ElementsAre(INFINITY, -INFINITY, INFINITY, INFINITY));
  for (const double value : table("nan,NaN,-nan\n").values) EXPECT_TRUE(std::isnan(value));
  EXPECT_THAT(table("0.1,5e-324,1.7976931348623157e308\n").values, ElementsAre(0.1, 5e-324, 1.7976931348623157e308));
}

TEST(CsvArray, LeavesOutNames) {
  EXPECT_EQ(table("a,b\n1,2\n3,4\n"), kTwoByTwo);
  EXPECT_EQ(table("x,1,2\ny,3,4\n"), kTwoByTwo);
  EXPECT_EQ(table("id,a,b\nx,1,2\ny,3,4\n"), kTwoByTwo);
  EXPECT_EQ(table(",a,b\nx,1,2\ny,3,4\n"), kTwoByTwo);
  EXPECT_EQ(table("score\n1\n2\n"), (Table{{2, 1}, {1, 2}}));
  EXPECT_EQ(table("\"a, \"\"b\"\"\",\"two\nlines\"\n1,2\n3,4\n"), kTwoByTwo);
}

TEST(CsvArray, AnEmptyCornerNamesRowsAndColumnsWhateverTheyLookLike) {
  EXPECT_EQ(table(",0,1\n0,1,2\n1,3,4\n"), kTwoByTwo);  // as pandas writes
  EXPECT_EQ(table("\"\",a,b\n1,1,2\n2,3,4\n"), kTwoByTwo);
  EXPECT_THAT(refusal(",0.5,0.25\n1,2,3\n"), HasSubstr("line 1, column 1: the cell is empty"));
}

TEST(CsvArray, ReportsTheCellThatIsNoNumber) {
  EXPECT_THAT(refusal("1,2,3\n4,5,abc\n"), HasSubstr("a.csv: line 2, column 3: 'abc' is not a number."));
  EXPECT_THAT(refusal("\n\n1,2\n\n4,5x\n"), HasSubstr("line 5, column 2: '5x' is not a number."));
  EXPECT_THAT(refusal("a,\"b\nc\"\n1,2\n3,x\n"), HasSubstr("line 4, column 2: 'x'"));
  EXPECT_THAT(refusal("1,2\n3,\n"), HasSubstr("line 2, column 2: the cell is empty"));
  EXPECT_THAT(refusal("1,2,\n3,4,\n"), HasSubstr("line 1, column 3: the cell is empty"));
  EXPECT_THAT(refusal("1,2\n,4\n"), HasSubstr("line 2, column 1: the cell is empty"));
  EXPECT_THAT(refusal("1,1e400\n"), HasSubstr("column 2: '1e400' is beyond the range"));
  EXPECT_THAT(refusal("0,5;1,5\n0,5;1,5\n"), HasSubstr("'5;1' is not a number"));
  EXPECT_THAT(refusal("1,0x10\n"), HasSubstr("'0x10' is not a number"));
  EXPECT_THAT(refusal("1,+-2\n"), HasSubstr("'+-2' is not a number"));
  EXPECT_THAT(refusal("1,2\n3,\x1b[31m" + std::string(500, 'x')), HasSubstr("'\\u001b[31mxxx"));
}

TEST(CsvArray, AMistakeInTheFirstRowIsNoName) {
  EXPECT_THAT(refusal("1,abc,3\n4,5,6\n"), HasSubstr("line 1, column 2: 'abc' is not a number"));
  EXPECT_THAT(refusal("1,abc\n4,5\n"), HasSubstr("line 1, column 2: 'abc' is not a number"));
  EXPECT_THAT(refusal("x,1,2\n3,4,5\n"),
              HasSubstr("line 2, column 1: '3' is a number, but the first column began with"));
}

TEST(CsvArray, ReportsRaggedRows) {
  EXPECT_THAT(refusal("1,2,3\n4,5\n"),
              HasSubstr("line 2, column 2: this row has fewer cells than the first one, which has 3"));
  EXPECT_THAT(refusal("1,2\n3,4\n4,5,6\n"), HasSubstr("line 3, column 3: this row has more cells"));
  EXPECT_THAT(refusal("a,b,c\n1,2\n"), HasSubstr("line 2, column 2: this row has fewer"));
}

TEST(CsvArray, ReportsQuotes) {
  EXPECT_THAT(refusal("1,\"2\n3,4\n"), HasSubstr("line 1, column 2: a quote is opened and never closed"));
  EXPECT_THAT(refusal("1,\"2\"3\n"), HasSubstr("line 1, column 2: a quote is closed inside"));
}

TEST(CsvArray, RefusesATableWithoutNumbers) {
  EXPECT_THAT(refusal(" \n\n"), HasSubstr("holds no numbers"));
  EXPECT_THAT(refusal("a,b\n"), HasSubstr("no row of numbers"));
}

TEST(CsvArray, ReadsManyAndLongLines) {
  std::string rows, line;
  for (int i = 0; i < 20'000; ++i) {
    rows += std::to_string(i) + ",1\n";
    line += std::to_string(i) + "\t";
  }
  line.back() = '\n';
  const auto many = table(rows), wide = table(line);
  EXPECT_THAT(many.shape, ElementsAre(20'000, 2));
  EXPECT_EQ(many.values[2 * 19'999], 19'999);
  EXPECT_THAT(wide.shape, ElementsAre(1, 20'000));
  EXPECT_EQ(wide.values, test::counting(0, 20'000));
}

TEST(CsvArray, SurvivesAnyDamage) {
  const std::string whole = ",\"a \"\"b\"\"\",c\r\n\"x\",1.5,-2e3\r\ny, nan ,inf\r\n";
  test::expect_survives_changes(whole, [](const std::string& text) { test::touch(read_csv_array(text, "a.csv")); });
}

}  // namespace
}  // namespace tvr
