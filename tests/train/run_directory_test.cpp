#include "tvr/train/run_directory.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <filesystem>
#include <fstream>

#include "train/tiny_training.h"
#include "tvr/base/file.h"
#include "tvr/train/hooks.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

class Runs : public testing::Test {
 protected:
  fs::path root = fs::temp_directory_path() / ("tvr_runs_" + std::to_string(getpid()));
  void SetUp() override { fs::create_directories(root); }
  void TearDown() override { fs::remove_all(root); }

  // Trains in `name`, checkpointing every two steps; `stop_after` cuts the run off as a kill would.
  void train(const std::string& name, bool resume, int64_t stop_after = -1) {
    struct Stop : std::runtime_error {
      using std::runtime_error::runtime_error;
    };
    struct StopHook final : TrainHook {
      explicit StopHook(int64_t at) : step(at) {}
      void after_step(const StepReport& report, TrainState&) override {
        if (report.step == step) throw Stop("killed");
      }
      int64_t step;
    };
    TinyTraining training;
    const RunDirectory run(root / name, "seed: 1\n", resume);
    if (run.has_checkpoint("last"))
      run.restore("last", *training.trainer);
    else
      run.cut_logs({});
    training.trainer->add_hook(make_log_hook(run, training.trainer->total_steps(), training.trainer->state().step));
    training.trainer->add_hook(make_evaluation_hook(
        run, *training.trainer,
        [&] {
          return Validation{1.0 * static_cast<double>(training.trainer->state().step % 7), {{"R@1", 3}}};
        },
        4));
    training.trainer->add_hook(std::make_unique<StopHook>(stop_after));
    training.trainer->add_hook(make_checkpoint_hook(run, *training.trainer, 2));
    try {
      training.trainer->run(1, 2);
    } catch (const Stop&) {
    }
  }

  // log.jsonl without timings.
  std::vector<std::string> log(const std::string& name) {
    std::vector<std::string> lines;
    std::ifstream stream(root / name / "log.jsonl");
    for (std::string line; std::getline(stream, line);) lines.push_back(line.substr(0, line.find("\"data_s\"")));
    return lines;
  }
};

TEST_F(Runs, AResumedRunEqualsAnUninterruptedOne) {
  train("whole", false);
  for (int64_t kill = 1; kill <= 12; ++kill) {
    const auto name = "cut" + std::to_string(kill);
    train(name, false, kill);
    train(name, true);
    EXPECT_EQ(read_file(root / "whole/checkpoints/last/model.safetensors"),
              read_file(root / name / "checkpoints/last/model.safetensors"))
        << kill;
    EXPECT_EQ(read_file(root / "whole/checkpoints/best/model.safetensors"),
              read_file(root / name / "checkpoints/best/model.safetensors"))
        << kill;
    EXPECT_EQ(log("whole"), log(name)) << kill;
  }
}

TEST_F(Runs, AnExistingRunIsRefusedWithoutResume) {
  train("run", false, 3);
  EXPECT_THAT([&] { train("run", false); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("exists; continue it with --resume")));
}

TEST_F(Runs, OtherSettingsCannotBeResumed) {
  train("run", false, 3);
  EXPECT_THAT([&] { RunDirectory(root / "run", "seed: 2\n", true); },
              testing::ThrowsMessage<ConfigError>(HasSubstr("'seed: 1' then, 'seed: 2' now")));
}

TEST_F(Runs, ForeignFoldersAreNotTouched) {
  fs::create_directories(root / "home");
  std::ofstream(root / "home/thesis.tex") << "x";
  EXPECT_THROW(RunDirectory(root / "home", "seed: 1\n", true), ConfigError);
  EXPECT_TRUE(fs::exists(root / "home/thesis.tex"));
  EXPECT_FALSE(fs::exists(root / "home/config.yaml"));
}

TEST_F(Runs, ADamagedStateIsASentence) {
  train("run", false, 3);
  std::ofstream(root / "run/checkpoints/last/state.json") << "{\"step\": ";
  EXPECT_THROW(train("run", true), CheckpointError);
}

TEST_F(Runs, WeightsOfARunAreItsBestCheckpoint) {
  train("run", false);
  EXPECT_EQ(weights_file(root / "run"), root / "run/checkpoints/best/model.safetensors");
  EXPECT_THROW(weights_file(root / "absent"), CheckpointError);
}

}  // namespace
}  // namespace tvr
