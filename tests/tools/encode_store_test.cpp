#include "encode_store.h"

#include <gmock/gmock.h>

#include "temporary_folder.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class FeatureStoreTest : public testing::Test {
 protected:
  test::TemporaryFolder temporary;
  fs::path file = temporary / "features.safetensors", parts = temporary / "features.safetensors.tvr-parts";
  const std::vector<FeatureArray> arrays{{"values", ElementType::kF32, {2}}, {"mask", ElementType::kU8, {}}};

  FeatureStore open(int batch = 8, bool overwrite = false) const {
    return FeatureStore(file, arrays, {{"batch", batch}}, overwrite);
  }
  static void add(FeatureStore& store, float value) {
    const float row[2] = {value, -value};
    const uint8_t mask = 1;
    store.append("values", {ElementType::kF32, {1, 2}, row});
    store.append("mask", {ElementType::kU8, {1}, &mask});
  }
};

TEST_F(FeatureStoreTest, GivesTheSameBytesAfterAKill) {
  {
    auto store = open();
    for (const float value : {1.f, 2.f, 3.f}) add(store, value);
    store.finish({{"key", "value"}});
  }
  const auto whole = read_file(file);
  fs::remove(file);
  {
    auto store = open();
    add(store, 1);
    store.progress["done"] = 1;
    store.commit();
    add(store, 7);  // lost: no commit follows
  }
  auto store = open();
  EXPECT_EQ(store.progress["done"], 1);
  add(store, 2);
  add(store, 3);
  store.finish({{"key", "value"}});
  EXPECT_EQ(read_file(file), whole);
  EXPECT_FALSE(fs::exists(parts));
  const SafetensorsFile features(file);
  EXPECT_EQ(features.at("values").shape, (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(static_cast<const float*>(features.at("values").data)[4], 3.f);
}

TEST_F(FeatureStoreTest, RefusesOtherSettingsAndSaysWhich) {
  {
    auto store = open();
    add(store, 1);
    store.progress["done"] = 1;
    store.commit();
  }
  EXPECT_THAT([&] { open(16); },
              ThrowsMessage<ConfigError>(AllOf(HasSubstr("batch was 8 and is 16"), HasSubstr("--overwrite"))));
  EXPECT_TRUE(open(16, true).progress.is_null());
}

TEST_F(FeatureStoreTest, ReplacesAFileOnlyWhenAsked) {
  write_file(file, "somebody's work");
  EXPECT_THAT([&] { open(); }, ThrowsMessage<ConfigError>(HasSubstr("--overwrite")));
  EXPECT_FALSE(fs::exists(parts));
  auto store = open(8, true);
  EXPECT_EQ(read_file(file), "somebody's work");
  store.finish({});
  EXPECT_EQ(SafetensorsFile(file).at("values").shape, (std::vector<int64_t>{0, 2}));
  EXPECT_THAT([&] { FeatureStore(temporary.path(), arrays, {}, true); },
              ThrowsMessage<ConfigError>(HasSubstr("is a folder")));
}

TEST_F(FeatureStoreTest, HasOneWriter) {
  const auto store = open();
  EXPECT_THAT([&] { open(); }, ThrowsMessage<ConfigError>(HasSubstr("another tvr encode")));
}

TEST_F(FeatureStoreTest, NoticesDamage) {
  {
    auto store = open();
    add(store, 1);
    store.commit();
  }
  fs::resize_file(parts / "values.part", 4);
  EXPECT_THAT([&] { open(); }, ThrowsMessage<DataError>(AllOf(HasSubstr("values.part"), HasSubstr("start anew"))));
  write_file(parts / "state.json", "{\"settings\":");
  EXPECT_THAT([&] { open(); }, ThrowsMessage<DataError>(AllOf(HasSubstr("state.json"), HasSubstr("damaged"))));
}

}  // namespace
}  // namespace tvr
