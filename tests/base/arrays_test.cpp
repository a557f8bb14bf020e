#include "tvr/base/arrays.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <vector>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {

// numpy.save of NumPy 2 writes these headers, padded with blanks to 128 bytes.
std::string npy_header(const std::string& dictionary) {
  std::string header = std::string("\x93NUMPY\x01\x00\x76\x00", 10) + dictionary;
  header.resize(127, ' ');
  return header + '\n';
}

TEST(Npy, EqualsNumPysFileByteForByte) {
  const test::TemporaryFolder folder;
  const auto file = folder / "a.npy";
  const std::vector<float> values{0, 1, 2, 3, 4, 5};
  write_npy(file, {ElementType::kF32, {2, 3}, values.data()});
  EXPECT_EQ(read_file(file), npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }") +
                                 std::string(reinterpret_cast<const char*>(values.data()), 24));
  const int64_t seven = 7;
  write_npy(file, {ElementType::kI64, {}, &seven});
  EXPECT_EQ(read_file(file),
            npy_header("{'descr': '<i8', 'fortran_order': False, 'shape': (), }") + std::string("\7\0\0\0\0\0\0\0", 8));
  write_npy(file, {ElementType::kU8, {0}, nullptr});
  EXPECT_EQ(read_file(file), npy_header("{'descr': '|u1', 'fortran_order': False, 'shape': (0,), }"));
}

TEST(Npy, HasNoBfloat16) {
  const test::TemporaryFolder folder;
  const uint16_t value = 0;
  EXPECT_THROW(write_npy(folder / "a.npy", {ElementType::kBF16, {1}, &value}), std::logic_error);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(ElementTypes, HaveTheSizesAndNamesOfSafetensors) {
  const std::vector<std::pair<ElementType, std::pair<std::string, int64_t>>> types{
      {ElementType::kBool, {"BOOL", 1}}, {ElementType::kU8, {"U8", 1}},     {ElementType::kI8, {"I8", 1}},
      {ElementType::kI16, {"I16", 2}},   {ElementType::kU16, {"U16", 2}},   {ElementType::kI32, {"I32", 4}},
      {ElementType::kU32, {"U32", 4}},   {ElementType::kI64, {"I64", 8}},   {ElementType::kU64, {"U64", 8}},
      {ElementType::kF16, {"F16", 2}},   {ElementType::kBF16, {"BF16", 2}}, {ElementType::kF32, {"F32", 4}},
      {ElementType::kF64, {"F64", 8}},   {ElementType::kF128, {"F128", 16}}};
  for (const auto& [type, expected] : types) {
    EXPECT_EQ(element_name(type), expected.first);
    EXPECT_EQ(element_size(type), expected.second);
  }
}

TEST(MappedFile, ReadsFilesAndRefusesOtherThings) {
  const test::TemporaryFolder folder;
  write_file(folder / "some", "content");
  const MappedFile some(folder / "some");
  EXPECT_EQ(std::string(some.data(), static_cast<size_t>(some.size())), "content");
  write_file(folder / "empty", "");
  EXPECT_EQ(MappedFile(folder / "empty").size(), 0);
  EXPECT_THROW(MappedFile(folder / "absent"), DataError);
  EXPECT_THROW(MappedFile(folder.path()), DataError);
  EXPECT_THROW(MappedFile("/dev/zero"), DataError);
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(MappedFile(folder / "pipe"), DataError);  // and does not wait for a writer
}

}  // namespace
}  // namespace tvr
