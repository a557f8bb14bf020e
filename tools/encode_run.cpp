#include "encode_run.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "encode_inputs.h"
#include "encode_pixels.h"
#include "encode_store.h"
#include "encode_towers.h"
#include "experiment.h"
#include "initial_weights.h"
#include "tvr/base/file.h"
#include "tvr/base/names.h"
#include "tvr/base/parallel.h"
#include "tvr/base/progress.h"
#include "tvr/base/version.h"
#include "tvr/model/weights.h"

namespace tvr {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr int64_t kTextsAtOnce = 4096;        // tokenised, when the longest is looked for
constexpr int64_t kMostIdBytes = 90'000'000;  // the header of a safetensors file ends at 100 MB
constexpr auto kCommitEvery = std::chrono::seconds(2);
constexpr int64_t kShownRows = 10;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// What commit() keeps of one kind.
struct Done {
  int64_t items = 0, not_finite = 0;
  std::string not_finite_rows;
  std::vector<std::pair<std::string, std::string>> left_out;
  std::string stamp;

  Json json() const {
    return {{"items", items},
            {"not_finite", not_finite},
            {"not_finite_rows", not_finite_rows},
            {"left_out", left_out},
            {"stamp", stamp}};
  }
  static Done of(const Json& json) {
    return {json.at("items"), json.at("not_finite"), json.at("not_finite_rows"), json.at("left_out"), json.at("stamp")};
  }
};

class Encoder {
 public:
  Encoder(const EncodeRequest& request, const std::function<bool()>& stop);
  EncodeReport run();

 private:
  void open_inputs();
  void open_towers();
  void open_text();
  Json settings() const;
  std::vector<FeatureArray> arrays() const;
  void check_ids() const;
  void check_unchanged();

  using Work = std::function<NamedTensors(int64_t begin, int64_t end, Done& done)>;
  void encode_kind(const std::string& name, int64_t total, int64_t step, const MediaFiles* files, const Work& work);
  void note_left_out(const LoadedPixels& loaded, const MediaFiles& files, Done& done) const;
  void store_rows(const NamedTensors& rows, int64_t first_row, Done& done);
  void keep(const std::string& name, const Done& done);
  std::map<std::string, std::string> metadata() const;
  std::vector<std::string> kept_ids(const std::string& name, const MediaFiles& files) const;

