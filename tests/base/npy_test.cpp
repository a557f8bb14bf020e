#include "base/npy.h"

#include <map>
#include "array_values.h"
#include "damage.h"

#include "tvr/base/file.h"

namespace tvr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string npy(const std::string& header, const std::string& data, int version = 1) {
  std::string file = std::string("\x93NUMPY") + static_cast<char>(version) + '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) file += static_cast<char>(header.size() >> (8 * i));
  return file + header + data;
}
std::string header(const std::string& type, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}
std::string refusal(const std::string& bytes) {
  const auto sentence = test::refusal_of([&] { test::touch(read_npy(bytes, "a.npy")); });
  EXPECT_TRUE(sentence.empty() || sentence.starts_with("a.npy: ")) << sentence;
  return sentence;
}

TEST(NpyReader, ReadsEveryTypeAndOrderThatNumPyWrites) {
  const auto arrays = read_arrays(test::golden("types.npz"));
  ASSERT_EQ(arrays.size(), 21u);
  const std::map<std::string, ElementType> types{
      {"b1", ElementType::kBool}, {"i1", ElementType::kI8},  {"i2", ElementType::kI16}, {"i4", ElementType::kI32},
      {"i8", ElementType::kI64},  {"u1", ElementType::kU8},  {"u2", ElementType::kU16}, {"u4", ElementType::kU32},
      {"u8", ElementType::kU64},  {"f2", ElementType::kF16}, {"f4", ElementType::kF32}, {"f8", ElementType::kF64},
      {"f16", ElementType::kF128}};
  size_t numeric = 0;
  for (const auto& array : arrays) {
    const auto kind = array.name.substr(0, array.name.find('_'));
    if (types.count(kind) == 0) continue;
    ++numeric;
    EXPECT_EQ(array.type, types.at(kind)) << array.name;
    EXPECT_EQ(array.big_endian, array.name.ends_with("_big")) << array.name;
    EXPECT_THAT(array.shape, ElementsAre(2, 3));
    const auto expected = kind == "b1"          ? std::vector<double>{0, 1, 0, 1, 0, 1}
                          : kind.front() == 'u' ? test::counting(0, 6)
                                                : test::counting(-2, 6);
    EXPECT_EQ(test::values_of(array), expected) << array.name;
  }
  EXPECT_EQ(numeric, 18u);
}

TEST(NpyReader, ReadsFortranOrderScalarsAndEmptyArrays) {
  std::map<std::string, StoredArray> arrays;
  for (const auto& array : read_arrays(test::golden("types.npz"))) arrays[array.name] = array;
  EXPECT_THAT(arrays.at("fortran").strides, ElementsAre(1, 2, 6));
  EXPECT_EQ(test::values_of(arrays.at("fortran")), test::counting(-2, 24));
  EXPECT_TRUE(arrays.at("scalar").shape.empty());
  EXPECT_EQ(test::values_of(arrays.at("scalar")), std::vector<double>{-2});
  EXPECT_THAT(arrays.at("empty").shape, ElementsAre(0, 5));
  EXPECT_EQ(arrays.at("empty").description(), "float32 [0, 5]");
}

TEST(NpyReader, ReadsAllVersionsAndWhatOlderPythonsWrote) {
  const std::string data("\x01\x02\x03", 3);
  for (const int version : {1, 2, 3}) {
    const auto file = npy(header("|u1", "(3,)"), data, version);
    EXPECT_THAT(test::values_of(read_npy(file, "")), ElementsAre(1, 2, 3)) << version;
  }
  const auto python2 = npy("{\"shape\": (1L, 3L), 'fortran_order': True, 'descr': 'u1'}", data);
  const auto array = read_npy(python2, "");
  EXPECT_THAT(array.shape, ElementsAre(1, 3));
  EXPECT_THAT(array.strides, ElementsAre(1, 1));
  EXPECT_FALSE(array.big_endian);
  const auto native = npy(header("=i2", "(1,)"), std::string("\x02\x01", 2));
  EXPECT_THAT(test::values_of(read_npy(native, "")), ElementsAre(0x102));
  const auto one_byte = npy(header(">i1", "(1,)"), "\x01");
  EXPECT_FALSE(read_npy(one_byte, "").big_endian);
}

