#include "page_queries.h"

#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "tvr/base/error.h"
#include "tvr/data/video_source.h"
#ifdef TVR_WITH_VIDEO
#include "tvr/ops/resize.h"
#include "tvr/video/picture.h"
#include "tvr/video/video_reader.h"
#endif

namespace tvr {
namespace {

constexpr int64_t kTop = 5;
constexpr size_t kMatches = 6;
constexpr double kLeastShare = 0.02;    // of the strongest word's weight: what is below says nothing about the score
constexpr int64_t kThumbnail = 160;     // pixels
constexpr double kTimeRounding = 1e-4;  // seconds: tensors hold times in single precision

// The word each token belongs to; "" for the start and end tokens, where the tokenizer has them. Blanks always separate
// tokens, so a word's tokens can be counted by encoding it alone.
std::vector<std::string> words_of_tokens(const Tokenizer& tokenizer, const std::string& caption) {
  std::vector<std::string> words(tokenizer.start_id() >= 0 ? 1 : 0);
  std::istringstream stream(caption);
  for (std::string word; stream >> word;) words.insert(words.end(), tokenizer.encode(word).size(), word);
  words.emplace_back("");
  return words;
}

class PageBuilder {
 public:
  PageBuilder(RetrievalModel& model, const Tokenizer& tokenizer, const EvaluationData& data,
              const torch::Tensor& similarity, const Evaluation& evaluation)
      : model_(model),
        tokenizer_(tokenizer),
        data_(data),
        similarity_(similarity),
        ranks_(evaluation.ranks.text_to_video.rank) {}

  PageQuery query(int64_t text) {
    const auto& caption = data_.split.captions[static_cast<size_t>(text)];
    PageQuery query{caption.id,
                    caption.text,
                    caption.need,
                    data_.split.videos[static_cast<size_t>(caption.video)].id,
                    ranks_[static_cast<size_t>(text)],
                    {}};
    const auto order = std::get<1>(similarity_[text].sort(std::optional<bool>(true), 0, /*descending=*/true));
    const auto input = data_.texts->rows({text});
    const auto device = model_.parameters().front().device();
    const auto features = model_.encode(to(input, device));
    bool shown = false;
    for (int64_t place = 0; place < std::min(kTop, order.size(0)); ++place) {
      const int64_t video = order[place].item<int64_t>();
      shown = shown || video == caption.video;
      query.candidates.push_back(candidate(text, video, place + 1, features));
    }
    if (!shown) query.candidates.push_back(candidate(text, caption.video, query.rank, features));
    return query;
  }

 private:
  PageCandidate candidate(int64_t text, int64_t video, int64_t rank, const TextFeatures& features) {
    const auto& caption = data_.split.captions[static_cast<size_t>(text)];
    const auto& item = data_.split.videos[static_cast<size_t>(video)];
    PageCandidate result{item.id, rank, similarity_[text][video].item<double>(), video == caption.video, {}, {}};
    const auto input = to(data_.videos->load({video}, {}), features.pooled.device());
    const auto encoded = model_.encode(input);
    result.matches = matches(caption.text, features, encoded);
    std::vector<int64_t> frames;
    for (const auto& match : result.matches)
      if (match.frame && std::find(frames.begin(), frames.end(), *match.frame) == frames.end())
        frames.push_back(*match.frame);
    if (frames.empty()) frames.push_back(0);
    result.frames = pictures(item, input, encoded, frames);
    return result;
  }

  std::vector<PageMatch> matches(const std::string& caption, const TextFeatures& text, const VideoFeatures& video) {
    const auto words = words_of_tokens(tokenizer_, caption);
    const auto grid = static_cast<double>(model_.video().grid());
    std::vector<PageMatch> result;
    std::set<std::string> seen;  // a word of several tokens is shown once, by its strongest
    const auto explained = model_.head().explain(text, video);
    double strongest = 0;
    for (const auto& match : explained) strongest = std::max(strongest, match.weight);
    for (const auto& match : explained) {
      const bool inside = match.token >= 0 && match.token < static_cast<int64_t>(words.size());
      const auto word = match.token < 0 ? "(whole sentence)" : inside ? words[static_cast<size_t>(match.token)] : "";
      if (word.empty() || word == "," || match.weight < kLeastShare * strongest) continue;
      if (result.size() >= kMatches || !seen.insert(word).second) continue;
      PageMatch shown{word, match.weight, match.frame, {}, {}, ""};
      if (video.times.defined()) shown.time = video.times[0][match.frame].item<double>();
      if (match.patch >= 0) {
        const auto row = static_cast<double>(match.patch / model_.video().grid()),
                   column = static_cast<double>(match.patch % model_.video().grid());
        shown.region = PageRegion{column / grid, row / grid, (column + 1) / grid, (row + 1) / grid};
      }
      result.push_back(shown);
    }
    return result;
  }

