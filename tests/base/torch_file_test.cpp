#include "base/torch_file.h"

#include <functional>
#include <map>

#include "array_values.h"
#include "damage.h"
#include "memory_file.h"
#include "tvr/base/file.h"
#include "zip_writer.h"

namespace tvr {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kRebuild[] = "ctorch._utils\n_rebuild_tensor_v2\n";

/// A tensor of a pickle of protocol 2; what it says can be made wrong.
struct Tensor {
  std::string rebuild = kRebuild;
  std::string storage = "FloatStorage";
  std::string count = "K\x06", offset = std::string("K\0", 2), shape = "K\x02K\x03\x86", strides = "K\x03K\x01\x86";
  std::string more = "\x89)";  // requires no gradient, and hooks that nobody looks at
};
std::string pickle_of(const Tensor& tensor) {
  return tensor.rebuild + "((U\x07storagectorch\n" + tensor.storage +
         "\nU\x01"
         "0U\x03"
         "cpu" +
         tensor.count + "tQ" + tensor.offset + tensor.shape + tensor.strides + tensor.more + "tR";
}

class TorchFile : public testing::Test {
 protected:
  std::vector<StoredArray> read(const std::string& bytes) {
    const test::MemoryFile file(bytes);
    return read_arrays(file.path());
  }
  // A file as torch.save writes it, of one storage of 24 bytes.
  std::string archive(const std::string& pickle, const std::vector<test::ZipEntry>& more = {}) {
    std::vector<test::ZipEntry> entries{{"a/data.pkl", "\x80\x02" + pickle + "."}, {"a/data/0", std::string(24, '\1')}};
    entries.insert(entries.end(), more.begin(), more.end());
    return test::zip_of(entries);
  }
  std::string refusal(const std::string& bytes) {
    const auto sentence = test::refusal_of([&] {
      for (const auto& array : read(bytes)) test::touch(array);
    });
    EXPECT_TRUE(sentence.empty() || sentence.starts_with("/proc/self/fd/")) << sentence;
    return sentence;
  }
  std::string refusal_of_tensor(const Tensor& tensor) { return refusal(archive(pickle_of(tensor))); }
};

std::map<std::string, StoredArray> by_name(const std::vector<StoredArray>& arrays) {
  std::map<std::string, StoredArray> result;
  for (const auto& array : arrays) result[array.name] = array;
  return result;
}

// What tests/reference/array_files.py saved.
void expect_saved_state(const std::vector<StoredArray>& arrays) {
  const auto found = by_name(arrays);
  ASSERT_EQ(found.size(), arrays.size());
  for (const char* name : {"float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8"}) {
    const auto& array = found.at(std::string("model.") + name);
    EXPECT_EQ(array.description(), std::string(name) + " [2, 3]");
    EXPECT_EQ(test::values_of(array), test::counting(-2, 6)) << name;
  }
  EXPECT_EQ(test::values_of(found.at("model.uint8")), test::counting(0, 6));
  EXPECT_THAT(test::values_of(found.at("model.bool")), ElementsAre(0, 1, 0, 1, 0, 1));
  EXPECT_THAT(found.at("model.transposed").shape, ElementsAre(4, 3));
  EXPECT_THAT(test::values_of(found.at("model.transposed")), ElementsAre(-2, 2, 6, -1, 3, 7, 0, 4, 8, 1, 5, 9));
  EXPECT_THAT(test::values_of(found.at("model.column")), ElementsAre(-1, 3, 7));
  EXPECT_THAT(test::values_of(found.at("model.expanded")), ElementsAre(-2, -1, 0, 1, -2, -1, 0, 1));
  EXPECT_THAT(test::values_of(found.at("model.scalar")), ElementsAre(9));
  EXPECT_TRUE(found.at("model.scalar").shape.empty());
  EXPECT_THAT(found.at("model.empty").shape, ElementsAre(0, 3));
  EXPECT_EQ(test::values_of(found.at("model.parameter")), test::counting(-2, 12));
  EXPECT_EQ(test::values_of(found.at("lists.0")), test::counting(-2, 3));
  EXPECT_EQ(test::values_of(found.at("lists.1.1.7")), test::counting(-2, 2));
  EXPECT_EQ(arrays.front().name, "model.float32");  // in the order of the saved object
}

TEST_F(TorchFile, ReadsWhatTorchSaves) {
  const auto arrays = read_arrays(test::golden("state.pt"));
  ASSERT_EQ(arrays.size(), 21u);
  expect_saved_state(arrays);
  const auto found = by_name(arrays);
  for (const char* name : {"uint16", "uint32", "uint64"}) {
    EXPECT_EQ(found.at(std::string("model.") + name).description(), std::string(name) + " [2, 3]");
    EXPECT_EQ(test::values_of(found.at(std::string("model.") + name)), test::counting(0, 6)) << name;
  }
}

TEST_F(TorchFile, ReadsWhatTorchSavedBefore16) {
  const auto arrays = read_arrays(test::golden("state_legacy.pt"));
  ASSERT_EQ(arrays.size(), 18u);
  expect_saved_state(arrays);
}

TEST_F(TorchFile, OneTensorHasNoName) {
  const auto arrays = read_arrays(test::golden("tensor.pt"));
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_EQ(arrays[0].name, "");
  EXPECT_EQ(test::values_of(arrays[0]), test::counting(-2, 6));
}

TEST_F(TorchFile, HonoursTheByteOrder) {
  const std::string tensor = pickle_of({});
  EXPECT_FALSE(read(archive(tensor, {{"a/byteorder", "little"}}))[0].big_endian);
  EXPECT_TRUE(read(archive(tensor, {{"a/byteorder", "big"}}))[0].big_endian);
  EXPECT_THAT(refusal(archive(tensor, {{"a/byteorder", "middle"}})), HasSubstr("byte order 'middle'"));
}

TEST_F(TorchFile, ReadsOlderFormsOfObjects) {
  EXPECT_EQ(read(archive(pickle_of({.rebuild = "ctorch._utils\n_rebuild_tensor\n", .more = ""}))).size(), 1u);
  const auto ordered = archive("ccollections\nOrderedDict\n(((U\x01w" + pickle_of({}) + "lltR");  // as Python 2
  EXPECT_EQ(read(ordered).at(0).name, "w");
  EXPECT_EQ(read(archive("ctorch._utils\n_rebuild_parameter\n(" + pickle_of({}) + "\x88)tR")).size(), 1u);
  const auto with_attributes = "ctorch._tensor\n_rebuild_from_type_v2\n(" + std::string(kRebuild) + "ctorch\nTensor\n" +
                               pickle_of({}).substr(sizeof(kRebuild) - 1);
  const auto arguments = with_attributes.substr(0, with_attributes.size() - 1);  // without the call itself
  EXPECT_EQ(read(archive(arguments + "}tR")).size(), 1u);
}

TEST_F(TorchFile, RefusesCodeByName) {
  for (const std::string call :
       {"cos\nsystem\n(U\x02lstR", "\x8C\x02os\x8C\x06system\x93(U\x02lstR", "(U\x02lsios\nsystem\n",
        "(cos\nsystem\nU\x02lso", "cos\nsystem\n)}U\x01kU\x02lss\x92", "cos\nsystem\n)R}b", "cos\nsystem\n0N",
        "}U\x01kcos\nsystem\ns", "cos\nsystem\n(U\x02lstRQ", "ccollections\nOrderedDict\n)R}U\x01kcos\nsystem\nsb"})
    EXPECT_THAT(refusal(archive(call)), HasSubstr("names the class or function os.system; tvr runs no code")) << call;
  EXPECT_THAT(refusal(archive("ctorch.nn.modules.linear\nLinear\n)\x81")),
              HasSubstr("torch.nn.modules.linear.Linear; tvr runs no code from files. Save plain tensors"));
  EXPECT_THAT(refusal(archive("cnumpy.core.multiarray\nscalar\n)R")), HasSubstr("numpy.core.multiarray.scalar"));
  EXPECT_THAT(refusal_of_tensor({.storage = "ComplexFloatStorage"}), HasSubstr("torch.ComplexFloatStorage"));
}

TEST_F(TorchFile, RefusesKnownNamesInUnknownPlaces) {
  for (const std::string object : {"ctorch\nFloatStorage\n)R", "ctorch\nSize\n)R)R",
                                   "ccollections\nOrderedDict\n)RK\x01"
                                   "a"})
    EXPECT_NE(refusal(archive(object)), "") << object;
  EXPECT_THAT(refusal(archive("U\x01xQ")), HasSubstr("a storage without a tensor"));
}

TEST_F(TorchFile, LeavesOutWhatIsNoTensor) {
  EXPECT_TRUE(read(archive("}(U\x01"
                           "aK\x01U\x01"
                           "bNU\x01"
                           "cG12345678U\x01"
                           "dctorch\nSize\nK\x01\x85\x85Ru"))
                  .empty());
}

TEST_F(TorchFile, ChecksThatTensorsLieInTheirStorage) {
  EXPECT_EQ(refusal_of_tensor({}), "");
  EXPECT_EQ(refusal_of_tensor({.offset = "K\x05", .shape = ")", .strides = ")"}), "");
  EXPECT_THAT(refusal_of_tensor({.offset = "K\x01"}),
              HasSubstr("the saved object, [2, 3], reaches beyond the 6 elements"));
  EXPECT_THAT(refusal_of_tensor({.shape = "K\x02K\x04\x86"}), HasSubstr("reaches beyond"));
  EXPECT_THAT(refusal_of_tensor({.strides = "K\x04K\x01\x86"}), HasSubstr("reaches beyond"));
  EXPECT_EQ(refusal_of_tensor({.strides = "K\x01K\x02\x86"}), "");                                 // transposed
  EXPECT_EQ(refusal_of_tensor({.offset = "K\x63", .shape = std::string("K\0K\x03\x86", 5)}), "");  // of no element
  const std::string negative = "J\xFF\xFF\xFF\xFF", huge = "\x8A\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F";
  for (const auto& bad : {negative, huge, std::string("N"), std::string("U\x01x")}) {
    EXPECT_NE(refusal_of_tensor({.offset = bad}), "");
    EXPECT_NE(refusal_of_tensor({.count = bad}), "");
    EXPECT_NE(refusal_of_tensor({.shape = "K\x02" + bad + "\x86"}), "");
    EXPECT_NE(refusal_of_tensor({.strides = "K\x02" + bad + "\x86"}), "");
  }
  EXPECT_NE(refusal_of_tensor({.strides = "K\x01\x85"}), "");
}

TEST_F(TorchFile, RefusesViewsThatRepeatAFewElementsForever) {
  const auto repeated = [&](const std::string& count) {
    return refusal_of_tensor({.shape = count + "\x85", .strides = std::string("K\0\x85", 3)});
  };
  EXPECT_EQ(repeated(std::string("J\0\0\0\x10", 5)), "");  // 2^28
  EXPECT_THAT(repeated(std::string("J\0\0\0\x11", 5)), HasSubstr("save tensor.contiguous()"));
}

TEST_F(TorchFile, RefusesMoreDimensionsThanTorchHas) {
  const auto ones = [](int count) {
    std::string tuple = "(";
    for (int i = 0; i < count; ++i) tuple += "K\x01";
    return tuple + "t";
  };
  EXPECT_EQ(refusal_of_tensor({.shape = ones(64), .strides = ones(64)}), "");
  EXPECT_NE(refusal_of_tensor({.shape = ones(65), .strides = ones(65)}), "");
}

TEST_F(TorchFile, RefusesNumbersThatAreToBeNegatedWhenTheyAreUsed) {
  EXPECT_EQ(refusal_of_tensor({.more = "\x89)}"}), "");
  EXPECT_THAT(refusal_of_tensor({.more = "\x89)}U\x03neg\x88s"}), HasSubstr("resolve_neg"));
}

TEST_F(TorchFile, ChecksTheStorages) {
  EXPECT_THAT(refusal_of_tensor({.count = "K\x07"}), HasSubstr("storage '0' has 24 bytes, 28 are described"));
  EXPECT_THAT(refusal_of_tensor({.storage = "DoubleStorage"}), HasSubstr("has 24 bytes, 48 are described"));
  EXPECT_THAT(refusal(test::zip_of({{"a/data.pkl", pickle_of({}) + "."}})), HasSubstr("holds no member 'a/data/0'"));
  const std::string dtype = "ctorch\nuint32\n";
  const std::string third = "ctorch._utils\n_rebuild_tensor_v3\n";
  EXPECT_EQ(
      refusal_of_tensor({.rebuild = third, .storage = "UntypedStorage", .count = "K\x18", .more = "\x89)" + dtype}),
      "");
  EXPECT_THAT(
      refusal_of_tensor({.rebuild = third, .storage = "UntypedStorage", .count = "K\x17", .more = "\x89)" + dtype}),
      HasSubstr("reaches beyond"));
  EXPECT_NE(refusal_of_tensor({.rebuild = third, .more = "\x89)" + dtype}), "");
  EXPECT_NE(refusal_of_tensor({.rebuild = third, .more = "\x89)"}), "");
}

TEST_F(TorchFile, RefusesArraysWithoutANameOfTheirOwn) {
  const auto tensor = pickle_of({});
  EXPECT_THAT(refusal(archive("}(U\x01w" + tensor + "U\x01w" + tensor + "u")),
              HasSubstr("two tensors bear the name 'w'"));
  EXPECT_THAT(refusal(archive("}(N" + tensor + "u")), HasSubstr("neither text nor an integer"));
  EXPECT_THAT(refusal(archive("}(X" + test::little(1001, 4) + std::string(1001, 'x') + tensor + "u")),
              HasSubstr("too long"));
}

// A module of TorchScript: an empty object of a class of the archive's own code, then its attributes.
std::string module_of(const std::string& attributes) {
  return "c__torch__.model\nTower\n)\x81}(U\x08training\x89" + attributes + "ub";
}

TEST_F(TorchFile, ReadsTheTensorsOfTorchScriptWithoutItsCode) {
  const auto lists = "U\x04lens" + std::string("ctorch.jit._pickle\nbuild_intlist\n(lK\x01") + "a\x85R";
  const auto pickle = module_of("U\x06visual" + module_of("U\x06weight" + pickle_of({})) + lists);
  for (const char* member : {"a/constants.pkl", "a/code/__torch__.py"}) {
    const auto arrays = read(archive(pickle, {{member, "not even code"}}));
    ASSERT_EQ(arrays.size(), 1u) << member;
    EXPECT_EQ(arrays[0].name, "visual.weight");
    EXPECT_EQ(arrays[0].description(), "float32 [2, 3]");
  }
  EXPECT_THAT(refusal(archive(pickle)), HasSubstr("names the class or function __torch__.model.Tower"));
}

TEST_F(TorchFile, RefusesOtherObjectsInTorchScript) {
  const auto refused = [&](const std::string& pickle) { return refusal(archive(pickle, {{"a/constants.pkl", "x"}})); };
  EXPECT_THAT(refused(module_of("U\x01xcos\nsystem\n)R")), HasSubstr("os.system; tvr runs no code"));
  EXPECT_THAT(refused("c__torch__.model\nTower\n(K\x01tR"), HasSubstr("does not write; the file is damaged"));
  EXPECT_NE(refused("c__torch__.model\nTower\n)\x81"), "");
  EXPECT_NE(refused("c__torch__.model\nTower\n)\x81K\x01"
                    "b"),
            "");
}

TEST_F(TorchFile, RefusesSeveralPickles) {
  EXPECT_THAT(refusal(archive(pickle_of({}), {{"b/data.pkl", "N."}})), HasSubstr("several members 'data.pkl'"));
}

TEST_F(TorchFile, RefusesOtherPickles) {
  EXPECT_THAT(refusal("\x80\x04N."), HasSubstr("is a Python pickle, but none of torch.save"));
  EXPECT_THAT(refusal("\x80\x02"
                      "cnumpy.core.multiarray\n_reconstruct\n)R."),
              HasSubstr("numpy.core.multiarray._reconstruct"));
  EXPECT_THAT(refusal(read_file(test::golden("state_legacy.pt")) + "x"), HasSubstr("more bytes follow"));
  auto version = read_file(test::golden("state_legacy.pt"));
  version.replace(version.find("M\xE9\x03"), 3, "M\xE8\x03");
  EXPECT_THAT(refusal(version), HasSubstr("another version than 1001"));
}

TEST_F(TorchFile, SurvivesAnyDamage) {
  for (const char* name : {"tensor.pt", "state_legacy.pt"}) {
    const auto whole = read_file(test::golden(name));
    const auto read_all = [&](const std::string& bytes) {
      for (const auto& array : read(bytes)) test::touch(array);
    };
    test::expect_refuses_cuts(whole, read_all);
    test::expect_survives_changes(whole, read_all);
  }
}

class TorchFiles : public testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("TVR_TEST_DATA");
    folder = std::filesystem::path(data == nullptr ? "" : data) / "torch_files";
    if (data == nullptr || !std::filesystem::exists(folder))
      GTEST_SKIP() << "TVR_TEST_DATA holds no torch_files folder";
  }
  std::filesystem::path folder;
};

TEST_F(TorchFiles, OfOtherProgramsAreRead) {
  const auto frame = read_arrays(folder / "nasa_13013.mp4.stream3.frame000000.pt");
  ASSERT_EQ(frame.size(), 1u);
  EXPECT_EQ(frame[0].description(), "uint8 [270, 480, 3]");
  const auto checkpoint = by_name(read_arrays(folder / "tiny_fair_checkpoint.pt"));
  EXPECT_EQ(checkpoint.size(), 21u);
  EXPECT_EQ(checkpoint.at("layers.0.attention.wq.weight").description(), "float32 [32, 32]");
  for (const auto& [name, array] : checkpoint)
    for (const double value : test::values_of(array)) ASSERT_LT(std::abs(value), 100) << name;
  EXPECT_EQ(read_array((folder / "tiny_state_dict_with_one_key.pt").string() + ":test_key", 2).description(),
            "float32 [10, 10]");
}

}  // namespace
}  // namespace tvr
