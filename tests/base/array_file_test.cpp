#include "tvr/base/array_file.h"

#include <sys/stat.h>

#include <fstream>

#include "array_values.h"
#include "damage.h"
#include "memory_file.h"
#include "temporary_folder.h"
#include "tvr/base/file.h"
#include "zip_writer.h"

namespace tvr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// write_file() would wait for the disk each time.
void put(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

class ArrayFile : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder / name).string(); }
  std::string refusal(const std::string& content) {
    put(folder / "file", content);
    return test::refusal_of([&] { read_arrays(folder / "file"); });
  }
  std::string refusal_of_choice(const std::string& file_and_name, size_t dimensions) {
    return test::refusal_of([&] { read_array(file_and_name, dimensions); });
  }

  test::TemporaryFolder folder;
};

TEST_F(ArrayFile, IsRecognisedByItsContent) {
  const std::vector<float> numbers{1, 2, 3, 4};
  const std::vector<double> expected{1, 2, 3, 4};
  const ArrayView view{ElementType::kF32, {2, 2}, numbers.data()};
  write_npy(folder / "a", view);
  write_safetensors(folder / "b", {{"scores", view}});
  put(folder / "c", test::zip_of({{"scores.npy", read_file(folder / "a"), true}}));
  put(folder / "d.npy", "1,2\n3,4\n");
  for (const char* name : {"a", "b", "c", "d.npy"}) {
    const auto arrays = read_arrays(folder / name);
    ASSERT_EQ(arrays.size(), 1u) << name;
    EXPECT_THAT(arrays[0].shape, ElementsAre(2, 2)) << name;
    EXPECT_EQ(arrays[0].name, std::string(name) == "b" || std::string(name) == "c" ? "scores" : "") << name;
    EXPECT_EQ(test::values_of(arrays[0]), expected) << name;
  }
  EXPECT_EQ(read_arrays(test::golden("tensor.pt"))[0].description(), "float32 [2, 3]");
}

TEST_F(ArrayFile, KeepsItsArraysWhenItIsDeletedAndForgotten) {
  std::vector<StoredArray> kept;
  for (const char* name : {"matrix.npy", "deflated.npz", "tensor.pt", "state_legacy.pt"}) {
    std::filesystem::copy_file(test::golden(name), folder / name);
    auto arrays = read_arrays(folder / name);
    kept.push_back(arrays[0]);
    std::filesystem::remove(folder / name);
  }
  EXPECT_EQ(test::values_of(kept[0]), test::counting(-2, 12));
  EXPECT_EQ(test::values_of(kept[1]), test::counting(-2, 20));
  EXPECT_EQ(test::values_of(kept[2]), test::counting(-2, 6));
  EXPECT_EQ(test::values_of(kept[3]), test::counting(-2, 6));
}

TEST_F(ArrayFile, ReadsDeflatedArrays) {
  const auto arrays = read_arrays(test::golden("deflated.npz"));
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[0].name, "text");
  EXPECT_EQ(arrays[1].description(), "float64 [40, 4]");
  EXPECT_EQ(test::values_of(arrays[1]), test::counting(-2, 160));
}

TEST_F(ArrayFile, RefusesWhatHoldsNoArrays) {
  EXPECT_THAT(refusal(""), HasSubstr("file: is empty."));
  EXPECT_THAT(refusal(test::zip_of({})), HasSubstr("is an empty zip file"));
  EXPECT_THAT(refusal("\x1F\x8B\x08"), HasSubstr("is compressed by gzip; unpack it first"));
  EXPECT_THAT(refusal("\xFD\x37zXZ"), HasSubstr("is compressed by xz"));
  EXPECT_THAT(refusal("\x89HDF\r\n"), HasSubstr("is an HDF5 file"));
  EXPECT_THAT(refusal(std::string("1,2\0,3", 6)), HasSubstr("is neither an array file"));
  EXPECT_THAT(refusal("\x7F"
                      "ELF\x02\x01"),
              HasSubstr("nor a table of numbers"));
  EXPECT_THAT(refusal(test::zip_of({{"readme.txt", "x"}})), HasSubstr("'readme.txt' is no NumPy array"));
  EXPECT_THAT(refusal(test::zip_of({{"a.npy", "x"}})), HasSubstr("file: member 'a.npy': is not a NumPy file"));
  EXPECT_THAT(test::refusal_of([&] { read_arrays(folder.path()); }), HasSubstr("is a folder"));
  EXPECT_THAT(test::refusal_of([&] { read_arrays(folder / "absent"); }), HasSubstr("absent: cannot be read"));
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(test::refusal_of([&] { read_arrays(folder / "pipe"); }), HasSubstr("not a regular file"));
}

