#include <fmt/format.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "commands.h"
#include "tvr/base/error.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/model/weight_heads.h"
#include "tvr/model/weight_load.h"
#include "tvr/model/weight_write.h"
#include "weight_report.h"

namespace tvr {
namespace {

struct InspectRequest {
  std::string input, json;
};
struct ConvertRequest {
  std::string input, format, out, activation, type = "float32";
  std::vector<std::string> ignore;
};

void print(const std::string& text) {
  std::cout << text << std::flush;
  if (!std::cout) throw DataError("Standard output cannot be written; is the disk full?");
}

void inspect(const InspectRequest& request) {
  const auto report = inspect_weights(request.input);
  if (request.json != "-") print(report_text(report));
  if (request.json == "-")
    print(report_json(report));
  else if (!request.json.empty())
    write_file(request.json, report_json(report));
}

torch::ScalarType parse_type(const std::string& name) {
  if (name == "float32") return torch::kFloat;
  if (name == "float16") return torch::kHalf;
  if (name == "bfloat16") return torch::kBFloat16;
  throw ConfigError("--dtype: " + unknown_name_message("element type", name, {"float32", "float16", "bfloat16"}));
}

// What fits a head of tvr, under the name that it has in a model of tvr.
NamedTensors head_of(const StoredWeights& weights, torch::ScalarType type) {
  NamedTensors head;
  for (const auto& group : recognise_head(weights).groups) {
    if (group.head.empty()) continue;
    for (const auto& name : group.names) {
      const auto own = name.starts_with("head.") ? name : "head." + name;
      head.emplace_back(own, mapped_tensor(weights.head.at(name)).to(type).contiguous());
    }
  }
  return head;
}

void print_outcome(const ConvertRequest& request, const LoadReport& report, const RecognisedWeights& recognised,
                   const NamedTensors& head) {
  fmt::print("{}: {} arrays of {} ({}) as {}\n", request.out, report.used, request.input, recognised.family,
             request.format);
  for (const auto& [types, count] : report.converted) fmt::print("  converted: {}, {} arrays\n", types, count);
  for (const auto& sentence : recognised.assumptions) fmt::print("  assumed: {}\n", sentence);
  if (!report.ignored.empty()) fmt::print("  ignored: {}\n", join(report.ignored, ", "));
  if (!report.not_finite.empty()) fmt::print("  hold NaN or infinity: {}\n", join(report.not_finite, ", "));
  if (!head.empty()) fmt::print("  head: {} arrays\n", head.size());
  std::vector<std::string> left;
  for (const auto& name : report.left) {
    const auto has_name = [&](const auto& item) { return item.first == name || item.first == "head." + name; };
    if (std::none_of(head.begin(), head.end(), has_name)) left.push_back(name);
  }
  if (!left.empty()) fmt::print("  not written: {}\n", join(left, ", "));
}

void convert(const ConvertRequest& request) {
  const auto format = parse_weight_format(request.format);
  const auto type = parse_type(request.type);
  const auto weights = open_weights(request.input);
  auto recognised = recognise_weights(weights);
  settle_activation(recognised, weights, request.activation);
  check_writable(request.out, format, recognised);
  const auto state = empty_clip(weights, recognised, type, request.ignore);
  const auto report = load_clip(weights, recognised, state, request.ignore);
  const auto head = format == WeightFormat::kTvr ? head_of(weights, type) : NamedTensors();
  write_clip(request.out, format, recognised, state, head);
  print_outcome(request, report, recognised, head);
}

void add_inspect(CLI::App& weights) {
  auto* command = weights.add_subcommand(
      "inspect", "architecture, element types, parameters and checksums, and what could not be loaded");
  auto request = std::make_shared<InspectRequest>();
  command->add_option("FILE", request->input, "weights: a file, an index of shards, a folder, or a run of tvr")
      ->required();
  command->add_option("--json", request->json, "file for the same as JSON, - for standard output");
  command->footer(
      "Examples:\n  tvr weights inspect ViT-B-32.pt\n  tvr weights inspect clip-vit-base-patch32/ --json -");
  command->callback([request] { inspect(*request); });
}

void add_convert(CLI::App& weights) {
  auto* command =
      weights.add_subcommand("convert", "write weights in the names and files of another library, as safetensors");
  auto request = std::make_shared<ConvertRequest>();
  command->add_option("FILE", request->input, "weights: a file, an index of shards, a folder, or a run of tvr")
      ->required();
  command->add_option("--to", request->format, "huggingface, open_clip, openai or tvr")->required();
  command->add_option("--out", request->out, "folder to make")->required();
  command
      ->add_option("--activation", request->activation,
                   "of the MLPs, where neither the file nor a configuration beside it says it")
      ->check(CLI::IsMember({"quick_gelu", "gelu", "gelu_tanh"}));
  command->add_option("--dtype", request->type, "float32, float16 or bfloat16")->capture_default_str();
  command->add_option("--ignore", request->ignore, "arrays that may be left over, * for anything")
      ->allow_extra_args(false);
  command->footer(
      "Nothing in a file is executed. Without a complaint, every array was used, or is named as ignored or not "
      "written.\n\nExamples:\n"
      "  tvr weights convert ViT-B-32.pt --to huggingface --out clip-vit-b32\n"
      "  tvr weights convert open_clip_pytorch_model.bin --activation gelu --to tvr --out laion --dtype float16\n"
      "  tvr weights convert runs/mine --to open_clip --out mine-open-clip");
  command->callback([request] { convert(*request); });
}

}  // namespace

void add_weights_command(CLI::App& app) {
  auto* command = app.add_subcommand("weights", "what a weight file holds, and conversion between libraries");
  command->require_subcommand(1);
  add_inspect(*command);
  add_convert(*command);
}

}  // namespace tvr
