#include "tvr/ops/cuda_module.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace tvr {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

// A folder that is gone when the test ends.
struct ScratchFolder {
  ScratchFolder() : path(fs::temp_directory_path() / ("tvr_cuda_module." + std::to_string(::getpid()))) {
    fs::create_directory(path);
  }
  ~ScratchFolder() { fs::remove_all(path); }
  fs::path path;
};

TEST(CudaModule, IsFoundInTheFirstFolderThatHoldsIt) {
  const ScratchFolder scratch;
  const auto empty = scratch.path / "empty", full = scratch.path / "full";
  fs::create_directory(empty);
  fs::create_directory(full);
  EXPECT_EQ(find_cuda_module({empty, full}), fs::path());
  std::ofstream(full / "libtvr_cuda.so") << "x";
  EXPECT_EQ(find_cuda_module({empty, full}), full / "libtvr_cuda.so");
}

TEST(CudaModule, AFileThatIsNoLibraryIsRefusedWithTheLoadersReason) {
  const ScratchFolder scratch;
  const auto file = scratch.path / "libtvr_cuda.so";
  std::ofstream(file) << "not a library";
  testing::internal::CaptureStderr();
  const auto module = load_cuda_module(file);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_FALSE(module.loaded);
  EXPECT_EQ(module.file, file);
  EXPECT_THAT(module.reason, HasSubstr("cannot be loaded"));
  EXPECT_THAT(module.reason, HasSubstr(file.string()));
}

TEST(CudaModule, ALibraryOfAnotherVersionIsRefused) {
  const auto module = load_cuda_module("libm.so.6");  // any library without our functions
  EXPECT_FALSE(module.loaded);
  EXPECT_THAT(module.reason, HasSubstr("another version"));
}

TEST(CudaModule, OpeningSaysNothingAndGivesEitherDevicesOrAReason) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  const auto& module = open_cuda_module();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  ASSERT_EQ(module.loaded, module.reason.empty());
  if (module.loaded) {
    EXPECT_TRUE(nlohmann::json::parse(module.description).contains("devices"));
  } else {
    EXPECT_TRUE(module.description.empty());
  }
}

}  // namespace
}  // namespace tvr
