#include "tvr/model/weights.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include "tvr/base/error.h"

namespace tvr {
namespace {
namespace fs = std::filesystem;
using testing::HasSubstr;

class WeightFiles : public testing::Test {
 protected:
  fs::path file = fs::temp_directory_path() / ("tvr_weights_" + std::to_string(getpid()) + ".safetensors");
  void TearDown() override { fs::remove(file); }
};

TEST_F(WeightFiles, RoundTripIsExactForEveryType) {
  for (const auto type : {torch::kFloat, torch::kDouble, torch::kHalf, torch::kBFloat16, torch::kLong, torch::kInt,
                          torch::kUInt8, torch::kBool}) {
    const auto tensor = (torch::arange(12).view({3, 4}) % 2).to(type);
    save_tensors(file, {{"x", tensor.t()}, {"scalar", tensor[1][1]}});
    auto x = torch::zeros({4, 3}, type), scalar = torch::zeros({}, type);
    load_tensors(file, {{"x", x}, {"scalar", scalar}});
    EXPECT_TRUE(x.equal(tensor.t())) << type;
    EXPECT_TRUE(scalar.equal(tensor[1][1]));
  }
}

TEST_F(WeightFiles, EveryDifferenceIsReportedAtOnce) {
  save_tensors(file, {{"a", torch::zeros({2})}, {"b", torch::zeros({3})}, {"extra", torch::zeros({1})}});
  EXPECT_THAT(
      [&] {
        load_tensors(file, {{"a", torch::zeros({2})}, {"b", torch::zeros({4})}, {"c", torch::zeros({1})}});
      },
      testing::ThrowsMessage<CheckpointError>(testing::AllOf(
          HasSubstr("missing: c [1]"), HasSubstr("wrong shape: b is [3] in the file, the model needs [4]"),
          HasSubstr("unexpected: extra"))));
}

TEST_F(WeightFiles, NothingIsLoadedWhenSomethingDoesNotFit) {
  save_tensors(file, {{"a", torch::ones({2})}});
  auto a = torch::zeros({2});
  EXPECT_THROW(load_tensors(file, {{"a", a}, {"b", torch::zeros({1})}}), CheckpointError);
  EXPECT_EQ(a.sum().item<double>(), 0);
}

TEST_F(WeightFiles, IgnoredNamesMayBeInTheFile) {
  save_tensors(file, {{"a", torch::ones({2})}, {"loss.x", torch::ones({2})}});
  auto a = torch::zeros({2});
  load_tensors(file, {{"a", a}}, {"loss.*"});
  EXPECT_EQ(a.sum().item<double>(), 2);
}

}  // namespace
}  // namespace tvr