TEST_F(ArrayFile, ASafetensorsFileThatIsCutIsStillOne) {
  const float number = 1;
  write_safetensors(folder / "a", {{"scores", {ElementType::kF32, {1}, &number}}});
  EXPECT_THAT(refusal(read_file(folder / "a").substr(0, 20)), HasSubstr("safetensors file, or is cut short"));
}

TEST_F(ArrayFile, TheOnlyArrayNeedsNoName) {
  EXPECT_EQ(read_array(test::golden("matrix.npy"), 2).description(), "float32 [3, 4]");
  EXPECT_EQ(read_array(test::golden("matrix.npy"), 1).description(),
            "float32 [3, 4]");  // the caller says what it needs
}

TEST_F(ArrayFile, AnArrayIsChosenByItsNameOrItsDimensions) {
  const auto file = test::golden("types.npz").string();
  EXPECT_EQ(read_array(file + ":f8_big", 2).description(), "float64 [2, 3]");
  EXPECT_EQ(read_array(file, 3).name, "fortran");
  EXPECT_THAT(refusal_of_choice(file + ":f8", 2),
              HasSubstr("types.npz: holds no array 'f8'. It has: 'b1_little' bool [2, 3], "));
  EXPECT_THAT(refusal_of_choice(file, 2),
              HasSubstr("holds 21 arrays, 19 of them with 2 dimensions; name one behind a colon"));
  EXPECT_THAT(refusal_of_choice(file, 7), HasSubstr("0 of them with 7 dimensions"));
  EXPECT_THAT(refusal_of_choice(file, 2), HasSubstr("and 1 more."));
  write_safetensors(folder / "none", {});
  EXPECT_THAT(refusal_of_choice(path("none"), 2), HasSubstr("none: holds no array."));
}

TEST_F(ArrayFile, AColonInAPathThatExistsIsPartOfIt) {
  std::filesystem::copy_file(test::golden("matrix.npy"), folder / "run:1");
  std::filesystem::copy_file(test::golden("deflated.npz"), folder / "run:2");
  EXPECT_EQ(read_array(path("run:1"), 2).description(), "float32 [3, 4]");
  EXPECT_EQ(read_array(path("run:2:text"), 2).description(), "float32 [5, 4]");
  EXPECT_THAT(refusal_of_choice(path("run:3"), 2), HasSubstr("run: cannot be read"));
}

TEST_F(ArrayFile, SurvivesAnyDamage) {
  for (const char* name : {"deflated.npz", "matrix.npy"}) {
    const auto whole = read_file(test::golden(name));
    test::expect_survives_changes(whole, [&](const std::string& bytes) {
      const test::MemoryFile file(bytes);
      for (const auto& array : read_arrays(file.path())) test::touch(array);
    });
  }
}

TEST_F(ArrayFile, ReadsTheRealMatrix) {
  const char* data = std::getenv("TVR_TEST_DATA");
  const auto file = std::filesystem::path(data == nullptr ? "" : data) / "simmatrix" / "msrvtt_video_matrix.npy";
  if (data == nullptr || !std::filesystem::exists(file)) GTEST_SKIP() << "TVR_TEST_DATA holds no simmatrix folder";
  const auto matrix = read_array(file.string(), 2);
  EXPECT_EQ(matrix.description(), "float32 [1000, 1000]");
  for (const double value : test::values_of(matrix)) ASSERT_LT(std::abs(value), 1.0);
}

}  // namespace
}  // namespace tvr