TEST(NpyReader, RefusesWhatIsNoArrayOfNumbers) {
  for (const auto& [type, word] : std::map<std::string, std::string>{{"|O", "Python objects"},
                                                                     {"<U5", "strings"},
                                                                     {"|S3", "strings"},
                                                                     {"<c8", "complex numbers"},
                                                                     {"<M8[ns]", "dates"},
                                                                     {"<m8[s]", "dates"},
                                                                     {"|V2", "structured dtype"},
                                                                     {"<f3", "unknown type"},
                                                                     {"", "unknown type"},
                                                                     {"<", "unknown type"},
                                                                     {"<f12", "unknown type"}}) {
    EXPECT_THAT(refusal(npy(header(type, "(1,)"), "12345678")), HasSubstr(word)) << type;
    EXPECT_THAT(refusal(npy(header(type, "(1,)"), "12345678")), HasSubstr("astype")) << type;
  }
  EXPECT_THAT(refusal(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "1234")),
              HasSubstr("structured dtype"));
  EXPECT_THAT(refusal(npy(header(">f16", "(1,)"), std::string(16, '\0'))), HasSubstr("big-endian longdouble"));
}

TEST(NpyReader, RefusesAWrongBeginning) {
  EXPECT_THAT(refusal("NUMPY"), HasSubstr("not a NumPy file"));
  EXPECT_THAT(refusal(npy(header("|u1", "(1,)"), "x", 4)), HasSubstr("version 4.0"));
  auto minor = npy(header("|u1", "(1,)"), "x");
  minor[7] = 1;
  EXPECT_THAT(refusal(minor), HasSubstr("version 1.1"));
  EXPECT_THAT(refusal(npy(header("|u1", "(1,)"), "").substr(0, 30)), HasSubstr("cut short inside the NumPy header"));
}

TEST(NpyReader, RefusesAHeaderThatIsNotItsDictionary) {
  for (const std::string damaged :
       {"", "{}", "[]", "{'descr': '|u1', 'fortran_order': False}", "{'descr': '|u1', 'shape': (1,)}",
        "{'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'more': 1}",
        "{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}", "{'descr': '|u1', 'fortran_order': False, 'shape': 1}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1.5,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1 1)}",
        "{'descr': '|u1' 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x", "{'descr: |u1}", "{'descr': u1}"})
    EXPECT_THAT(refusal(npy(damaged, "x")), HasSubstr("header is damaged")) << damaged;
}

TEST(NpyReader, RefusesShapesThatDoNotFitTheBytes) {
  EXPECT_THAT(refusal(npy(header("<f4", "(2,)"), "1234567")),
              HasSubstr("float32 [2], 8 bytes, but 7 follow; the file is cut"));
  EXPECT_THAT(refusal(npy(header("<f4", "(2,)"), "123456789")),
              HasSubstr("8 bytes, but 9 follow; the file is damaged"));
  EXPECT_THAT(refusal(npy(header("<f4", "(0, 7)"), "x")), HasSubstr("0 bytes, but 1 follow"));
  EXPECT_THAT(refusal(npy(header("<f4", "(-1,)"), "")), HasSubstr("negative"));
  EXPECT_THAT(refusal(npy(header("<f4", "(99999999999999999999,)"), "")), HasSubstr("too large"));
  EXPECT_THAT(refusal(npy(header("<f4", "(4294967296, 4294967296)"), "")), HasSubstr("too large"));
  EXPECT_THAT(refusal(npy(header("<f4", "(0, 9223372036854775807)"), "")), HasSubstr("too large"));
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "1,";
  EXPECT_THAT(refusal(npy(header("|u1", many + ")"), "x")), HasSubstr("65 dimensions"));
}

TEST(NpyReader, SurvivesAnyDamage) {
  const auto whole = read_file(test::golden("matrix.npy"));
  const auto read = [](const std::string& bytes) { test::touch(read_npy(bytes, "a.npy")); };
  EXPECT_EQ(test::values_of(read_npy(whole, "")), test::counting(-2, 12));
  test::expect_refuses_cuts(whole, read);
  test::expect_survives_changes(whole, read);
}

}  // namespace
}  // namespace tvr