  const EncodeRequest& request_;
  const std::function<bool()>& stop_;
  torch::Device device_;
  std::optional<TextLines> texts_;
  std::optional<MediaFiles> images_, videos_;
  Towers towers_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::string tokenizer_sha256_, weights_sha256_;
  int64_t length_ = 0;  // L, tokens of the longest text
  std::unique_ptr<FeatureStore> store_;
  EncodeReport report_;
};

Encoder::Encoder(const EncodeRequest& request, const std::function<bool()>& stop)
    : request_(request), stop_(stop), device_(choose_device(request.device, "--device")) {
  at::set_num_threads(static_cast<int>(request.threads > 0 ? request.threads : processor_count()));
  if (request.texts.empty() && request.images.empty() && request.videos.empty())
    throw ConfigError("tvr encode: nothing to encode; give --texts FILE, --images DIR or --videos DIR.");
#ifndef TVR_WITH_VIDEO
  if (!request.images.empty() || !request.videos.empty())
    throw ConfigError(
        "--images, --videos: this program was built without video support (TVR_WITH_VIDEO=OFF); it encodes --texts.");
#endif
  std::error_code missing;
  for (const auto& input : {request.texts, request.weights})
    if (!input.empty() && std::filesystem::equivalent(input, request.out, missing))
      throw ConfigError("--out " + request.out + ": is what is read; name another file.");
  open_inputs();
  open_towers();
  if (texts_) open_text();
  check_ids();
  store_ = std::make_unique<FeatureStore>(request.out, arrays(), settings(), request.overwrite);
  check_unchanged();
}

void Encoder::open_inputs() {
  if (!request_.texts.empty()) texts_.emplace(request_.texts);
  if (texts_ && texts_->size() == 0) throw DataError("--texts " + request_.texts + ": is empty; one text a line.");
  if (!request_.images.empty()) images_ = find_images(request_.images, "--images");
  if (!request_.videos.empty()) videos_ = find_videos(request_.videos, "--videos");
  for (const auto* files : {&images_, &videos_}) {
    if (!*files || (*files)->others.empty()) continue;
    const auto& others = (*files)->others;
    const std::vector<std::string> shown(others.begin(), others.begin() + std::min<int64_t>(5, std::ssize(others)));
    report_.notes.push_back(fmt::format("{}: {} files are of another kind by their ending and are left out: {}{}",
                                        files == &images_ ? "--images" : "--videos", others.size(), join(shown, ", "),
                                        others.size() > shown.size() ? ", …" : ""));
  }
}

void Encoder::open_towers() {
  const auto type = request_.precision == "bfloat16" ? torch::kBFloat16 : torch::kFloat;
  towers_ = load_towers({request_.weights, request_.arch, request_.activation, request_.size, texts_.has_value(),
                         images_.has_value() || videos_.has_value(), type, device_});
  weights_sha256_ = weights_sha256(request_.weights);
  report_.architecture = towers_.name;
  report_.dim = towers_.vision ? towers_.config.vision.dim() : towers_.config.text.embed_dim;
  report_.notes.insert(report_.notes.end(), towers_.notes.begin(), towers_.notes.end());
  if (!texts_ && !request_.tokenizer.empty())
    throw ConfigError("--tokenizer: there are no --texts to read with it; leave it out.");
}

// The longest text is looked for first, so that the array of tokens is no wider than it must be.
void Encoder::open_text() {
  TextInputSpec spec;
  try {
    spec = text_input(towers_.config.text, request_.tokenizer);
  } catch (const ConfigError& error) {
    throw ConfigError(std::string("--tokenizer: ") + error.what());
  }
  tokenizer_ = open_tokenizer(spec, {}, "--tokenizer");
  if (!request_.tokenizer.empty()) tokenizer_sha256_ = sha256_file(request_.tokenizer);
  report_.longest = towers_.text->longest();
  int64_t mojibake = 0;
  for (int64_t begin = 0; begin < texts_->size(); begin += kTextsAtOnce) {
    const auto tokens =
        batch(*tokenizer_, texts_->rows(begin, std::min(begin + kTextsAtOnce, texts_->size())), report_.longest);
    report_.truncated += tokens.truncated;
    mojibake += tokens.mojibake;
    for (int64_t row = 0; row < tokens.rows; ++row) {
      const auto first = tokens.mask.begin() + row * tokens.length;
      length_ = std::max<int64_t>(length_, std::count(first, first + tokens.length, uint8_t{1}));
    }
  }
  if (mojibake > 0)
    report_.notes.push_back(
        fmt::format("--texts: {} texts look like UTF-8 that was read as another code (\"schÃ¶n\"); "
                    "they are encoded as they are",
                    mojibake));
}

Json Encoder::settings() const {
  const auto names = [](const MediaFiles& files) { return sha256(join(files.ids, "\n")); };
  const auto& vision = towers_.config.vision;
  Json json{
      {"tvr", version() + " " + commit()}, {"weights", weights_sha256_},
      {"architecture", towers_.name},      {"activation", towers_.config.text.activation + " " + vision.activation},
      {"tokenizer", tokenizer_sha256_},    {"device", device_.str()},
      {"precision", request_.precision},   {"threads", at::get_num_threads()},
      {"batch", request_.batch},           {"tokens", request_.tokens},
      {"patches", request_.patches}};
  if (texts_) json["texts"] = sha256_file(request_.texts);
  if (images_ || videos_) json["size"] = vision.image_size;
  if (images_) json["images"] = names(*images_);
  if (!videos_) return json;
  json["videos"] = names(*videos_);
  json["sampling"] = request_.sampling.rule;
  json["frames"] = request_.sampling.count;
  json["fps"] = request_.sampling.fps;
  return json;
}

// Bytes come last: everything else stays aligned.
std::vector<FeatureArray> Encoder::arrays() const {
  const auto& vision = towers_.config.vision;
  const int64_t words = towers_.config.text.embed_dim, dim = vision.dim(), patches = vision.grid() * vision.grid();
  const int64_t frames = request_.sampling.count;
  std::vector<FeatureArray> arrays;
  const auto add = [&](bool wanted, const char* name, const std::vector<int64_t>& row,
                       ElementType type = ElementType::kF32) {
    if (wanted) arrays.push_back({name, type, row});
  };
  const bool texts = texts_.has_value(), images = images_.has_value(), videos = videos_.has_value();
  add(texts, "text.pooled", {words});
  add(texts && request_.tokens, "text.tokens", {length_, words});
  add(images, "image.pooled", {dim});
  add(images && request_.patches, "image.patches", {patches, dim});
  add(videos, "video.frames", {frames, dim});
  add(videos && request_.patches, "video.patches", {frames, patches, dim});
  add(videos, "video.duration", {});
  add(texts && request_.tokens, "text.mask", {length_}, ElementType::kU8);
  add(videos, "video.mask", {frames}, ElementType::kU8);
  return arrays;
}

void Encoder::check_ids() const {
  constexpr int64_t kMark = 3, kNumber = 11;  // quotes and comma; and the digits of a line number
  int64_t bytes = texts_ ? texts_->size() * kNumber : 0;
  for (const auto* files : {&images_, &videos_})
    if (*files)
      for (const auto& id : (*files)->ids) bytes += std::ssize(id) + kMark;
  if (bytes > kMostIdBytes)
    throw ConfigError(
        "tvr encode: that many texts or files are too much for the header of one file; encode them in "
        "several.");
}

void Encoder::note_left_out(const LoadedPixels& loaded, const MediaFiles& files, Done& done) const {
  for (const auto& [place, reason] : loaded.left_out) {
    if (request_.missing == "fail")
      throw DataError(reason +
                      " Mend or remove it and give the command again, or go on without such files by "
                      "--missing skip.");
    done.left_out.emplace_back(files.ids[static_cast<size_t>(place)], reason);
  }
}

void Encoder::store_rows(const NamedTensors& rows, int64_t first_row, Done& done) {
  if (rows.empty()) return;
  const auto finite = rows[0].second.to(torch::kFloat).flatten(1).isfinite().all(1).to(torch::kCPU);
  for (int64_t i = 0; i < finite.size(0); ++i) {
    if (finite[i].item<bool>()) continue;
    if (done.not_finite++ < kShownRows)
      done.not_finite_rows += (done.not_finite_rows.empty() ? "" : ", ") + std::to_string(first_row + i);
  }
  for (const auto& [name, tensor] : rows) {
    const auto type = tensor.scalar_type() == torch::kByte ? torch::kByte : torch::kFloat;
    const auto held = tensor.to(torch::kCPU, type).contiguous();
    store_->append(name, array_view(held));
  }
}

void Encoder::keep(const std::string& name, const Done& done) {
  store_->progress[name] = done.json();
  store_->commit();
}

// Files that changed since they were encoded would give other features.
void Encoder::check_unchanged() {
  const std::pair<const char*, const std::optional<MediaFiles>&> kinds[] = {{"images", images_}, {"videos", videos_}};
  for (const auto& [name, files] : kinds) {
    if (!files || !store_->progress.contains(name)) continue;
    const auto done = Done::of(store_->progress[name]);
    if (done.items <= files->size() && files->stamp(done.items) == done.stamp) continue;
    if (request_.overwrite) return store_->begin_anew();
    throw DataError(
        fmt::format("--{}: files that were encoded already have changed since; start anew by --overwrite.", name));
  }
}

void Encoder::encode_kind(const std::string& name, int64_t total, int64_t step, const MediaFiles* files,
                          const Work& work) {
  Done done;
  if (store_->progress.contains(name)) done = Done::of(store_->progress[name]);
  Progress bar("encode " + name, total);
  bar.advance(done.items);
  const int64_t first = done.items;
  const auto start = Clock::now();
  auto committed = start;
  while (done.items < total) {
    const int64_t begin = done.items, end = std::min(begin + step, total);
    const int64_t first_row = begin - std::ssize(done.left_out);
    store_rows(work(begin, end, done), first_row, done);
    done.items = end;
    const double rate = static_cast<double>(end - first) / std::max(seconds_since(start), 1e-9);
    bar.advance(end - begin, fmt::format("{:.1f}/s", rate));
    const bool is_stopped = stop_();
    if (!is_stopped && end < total && Clock::now() - committed < kCommitEvery) continue;
    if (files != nullptr) done.stamp = files->stamp(end);
    keep(name, done);
    committed = Clock::now();
    if (is_stopped)
      throw Interrupted(
          fmt::format("Interrupted after {} of {} {}; the same command goes on there.", end, total, name));
  }
  const auto rows = total - std::ssize(done.left_out);
  if (rows == 0)
    throw DataError(
        fmt::format("--{}: none of the {} files can be read; the first: {}", name, total, done.left_out[0].second));
  report_.kinds.push_back(
      {name, rows, total - first, seconds_since(start), done.not_finite, done.not_finite_rows, done.left_out});
}

std::vector<std::string> Encoder::kept_ids(const std::string& name, const MediaFiles& files) const {
  std::vector<std::string> ids;
  const auto kind = std::find_if(report_.kinds.begin(), report_.kinds.end(),
                                 [&](const EncodedKind& candidate) { return candidate.name == name; });
  auto next = kind->left_out.begin();
  for (const auto& id : files.ids) {
    if (next != kind->left_out.end() && next->first == id)
      ++next;
    else
      ids.push_back(id);
  }
  return ids;
}

std::map<std::string, std::string> Encoder::metadata() const {
  std::map<std::string, std::string> metadata{
      {"format", "tvr features"},          {"tvr", version() + " (" + tvr::commit() + ")"},
      {"architecture", towers_.name},      {"weights", std::filesystem::path(request_.weights).filename().string()},
      {"weights_sha256", weights_sha256_}, {"precision", request_.precision}};
  if (texts_) {
    auto ids = Json::array();
    for (int64_t i = 0; i < texts_->size(); ++i) ids.push_back(std::to_string(i));
    metadata["text_ids"] = ids.dump();
  }
  for (const auto& kind : report_.kinds)
    if (!kind.left_out.empty()) metadata["left_out_" + kind.name] = Json(kind.left_out).dump();
  if (images_) metadata["image_ids"] = Json(kept_ids("images", *images_)).dump();
  if (videos_) {
    metadata["video_ids"] = Json(kept_ids("videos", *videos_)).dump();
    metadata["sampling"] = Json{{"rule", request_.sampling.rule},
                                {"frames", request_.sampling.count},
                                {"fps", request_.sampling.fps},
                                {"selection", request_.sampling.selection}}
                               .dump();
  }
  return metadata;
}

EncodeReport Encoder::run() {
  const torch::NoGradGuard no_grad;
  const RowOptions options{request_.batch, request_.tokens, request_.patches, device_};
  const int64_t videos_at_once = std::max<int64_t>(request_.batch / request_.sampling.count, 1);
  const auto& vision = towers_.config.vision;
  if (texts_)
    encode_kind("texts", texts_->size(), request_.batch, nullptr, [&](int64_t begin, int64_t end, Done&) {
      return text_rows(towers_, batch(*tokenizer_, texts_->rows(begin, end), report_.longest), length_, options);
    });
  if (images_)
    encode_kind("images", images_->size(), request_.batch, &*images_, [&](int64_t begin, int64_t end, Done& done) {
      const auto loaded = load_images(*images_, begin, end, vision, request_.threads);
      note_left_out(loaded, *images_, done);
      return image_rows(towers_, loaded, options);
    });
  if (videos_)
    encode_kind("videos", videos_->size(), videos_at_once, &*videos_, [&](int64_t begin, int64_t end, Done& done) {
      const auto loaded = load_videos(*videos_, begin, end, vision, request_.sampling, request_.threads);
      note_left_out(loaded, *videos_, done);
      return video_rows(towers_, loaded, options);
    });
  store_->finish(metadata());
  return report_;
}

}  // namespace

EncodeReport encode(const EncodeRequest& request, const std::function<bool()>& stop) {
  return Encoder(request, stop).run();
}

}  // namespace tvr
