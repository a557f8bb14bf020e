#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "temporary_folder.h"
#include "tvr/base/arrays.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Safetensors : public testing::Test {
 protected:
  fs::path write(const std::string& header, const std::string& data) {
    const uint64_t size = header.size();
    put(std::string(reinterpret_cast<const char*>(&size), 8) + header + data);
    return file;
  }
  // write_file() would wait for the disk each time.
  void put(const std::string& content) { std::ofstream(file, std::ios::binary | std::ios::trunc) << content; }
  // The sentence of the refusal; "" if the file is accepted.
  std::string refusal(const std::string& header, const std::string& data) {
    write(header, data);
    return refusal();
  }
  std::string refusal() {
    try {
      SafetensorsFile opened(file);
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr("weights.safetensors"));
      EXPECT_LT(std::strlen(error.what()), 800u);
      return error.what();
    }
    return "";
  }

  test::TemporaryFolder folder;
  fs::path file = folder / "weights.safetensors";
};

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape, uint64_t begin,
                  uint64_t end) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[)" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

TEST_F(Safetensors, RoundTripKeepsNamesShapesTypesBytesAndMetadata) {
  const std::vector<float> weights{1.5f, -2, 3, 4, 5, 6};
  const std::vector<uint8_t> mask{1, 0, 1};
  const int64_t scalar = 7;
  write_safetensors(file,
                    {{"mask", {ElementType::kU8, {3}, mask.data()}},
                     {"weights", {ElementType::kF32, {2, 3}, weights.data()}},
                     {"scalar", {ElementType::kI64, {}, &scalar}},
                     {"empty", {ElementType::kF16, {0, 5}, nullptr}}},
                    {{"text_ids", R"(["a","b"])"}});
  const SafetensorsFile read(file);
  EXPECT_EQ(read.arrays().size(), 4u);
  EXPECT_EQ(read.at("weights").shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(read.at("weights").type, ElementType::kF32);
  EXPECT_EQ(std::memcmp(read.at("weights").data, weights.data(), 24),
            0);  // unaligned behind the three bytes of the mask
  EXPECT_EQ(std::memcmp(read.at("mask").data, mask.data(), 3), 0);
  EXPECT_EQ(std::memcmp(read.at("scalar").data, &scalar, 8), 0);
  EXPECT_TRUE(read.at("scalar").shape.empty());
  EXPECT_EQ(read.at("empty").bytes(), 0);
  EXPECT_EQ(read.metadata().at("text_ids"), R"(["a","b"])");
}

TEST_F(Safetensors, OfNoArraysIsLegal) {
  write_safetensors(file, {});
  EXPECT_TRUE(SafetensorsFile(file).arrays().empty());
  EXPECT_EQ(refusal("{}   ", ""), "");
}

TEST_F(Safetensors, TheHeaderIsPaddedToEightBytes) {
  for (const char* name : {"a", "ab", "abcdefg"}) {
    const uint8_t byte = 1;
    write_safetensors(file, {{name, {ElementType::kU8, {1}, &byte}}});
    uint64_t size = 0;
    std::memcpy(&size, read_file(file).data(), 8);
    EXPECT_EQ(size % 8, 0u);
  }
}

TEST_F(Safetensors, TheMappingOutlivesTheFileObject) {
  const float value = 2.5f;
  write_safetensors(file, {{"a", {ElementType::kF32, {1}, &value}}});
  ArrayView view;
  std::shared_ptr<const MappedFile> mapping;
  {
    const SafetensorsFile read(file);
    view = read.at("a");
    mapping = read.mapping();
  }
  float copy = 0;
  std::memcpy(&copy, view.data, 4);
  EXPECT_EQ(copy, value);
}

TEST_F(Safetensors, AMissingArrayIsNamedWithTheNearest) {
  write("{" + entry("visual.proj", "U8", "[1]", 0, 1) + "}", "x");
  const SafetensorsFile read(file);
  EXPECT_FALSE(read.has("visual.pro"));
  try {
    read.at("visual.pro");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean \"visual.proj\"?"));
  }
}

