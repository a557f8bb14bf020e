// Every shipped configuration is read, and every architecture among them is built.
#include <c10/core/CPUAllocator.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <torch/torch.h>

#include <filesystem>
#include <map>
#include <set>

#include "experiment.h"
#include "temporary_folder.h"
#include "tvr/base/file.h"
#include "tvr/model/initialize.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;

constexpr size_t kConfigurations = 131, kArchitectures = 62;
const std::vector<std::string> kHeads{
    "mean_pool", "seq_transformer", "seq_lstm", "tight_transformer", "token_wise", "xclip", "xpool", "ts2", "cmfg",
    "hcmi"};

// What the readers look for before they read anything.
const std::map<std::string, std::vector<std::string>> kFiles{
    {"msrvtt", {"MSRVTT_data.json", "MSRVTT_train.9k.csv", "MSRVTT_JSFUSION_test.csv"}},
    {"msvd", {"raw-captions.pkl", "train_list.txt", "val_list.txt", "test_list.txt"}},
    {"lsmdc", {"LSMDC16_annos_training.csv", "LSMDC16_annos_val.csv", "LSMDC16_challenge_1000_publictect.csv"}},
    {"didemo",
     {"train_data.json", "val_data.json", "test_data.json", "train_list.txt", "val_list.txt", "test_list.txt"}},
    {"activitynet", {"train.json", "val_1.json"}},
    {"demo", {"MSRVTT_data.json", "demo.json", "tags.csv", "test.csv"}}};

// Large tensors all lie in the same memory: their shapes can be looked at, and a model of any size takes as much as its
// largest tensor.
class SharedMemory final : public c10::Allocator {
 public:
  SharedMemory()
      : block_(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)),
        previous_(c10::GetCPUAllocator()) {
    c10::SetCPUAllocator(this);
  }
  ~SharedMemory() override {
    c10::SetCPUAllocator(previous_);
    munmap(block_, kBytes);
  }
  c10::DataPtr allocate(size_t bytes) override {
    if (bytes < kLarge) return previous_->allocate(bytes);
    TORCH_CHECK(bytes <= kBytes, "a tensor of ", bytes, " bytes");
    return {block_, nullptr, [](void*) {}, torch::Device(torch::kCPU)};
  }
  void copy_data(void* target, const void* source, size_t bytes) const override {
    default_copy_data(target, source, bytes);
  }

 private:
  static constexpr size_t kLarge = size_t{1} << 16, kBytes = size_t{4} << 30;
  void* block_;
  c10::Allocator* previous_;
};

// A working directory with the folders that configurations name, all empty.
class Configurations : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto& [corpus, annotations] : kFiles) {
      fs::create_directories(folder.path() / "data" / corpus / "videos");
      for (const auto& name : annotations) write_file(folder.path() / "data" / corpus / name, "");
    }
    fs::create_directories(folder.path() / "runs/demo/pretrain");
    fs::create_directories(folder.path() / "data/weights/siglip-base-patch16-224");
    write_file(folder.path() / "data/weights/siglip-base-patch16-224/spiece.model", "");
    fs::create_directory_symlink(fs::path(TVR_SOURCE_DIR) / "configs", folder.path() / "configs");
    fs::current_path(folder.path());
    for (const auto& entry : fs::directory_iterator("configs")) {
      const auto kind = entry.path().filename();
      if (!entry.is_directory() || kind == "base" || kind == "tables") continue;
      for (const auto& file : fs::directory_iterator(entry)) files.insert(file.path().string());
    }
  }
  void TearDown() override { fs::current_path(before); }

  test::TemporaryFolder folder;
  fs::path before = fs::current_path();
  std::set<std::string> files;
};

TEST_F(Configurations, AreReadAndSayHowTheyAreRun) {
  EXPECT_EQ(files.size(), kConfigurations);
  std::set<std::string> runs;
  for (const auto& file : files) {
    SCOPED_TRACE(file);
    const auto text = read_file(file);
    EXPECT_THAT(text, testing::ContainsRegex("# Run:    tvr (train|eval) " + file));
    EXPECT_THAT(text, testing::HasSubstr("# Expect: "));
    try {
      EXPECT_TRUE(runs.insert(read_experiment(file, {}).run.dir).second) << "another configuration has this run.dir";
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

TEST_F(Configurations, CoverEveryHeadOnEveryCorpusWithBothBackbones) {
  for (const std::string corpus : {"msrvtt", "msvd", "lsmdc", "didemo", "activitynet"})
    for (const auto& head : kHeads)
      for (const std::string backbone : {"clip_b32", "clip_b16"})
        EXPECT_EQ(files.count("configs/" + corpus + "/" + head + "_" + backbone + ".yaml"), 1u) << corpus << head;
  for (const auto& head : kHeads)
    EXPECT_TRUE(std::any_of(files.begin(), files.end(), [&](const std::string& file) {
      return file.starts_with("configs/demo/" + head);
    })) << head;
}

TEST_F(Configurations, EveryArchitectureIsBuilt) {
  const WithoutInitialization without;
  const SharedMemory memory;
  std::map<std::string, int64_t> parameters;  // by the model's settings
  for (const auto& file : files) {
    SCOPED_TRACE(file);
    const auto experiment = read_experiment(file, {});
    const auto begin = experiment.effective.find("model:"), end = experiment.effective.find("\nloss:");
    ASSERT_LT(begin, end);
    auto& count = parameters[experiment.effective.substr(begin, end - begin)];
    if (count > 0) continue;
    for (const auto& tensor : build_model(experiment.model, 0)->parameters()) count += tensor.numel();
  }
  EXPECT_EQ(parameters.size(), kArchitectures);
  std::set<int64_t> counts;
  for (const auto& [settings, count] : parameters) counts.insert(count);
  EXPECT_EQ(counts.count(151'277'313), 1u) << "mean_pool on CLIP ViT-B/32";
  EXPECT_EQ(counts.count(149'620'737), 1u) << "mean_pool on CLIP ViT-B/16";
  EXPECT_EQ(counts.count(151'277'313 + 12'648'960), 1u) << "seq_transformer on CLIP ViT-B/32";
}

}  // namespace
}  // namespace tvr
