#include "tvr/eval/score_file.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <sstream>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/eval/ranks.h"

namespace tvr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

// Without waiting for the disk.
void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

// The least significant `count` bytes of a number, least significant first.
std::string bytes_of(uint64_t number, int64_t count) {
  std::string bytes;
  for (int64_t i = 0; i < count; ++i) bytes += static_cast<char>(number >> (8 * i));
  return bytes;
}
template <class T>
std::string bytes_of_value(T value) {
  char bytes[sizeof(T)] = {};
  std::memcpy(bytes, &value, sizeof(T));
  return {bytes, sizeof(T)};
}

// Sign, exponent and mantissa of the two 16-bit floats, taken apart.
long double value_of_bits(uint32_t bits, int mantissa_bits, int bias) {
  const int exponent_bits = 15 - mantissa_bits;
  const auto mantissa = static_cast<long double>(bits & ((1U << mantissa_bits) - 1));
  const auto exponent = static_cast<int>(bits >> mantissa_bits & ((1U << exponent_bits) - 1));
  const long double sign = (bits & 0x8000U) != 0 ? -1 : 1, one = std::ldexp(1.0L, mantissa_bits);
  if (exponent == (1 << exponent_bits) - 1) return mantissa != 0 ? std::nanl("") : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(mantissa / one, 1 - bias);
  return sign * std::ldexp(1 + mantissa / one, exponent - bias);
}
long double half_value(uint32_t bits) {
  return value_of_bits(bits, 10, 15);
}
long double brain_value(uint32_t bits) {
  return value_of_bits(bits, 7, 127);
}

// One element of a stored array: its bytes, little-endian, and what they mean.
struct Element {
  std::string bytes;
  long double value;
};

// The i-th of the elements with which the arrays of a type are filled.
Element element(ElementType type, int64_t i) {
  const auto size = element_size(type);
  const auto mixed = static_cast<uint64_t>(i) * 0x9E3779B97F4A7C15U;  // bits all over
  const auto whole = [&](bool is_signed) {
    const auto raw = mixed >> (64 - 8 * size);
    const auto value = static_cast<long double>(raw), half = std::ldexp(1.0L, static_cast<int>(8 * size) - 1);
    return Element{bytes_of(raw, size), is_signed && value >= half ? value - 2 * half : value};
  };
  const auto fraction = static_cast<long double>(static_cast<int64_t>(mixed)) * 0x1p-40L;
  switch (type) {
    case ElementType::kBool:
      return {bytes_of(static_cast<uint64_t>(i % 3 == 0), 1), i % 3 == 0 ? 1.0L : 0.0L};
    case ElementType::kI8:
    case ElementType::kI16:
    case ElementType::kI32:
    case ElementType::kI64:
      return whole(true);
    case ElementType::kF16:
      return {bytes_of(mixed >> 48, 2), half_value(static_cast<uint32_t>(mixed >> 48))};
    case ElementType::kBF16:
      return {bytes_of(mixed >> 48, 2), brain_value(static_cast<uint32_t>(mixed >> 48))};
    case ElementType::kF32:
      return {bytes_of_value(static_cast<float>(fraction)), static_cast<float>(fraction)};
    case ElementType::kF64:
      return {bytes_of_value(static_cast<double>(fraction)), static_cast<double>(fraction)};
    case ElementType::kF128:
      return {bytes_of_value(fraction), fraction};
    default:
      return whole(false);
  }
}

struct Layout {
  std::string name;
  int64_t first, row_stride, column_stride;  // bytes before the first element; elements
};

constexpr int64_t kTexts = 75, kVideos = 45;  // several pages

std::vector<Layout> layouts() {
  return {{"rows", 0, kVideos, 1},
          {"columns", 0, 1, kTexts},
          {"unaligned rows", 3, kVideos, 1},
          {"unaligned columns", 5, 1, kTexts},
          {"part of wider rows", 16, kVideos + 7, 1},
          {"every second of longer columns", 1, 2, 2 * kTexts + 3},
          {"rows that overlap", 0, kVideos, 2},
          {"one row again and again", 0, 0, 1},
          {"one column again and again", 0, 1, 0}};
}

int64_t place_of(const Layout& layout, int64_t text, int64_t video) {
  return text * layout.row_stride + video * layout.column_stride;
}

