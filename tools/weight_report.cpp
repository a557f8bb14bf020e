#include "weight_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/model/weight_load.h"

namespace tvr {
using json = nlohmann::ordered_json;
namespace {

constexpr size_t kMostListed = 8;

void count_types(WeightReport& report, const std::map<std::string, StoredArray>& arrays) {
  for (const auto& [name, array] : arrays) {
    const auto text = array.description();
    ++report.types[text.substr(0, text.find(' '))];
  }
}

std::string listed(const std::vector<std::string>& names) {
  auto shown = names;
  if (shown.size() > kMostListed) {
    shown.resize(kMostListed);
    shown.push_back(fmt::format("and {} more", names.size() - kMostListed));
  }
  return join(shown, ", ");
}

std::string activation_text(const TransformerConfig& tower) {
  return tower.activation.empty() ? "not in the file (--activation)" : tower.activation;
}

std::string blocks_text(const TransformerConfig& tower) {
  return fmt::format("width {}, {} layers, {} heads, MLP {}, activation {}", tower.width, tower.layers, tower.heads,
                     tower.mlp_width, activation_text(tower));
}

std::string architecture_text(const NearestArchitecture& architecture) {
  if (architecture.name.empty()) return "none that was published";
  return architecture.is_equal ? architecture.name : "none that was published; the nearest is " + architecture.name;
}

std::string vision_text(const WeightReport& report) {
  if (!report.recognised.names.has_vision()) return "none";
  const auto& vision = report.recognised.config.vision;
  return fmt::format("{0}x{0} pixels, patches of {1}, {2}, {3} channels; {4} parameters", vision.image_size,
                     vision.patch_size, blocks_text(vision), vision.embed_dim, report.vision_parameters);
}

std::string words_text(const WeightReport& report) {
  if (!report.recognised.names.has_text()) return "none";
  const auto& text = report.recognised.config.text;
  return fmt::format("{} tokens of {}, {}, {} channels; {} parameters", text.context_length, text.vocabulary,
                     blocks_text(text), text.embed_dim, report.text_parameters);
}

std::string types_text(const WeightReport& report) {
  std::vector<std::string> types;
  for (const auto& [type, count] : report.types) types.push_back(fmt::format("{} {}", count, type));
  return join(types, ", ");
}

std::string group_text(const HeadWeights::Group& group) {
  const auto taker = group.head.empty() ? "tvr has no such head yet" : "for tvr's head " + group.head;
  return fmt::format("{}: {} arrays, {} ({})", group.system, group.names.size(), taker, listed(group.names));
}

json groups_json(const HeadWeights& head) {
  auto groups = json::array();
  for (const auto& group : head.groups)
    groups.push_back({{"system", group.system}, {"head", group.head}, {"arrays", group.names}});
  return groups;
}

}  // namespace

WeightReport inspect_weights(const std::filesystem::path& path) {
  const auto weights = open_weights(path);
  WeightReport report;
  report.path = path;
  report.recognised = recognise_weights(weights);
  const auto& recognised = report.recognised;
  report.architecture = nearest_architecture(recognised);
  if (recognised.names.has_vision())
    report.vision_parameters = parameter_count(vision_parameters(recognised.config.vision));
  if (recognised.names.has_text()) report.text_parameters = parameter_count(text_parameters(recognised.config.text));
  count_types(report, weights.arrays);
  count_types(report, weights.head);
  report.ignored = weights.ignored;
  report.head = recognise_head(weights);
  report.problems = weight_problems(weights, recognised);
  for (const auto& file : weights.files) {
    const auto sum = sha256_file(file);
    report.checksums[file.string()] = sum;
    if (const auto known = known_file(sum); !known.empty()) report.known = known;
  }
  return report;
}

std::string report_text(const WeightReport& report) {
  std::string text = fmt::format("{}: {}\n", report.path.string(), report.recognised.family);
  const auto line = [&](const std::string& name, const std::string& value) {
    text += fmt::format("  {:<9} {}\n", name, value);
  };
  line("model", architecture_text(report.architecture));
  line("vision", vision_text(report));
  line("text", words_text(report));
  line("arrays", types_text(report));
  if (!report.known.empty()) line("known", "the file OpenAI published as " + report.known);
  for (const auto& sentence : report.recognised.assumptions) line("assumed", sentence);
  for (const auto& group : report.head.groups) line("head", group_text(group));
  std::vector<std::string> ignored;
  for (const auto& [name, reason] : report.ignored) ignored.push_back(name);
  if (!ignored.empty()) line("ignored", listed(ignored));
  for (const auto& [file, sum] : report.checksums) line("sha256", sum + "  " + file);
  if (report.problems.empty()) return text;
  text += "  These weights cannot be loaded:\n";
  for (size_t i = 0; i < std::min<size_t>(report.problems.size(), 60); ++i) text += "    " + report.problems[i] + "\n";
  if (report.problems.size() > 60) text += fmt::format("    and {} more\n", report.problems.size() - 60);
  return text;
}

std::string report_json(const WeightReport& report) {
  auto ignored = json::object();
  for (const auto& [name, reason] : report.ignored) ignored[name] = reason;
  json object{{"path", report.path.string()},
              {"family", report.recognised.family},
              {"architecture", report.architecture.name},
              {"is_that_architecture", report.architecture.is_equal},
              {"has_vision", report.recognised.names.has_vision()},
              {"has_text", report.recognised.names.has_text()},
              {"vision_parameters", report.vision_parameters},
              {"text_parameters", report.text_parameters},
              {"config", json::parse(clip_config_json(report.recognised.config))},
              {"arrays", report.types},
              {"known", report.known},
              {"sha256", report.checksums},
              {"assumptions", report.recognised.assumptions},
              {"head", groups_json(report.head)},
              {"ignored", ignored},
              {"problems", report.problems}};
  return object.dump(2) + "\n";
}

}  // namespace tvr