TEST_F(Safetensors, RefusesAFileCutAtAnyByte) {
  const std::vector<float> values(4, 1.0f);
  write_safetensors(file, {{"a", {ElementType::kF32, {4}, values.data()}}}, {{"k", "v"}});
  const auto whole = read_file(file);
  for (size_t size = 0; size < whole.size(); ++size) {
    put(whole.substr(0, size));
    EXPECT_NE(refusal(), "") << size;
  }
  put(whole + "x");
  EXPECT_THAT(refusal(), HasSubstr("its header describes 16"));
}

TEST_F(Safetensors, SurvivesAnyFlippedByte) {
  const std::vector<float> values(2, 1.0f);
  write_safetensors(file, {{"a", {ElementType::kF32, {2}, values.data()}}}, {{"k", "v"}});
  const auto whole = read_file(file);
  for (size_t i = 0; i + 8 < whole.size(); ++i) {
    for (const int flip : {0x01, 0x20, 0x80, 0xFF}) {
      auto damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      put(damaged);
      refusal();  // refused or read, never a crash
    }
  }
}

TEST_F(Safetensors, RefusesHugeHeaders) {
  for (const uint64_t size : {uint64_t{100'000'001}, uint64_t{1} << 62, UINT64_MAX, UINT64_MAX - 7}) {
    put(std::string(reinterpret_cast<const char*>(&size), 8) + "{}");
    EXPECT_THAT(refusal(), HasSubstr("not a safetensors file"));
  }
}

TEST_F(Safetensors, RefusesWhatIsNoJsonObject) {
  for (const char* header :
       {"", " {}", "[]", "null", "{", "{}x", "{\"a\":}", "\xEF\xBB\xBF{}", "{\"\xff\":1}", "{'a':1}"})
    EXPECT_NE(refusal(header, ""), "") << header;
  EXPECT_NE(refusal(std::string("{}\0", 3), ""), "");
}