// The array as a file of these bytes that is mapped, which is how arrays of files come.
StoredArray stored(ElementType type, const Layout& layout, bool big_endian, const std::filesystem::path& file) {
  const auto places = place_of(layout, kTexts - 1, kVideos - 1) + 1;
  std::string bytes(static_cast<size_t>(layout.first), '\x5A');
  for (int64_t place = 0; place < places; ++place) {
    auto one = element(type, place).bytes;
    if (big_endian) std::reverse(one.begin(), one.end());
    bytes += one;
  }
  write_bytes(file, bytes);
  const auto mapping = std::make_shared<const MappedFile>(file);
  return {"",
          type,
          {kTexts, kVideos},
          {layout.row_stride, layout.column_stride},
          big_endian,
          mapping->data() + layout.first,
          mapping};
}

template <class T>
std::vector<long double> rows_as(const ScoreMatrix& scores, int64_t begin, int64_t end) {
  std::vector<T> values((end - begin) * scores.videos());
  scores.read_rows(begin, end, values.data());
  return {values.begin(), values.end()};
}
std::vector<long double> rows_of(const ScoreMatrix& scores, int64_t begin, int64_t end) {
  if (scores.type() == ScoreType::kFloat) return rows_as<float>(scores, begin, end);
  return scores.type() == ScoreType::kDouble ? rows_as<double>(scores, begin, end)
                                             : rows_as<long double>(scores, begin, end);
}

ScoreType expected_type(ElementType type) {
  if (type == ElementType::kI64 || type == ElementType::kU64 || type == ElementType::kF128)
    return ScoreType::kLongDouble;
  const bool wide = type == ElementType::kI32 || type == ElementType::kU32 || type == ElementType::kF64;
  return wide ? ScoreType::kDouble : ScoreType::kFloat;
}

const std::vector<ElementType>& all_types() {
  static const std::vector<ElementType> types{
      ElementType::kBool, ElementType::kU8,  ElementType::kI8,  ElementType::kI16, ElementType::kU16,
      ElementType::kI32,  ElementType::kU32, ElementType::kI64, ElementType::kU64, ElementType::kF16,
      ElementType::kBF16, ElementType::kF32, ElementType::kF64, ElementType::kF128};
  return types;
}

// Equal numbers, or both NaN.
void expect_same(const std::vector<long double>& found, const std::vector<long double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    if (!(found[i] == expected[i] || (std::isnan(found[i]) && std::isnan(expected[i]))))
      FAIL() << "score " << i << " is " << found[i] << ", not " << expected[i];
}

void expect_everything(ElementType type, const Layout& layout, bool big_endian, const std::filesystem::path& file) {
  const StoredScores scores(stored(type, layout, big_endian, file), "scores.npy");
  ASSERT_EQ(scores.type(), expected_type(type));
  const auto value = [&](int64_t text, int64_t video) { return element(type, place_of(layout, text, video)).value; };
  const std::pair<int64_t, int64_t> ranges[] = {{0, kTexts}, {7, 31}, {kTexts - 1, kTexts}, {0, kTexts}};
  for (const auto& [begin, end] : ranges) {  // the whole again after its pages were given back
    std::vector<long double> expected;
    for (int64_t text = begin; text < end; ++text)
      for (int64_t video = 0; video < kVideos; ++video) expected.push_back(value(text, video));
    expect_same(rows_of(scores, begin, end), expected);
  }
  const std::vector<std::pair<int64_t, int64_t>> pairs{{0, 44}, {0, 3}, {17, 0}, {40, 20}, {74, 44}};
  std::vector<long double> expected;
  for (const auto& [text, video] : pairs) expected.push_back(value(text, video));
  expect_same(pair_scores(scores, pairs), expected);
}

TEST(StoredScoresTest, EveryElementTypeByteOrderAndLayoutIsReadExactly) {
  const test::TemporaryFolder folder;
  for (const auto type : all_types()) {
    for (const auto& layout : layouts()) {
      for (const bool big_endian : {false, true}) {
        SCOPED_TRACE(element_name(type) + ", " + layout.name + (big_endian ? ", big-endian" : ""));
        expect_everything(type, layout, big_endian, folder / "scores");
      }
    }
  }
}