  std::vector<PageFrame> pictures([[maybe_unused]] const VideoItem& item, [[maybe_unused]] const VideoInput& input,
                                  const VideoFeatures& video, const std::vector<int64_t>& frames) {
    std::vector<PageFrame> result;
    for (const int64_t frame : frames)
      result.push_back({frame, video.times.defined() ? video.times[0][frame].item<double>() : 0.0, ""});
#ifdef TVR_WITH_VIDEO
    if (input.pixels.defined()) {
      for (auto& picture : result) picture.image = encode_jpeg(image_of(input.pixels[0][picture.index]));
    } else if (!item.path.empty()) {
      const auto reader = open_video(item.path, {1, FrameCount::kByPackets});
      std::vector<double> times;
      for (const int64_t frame : frames) times.push_back(video.times[0][frame].item<double>() + kTimeRounding);
      const auto wanted = reader->indices_at(times);
      reader->read(wanted, [&](int64_t position, const Image& image) {
        const auto cropped = resize_short_side(image, std::min(kThumbnail, std::min(image.height, image.width)));
        const auto side = std::min(cropped.height, cropped.width);
        result[static_cast<size_t>(position)].image = encode_jpeg(centre_crop(cropped, side, side));
      });
    }
#endif
    return result;
  }

  static Image image_of(const torch::Tensor& pixels) {
    const auto rows = pixels.to(torch::kCPU).permute({1, 2, 0}).contiguous();
    const auto* data = rows.const_data_ptr<uint8_t>();
    return {rows.size(0), rows.size(1), {data, data + rows.numel()}};
  }

  RetrievalModel& model_;
  const Tokenizer& tokenizer_;
  const EvaluationData& data_;
  const torch::Tensor& similarity_;
  const std::vector<int64_t>& ranks_;
};

// Round robin over needs, in each alternately the first hits and the first misses: neither the best nor the worst only.
std::vector<int64_t> choose_queries(const EvaluationData& data, const std::vector<int64_t>& ranks, int64_t count) {
  std::vector<std::string> needs;
  std::map<std::string, std::array<std::vector<int64_t>, 2>> texts;
  for (size_t i = 0; i < ranks.size(); ++i) {
    const auto& need = data.split.captions[i].need;
    if (texts.count(need) == 0) needs.push_back(need);
    texts[need][ranks[i] == 1 ? 0 : 1].push_back(static_cast<int64_t>(i));
  }
  std::vector<int64_t> chosen;
  for (size_t round = 0; static_cast<int64_t>(chosen.size()) < count && round < ranks.size(); ++round) {
    for (size_t n = 0; n < needs.size() && static_cast<int64_t>(chosen.size()) < count; ++n) {
      const auto& kind = texts[needs[n]][(round + n) % 2];
      if (round / 2 < kind.size()) chosen.push_back(kind[round / 2]);
    }
  }
  return chosen;
}

}  // namespace

EvaluationPage make_page(const Experiment& experiment, RetrievalModel& model, const Tokenizer& tokenizer,
                         const EvaluationData& data, const torch::Tensor& similarity, const Evaluation& evaluation) {
  const torch::NoGradGuard no_grad;
  model.eval();
  EvaluationPage page;
  page.title = "Evaluation of " + experiment.run.dir;
  page.report = evaluation.report;
  page.ranks = evaluation.ranks;
  page.config = experiment.effective;
  PageBuilder builder(model, tokenizer, data, similarity, evaluation);
  for (const int64_t text :
       choose_queries(data, evaluation.ranks.text_to_video.rank, experiment.evaluation.page_queries))
    page.queries.push_back(builder.query(text));
  return page;
}

}  // namespace tvr