TEST_F(Safetensors, RefusesDeepNesting) {
  EXPECT_THAT(refusal("{\"a\":" + std::string(100'000, '['), ""), HasSubstr("nested"));
  std::string objects = "{\"a\":";
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_THAT(refusal(objects, ""), HasSubstr("nested"));
}

TEST_F(Safetensors, RefusesMoreDimensionsThanTensorsHave) {
  const auto ones = [](size_t count) {
    std::string shape = "[1";
    for (size_t i = 1; i < count; ++i) shape += ",1";
    return shape + "]";
  };
  EXPECT_EQ(refusal("{" + entry("a", "U8", ones(64), 0, 1) + "}", "x"), "");
  EXPECT_THAT(refusal("{" + entry("a", "U8", ones(100'000), 0, 1) + "}", "x"), HasSubstr("100000 dimensions"));
}

TEST_F(Safetensors, RefusesTwoArraysOfOneName) {
  EXPECT_THAT(refusal("{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("a", "U8", "[1]", 1, 2) + "}", "xy"),
              HasSubstr("\"a\" twice"));
  EXPECT_THAT(refusal(R"({"__metadata__":{"k":"1","k":"2"}})", ""), HasSubstr("\"k\" twice"));
}

TEST_F(Safetensors, RefusesOverlapsAndHoles) {
  EXPECT_THAT(refusal("{" + entry("a", "U8", "[2]", 0, 2) + "," + entry("b", "U8", "[2]", 1, 3) + "}", "xyz"),
              HasSubstr("overlaps"));
  EXPECT_THAT(refusal("{" + entry("a", "U8", "[2]", 0, 2) + "," + entry("b", "U8", "[2]", 0, 2) + "}", "xy"),
              HasSubstr("overlaps"));
  EXPECT_THAT(refusal("{" + entry("a", "U8", "[1]", 0, 1) + "," + entry("b", "U8", "[1]", 2, 3) + "}", "xyz"),
              HasSubstr("hole"));
  EXPECT_THAT(refusal("{" + entry("a", "U8", "[1]", 1, 2) + "}", "xy"), HasSubstr("hole"));
  EXPECT_THAT(refusal("{" + entry("a", "U8", "[4]", 0, 4) + "," + entry("b", "U8", "[0]", 2, 2) + "}", "wxyz"),
              HasSubstr("overlaps"));
}

TEST_F(Safetensors, RefusesOffsetsThatDoNotFit) {
  EXPECT_THAT(refusal("{" + entry("a", "F32", "[1]", 0, 5) + "}", "12345"), HasSubstr("do not fit"));
  EXPECT_THAT(refusal("{" + entry("a", "U8", "[1]", 1, 0) + "}", ""), HasSubstr("do not fit"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}})", "x"), HasSubstr("do not fit"));
  EXPECT_THAT(refusal("{" + entry("a", "U8", "[9]", 0, 9) + "}", "x"), HasSubstr("its header describes 9"));
}

TEST_F(Safetensors, RefusesShapesThatOverflow) {
  for (const char* shape : {"[4611686018427387904,4]", "[18446744073709551615]", "[9223372036854775808]",
                            "[4611686018427387904,0]", "[4294967296,4294967296]"})
    EXPECT_NE(refusal("{" + entry("a", "F32", shape, 0, 0) + "}", ""), "") << shape;
}

TEST_F(Safetensors, AnEmptyShapeProductIsZeroBytes) {
  EXPECT_EQ(refusal("{" + entry("a", "F32", "[0,4611686018427387904,9]", 0, 0) + "}", ""), "");
  EXPECT_EQ(SafetensorsFile(file).at("a").bytes(), 0);
}

TEST_F(Safetensors, RefusesNumbersThatAreNoCounts) {
  for (const char* shape :
       {"[-1]", "[1.0]", "[1e2]", "[\"1\"]", "[[1]]", "1", "null", "[18446744073709551616]", "[true]"})
    EXPECT_NE(refusal("{" + entry("a", "U8", shape, 0, 1) + "}", "x"), "") << shape;
  EXPECT_NE(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1e400]}})", "x"), "");
}

TEST_F(Safetensors, RefusesEntriesOfTheWrongKind) {
  for (const char* header : {R"({"a":1})", R"({"a":null})", R"({"a":[]})", R"({"a":{}})",
                             R"({"a":{"dtype":1,"shape":[1],"data_offsets":[0,1]}})",
                             R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", R"({"a":{"dtype":"U8","shape":[1]}})"})
    EXPECT_NE(refusal(header, "x"), "") << header;
  EXPECT_THAT(refusal("{" + entry("a", "F8_E4M3", "[1]", 0, 1) + "}", "x"), HasSubstr("\"F8_E4M3\" is not supported"));
}

TEST_F(Safetensors, RefusesMetadataThatIsNoMapOfStrings) {
  for (const char* metadata : {"1", "\"x\"", "null", "[\"x\"]", "{\"k\":1}", "{\"k\":{}}"})
    EXPECT_THAT(refusal("{\"__metadata__\":" + std::string(metadata) + "}", ""), HasSubstr("metadata")) << metadata;
}

TEST_F(Safetensors, MessagesEscapeAndShortenForeignNames) {
  EXPECT_THAT(refusal("{" + entry("\\u001b[31m\\u0000evil", "U9", "[1]", 0, 1) + "}", "x"),
              HasSubstr("\\u001b[31m\\u0000evil"));
  EXPECT_NE(refusal("{" + entry(std::string(1 << 20, 'n'), "U9", "[1]", 0, 1) + "}", "x"),
            "");  // refusal() checks the length
  EXPECT_NE(refusal("{\"" + std::string(1 << 20, 'n'), ""), "");
}

TEST_F(Safetensors, TheWriterRefusesWhatTheFormatCannotHold) {
  const uint8_t byte = 1;
  const ArrayView view{ElementType::kU8, {1}, &byte};
  EXPECT_THROW(write_safetensors(file, {{"a", view}, {"a", view}}), std::logic_error);
  EXPECT_THROW(write_safetensors(file, {{"__metadata__", view}}), DataError);
  EXPECT_THROW(write_safetensors(file, {{"video\xff", view}}), DataError);
  EXPECT_THROW(write_safetensors(file, {{"a", view}}, {{"ids", "\xc3"}}), DataError);
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(Safetensors, OpensAFileOfAnotherWriter) {
  const char* data = std::getenv("TVR_TEST_DATA");
  const auto foreign = fs::path(data == nullptr ? "" : data) / "torch_files/syoyo_model.safetensors";
  if (!fs::exists(foreign)) GTEST_SKIP() << "no file '" << foreign.string() << "'";
  EXPECT_FALSE(SafetensorsFile(foreign).arrays().empty());
}

}  // namespace
}  // namespace tvr