// All 65,536 bit patterns as a matrix of 256 x 256.
void expect_all_patterns(ElementType type, long double (*value)(uint32_t)) {
  const test::TemporaryFolder folder;
  for (const bool big_endian : {false, true}) {
    std::string bytes;
    std::vector<long double> expected;
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
      bytes += static_cast<char>(big_endian ? bits >> 8 : bits);
      bytes += static_cast<char>(big_endian ? bits : bits >> 8);
      expected.push_back(value(bits));
    }
    write_bytes(folder / "patterns", bytes);
    const auto mapping = std::make_shared<const MappedFile>(folder / "patterns");
    const StoredScores scores({"", type, {256, 256}, {256, 1}, big_endian, mapping->data(), mapping}, "patterns");
    const auto found = rows_of(scores, 0, 256);
    expect_same(found, expected);
    for (size_t i = 0; i < found.size(); ++i) ASSERT_EQ(std::signbit(found[i]), i >= 0x8000) << i;
  }
}

TEST(StoredScoresTest, EveryHalfBecomesItsFloat) {
  expect_all_patterns(ElementType::kF16, half_value);
}
TEST(StoredScoresTest, EveryBrainFloatBecomesItsFloat) {
  expect_all_patterns(ElementType::kBF16, brain_value);
}

// Ranks of one text among the numbers, the first of which is right.
template <class T>
RankList ranks_of(ElementType type, const std::vector<T>& numbers) {
  const test::TemporaryFolder folder;
  std::string bytes;
  for (const T number : numbers) bytes += bytes_of_value(number);
  write_bytes(folder / "numbers", bytes);
  const auto mapping = std::make_shared<const MappedFile>(folder / "numbers");
  const auto videos = static_cast<int64_t>(numbers.size());
  const StoredScores scores({"", type, {1, videos}, {videos, 1}, false, mapping->data(), mapping}, "numbers");
  return text_to_video_ranks(scores, GroundTruth(std::vector<int64_t>{0}, videos), 1);
}

TEST(StoredScoresTest, NeighbouringLargeNumbersStayApart) {
  constexpr int64_t kLarge = int64_t{1} << 53, kMost = std::numeric_limits<int64_t>::max();
  EXPECT_THAT(ranks_of<int64_t>(ElementType::kI64, {kLarge, kLarge + 1, kLarge, kLarge - 1}).better, ElementsAre(1));
  EXPECT_THAT(ranks_of<int64_t>(ElementType::kI64, {kMost - 1, kMost, kMost - 1, -kMost}).tied, ElementsAre(1));
  EXPECT_THAT(ranks_of<int64_t>(ElementType::kI64, {-kMost, -kMost - 1, -kMost}).better, ElementsAre(0));
  EXPECT_THAT(ranks_of<uint64_t>(ElementType::kU64, {~uint64_t{1}, ~uint64_t{0}, ~uint64_t{1} - 1}).better,
              ElementsAre(1));
  EXPECT_THAT(ranks_of<int32_t>(ElementType::kI32, {(1 << 24) + 1, 1 << 24, (1 << 24) + 1}).tied, ElementsAre(1));
  EXPECT_THAT(ranks_of<double>(ElementType::kF64, {1, 1 + 0x1p-52}).better, ElementsAre(1));
  EXPECT_THAT(ranks_of<long double>(ElementType::kF128, {1, 1 + 0x1p-63L}).better, ElementsAre(1));
}

// Kilobytes of the mapping that holds this address which are in memory.
int64_t resident_kilobytes(const char* address) {
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    uintptr_t begin = 0, end = 0;
    char dash = 0;
    if (std::istringstream fields(line); fields >> std::hex >> begin >> dash >> end && dash == '-')
      inside = begin <= reinterpret_cast<uintptr_t>(address) && reinterpret_cast<uintptr_t>(address) < end;
    if (inside && line.starts_with("Rss:")) return std::stoll(line.substr(4));
  }
  return -1;
}

TEST(StoredScoresTest, PagesThatWereReadAreGivenBack) {
  const test::TemporaryFolder folder;
  constexpr int64_t kRows = 4096, kColumns = 1024;  // 16 MiB
  write_bytes(folder / "scores", std::string(kRows * kColumns * sizeof(float), '\0'));
  for (const bool by_rows : {true, false}) {
    const auto mapping = std::make_shared<const MappedFile>(folder / "scores");
    const std::vector<int64_t> strides{by_rows ? kColumns : 1, by_rows ? 1 : kRows};
    const StoredScores scores({"", ElementType::kF32, {kRows, kColumns}, strides, false, mapping->data(), mapping}, "");
    for (int64_t begin = 0; begin < kRows; begin += 1024) rows_of(scores, begin, begin + 1024);
    const auto resident = resident_kilobytes(mapping->data());
    if (resident < 0) GTEST_SKIP() << "this system does not tell what is in memory (/proc/self/smaps)";
    EXPECT_LT(resident, 2048) << (by_rows ? "rows" : "columns");
  }
}

TEST(StoredScoresTest, OtherDimensionsAndEmptyOnesAreRefused) {
  const char nothing = 0;
  const auto message = [&](const std::vector<int64_t>& shape) {
    return message_of([&] {
      StoredScores({"", ElementType::kF32, shape, std::vector<int64_t>(shape.size(), 1), false, &nothing, nullptr},
                   "a.npy");
    });
  };
  EXPECT_EQ(message({12}),
            "a.npy: holds float32 [12]; a similarity matrix has two dimensions, texts (rows) by videos "
            "(columns).");
  EXPECT_THAT(message({2, 3, 4}), HasSubstr("float32 [2, 3, 4]; a similarity matrix has two dimensions"));
  EXPECT_THAT(message({}), HasSubstr("two dimensions"));
  EXPECT_EQ(message({0, 5}), "a.npy: holds float32 [0, 5]; at least one text and one video are needed.");
  EXPECT_THAT(message({5, 0}), HasSubstr("at least one text"));
}

TEST(OpenScoresTest, FilesOfSeveralFormatsHoldTheSameScores) {
  const test::TemporaryFolder folder;
  const std::vector<float> values{0.5F, -1, 2, 0.25F, 8, -0.125F};
  const ArrayView scores{ElementType::kF32, {2, 3}, values.data()}, list{ElementType::kF32, {6}, values.data()};
  write_npy(folder / "scores.npy", scores);
  write_safetensors(folder / "two.safetensors", {{"scores", scores}, {"list", list}});
  write_file(folder / "scores.csv", "0.5,-1,2\n0.25,8,-0.125\n");
  for (const std::string name : {"scores.npy", "scores.csv", "two.safetensors", "two.safetensors:scores"}) {
    const auto opened = open_scores((folder / name).string());
    EXPECT_EQ(opened->texts(), 2) << name;
    EXPECT_THAT(rows_of(*opened, 0, 2), ElementsAre(0.5L, -1, 2, 0.25L, 8, -0.125L)) << name;
    EXPECT_THAT(pair_scores(*opened, {{0, 2}, {1, 1}}), ElementsAre(2, 8)) << name;
  }
  const auto wrong = (folder / "two.safetensors:list").string();
  EXPECT_EQ(message_of([&] { open_scores(wrong); }),
            wrong + ": holds float32 [6]; a similarity matrix has two dimensions, texts (rows) by videos (columns).");
}

// A byte a score, in Fortran order, a little more than what is copied to row order first.
TEST(OpenScoresTest, LargeMatricesInFortranOrderAreTurnedExactly) {
  const test::TemporaryFolder folder;
  constexpr int64_t kRows = 16'500, kColumns = 4'100;
  const auto value = [](int64_t row, int64_t column) { return (row * 31 + column * 17) % 251; };
  std::string bytes = "{'descr': '|u1', 'fortran_order': True, 'shape': (16500, 4100), }";
  bytes.resize(117, ' ');
  bytes = std::string("\x93NUMPY\x01\x00\x76\x00", 10) + bytes + "\n";
  for (int64_t column = 0; column < kColumns; ++column)
    for (int64_t row = 0; row < kRows; ++row) bytes += static_cast<char>(value(row, column));
  write_bytes(folder / "scores.npy", bytes);
  const auto scores = open_scores((folder / "scores.npy").string());
  for (const int64_t text : {0, 1, 5'000, 16'367, 16'368, 16'369, 16'499}) {
    const auto row = rows_of(*scores, text, text + 1);
    for (int64_t video = 0; video < kColumns; ++video)
      ASSERT_EQ(row[video], value(text, video)) << text << ", " << video;
  }
  EXPECT_THAT(pair_scores(*scores, {{0, 1}, {16'499, 4'099}}), ElementsAre(value(0, 1), value(16'499, 4'099)));
}

}  // namespace
}  // namespace tvr
