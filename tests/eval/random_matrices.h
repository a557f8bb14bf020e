#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "tvr/base/random.h"
#include "tvr/eval/ranks.h"

namespace tvr::test {

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();

/// A similarity matrix that owns its scores; several videos may be right for a text.
struct Case {
  std::vector<float> scores;
  int64_t texts = 0, videos = 0;
  std::vector<std::vector<int64_t>> right;  // videos of each text

  DenseScores view() const { return {scores.data(), texts, videos}; }
  GroundTruth truth() const { return {right, videos}; }
  float at(int64_t text, int64_t video) const { return scores[text * videos + video]; }
  bool one_video_a_text() const { return truth().one_video_a_text(); }
};

/// The same scores in another type, without a way of its own to single pairs.
template <class T>
class TypedScores final : public ScoreMatrix {
 public:
  explicit TypedScores(const Case& sample)
      : values_(sample.scores.begin(), sample.scores.end()), texts_(sample.texts), videos_(sample.videos) {}
  int64_t texts() const override { return texts_; }
  int64_t videos() const override { return videos_; }
  ScoreType type() const override {
    if (sizeof(T) == sizeof(float)) return ScoreType::kFloat;
    return sizeof(T) == sizeof(double) ? ScoreType::kDouble : ScoreType::kLongDouble;
  }
  void read_rows(int64_t begin, int64_t end, void* out) const override {
    std::copy(values_.begin() + begin * videos_, values_.begin() + end * videos_, static_cast<T*>(out));
  }

 private:
  std::vector<T> values_;
  int64_t texts_, videos_;
};

enum class Shape {
  kSquare,   // text i belongs to video i
  kGroups,   // one video a text: captions in any order, videos without any
  kSeveral,  // one to three videos a text
};

inline std::vector<int64_t> shuffled(int64_t count, Random& random) {
  std::vector<int64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  random.shuffle(numbers);
  return numbers;
}

inline std::vector<int64_t> random_videos(Shape shape, int64_t text, int64_t videos, Random& random) {
  if (shape == Shape::kSquare) return {text};
  auto numbers = shuffled(videos, random);
  numbers.resize(shape == Shape::kGroups ? 1 : std::min<int64_t>(videos, 1 + random.integer(3)));
  return numbers;
}

/// Scores of few levels, so that ties abound; one in ten of `special` if there are any.
inline void fill_scores(Case& sample, const std::vector<float>& special, Random& random) {
  const int64_t levels = random.chance(0.2) ? 1000 : 1 + random.integer(6);
  for (auto& score : sample.scores) {
    score = static_cast<float>(random.integer(levels) - 2) / 8;
    if (!special.empty() && random.chance(0.1)) score = random.choice(special);
  }
}

inline Case random_case(Shape shape, const std::vector<float>& special, Random& random) {
  Case sample;
  sample.texts = 1 + random.integer(25);
  sample.videos = shape == Shape::kSquare ? sample.texts : 1 + random.integer(25);
  sample.scores.resize(sample.texts * sample.videos);
  fill_scores(sample, random.chance(0.4) ? special : std::vector<float>{}, random);
  for (int64_t text = 0; text < sample.texts; ++text)
    sample.right.push_back(random_videos(shape, text, sample.videos, random));
  return sample;
}

/// Ties, and specials here and there, some of them scores of right videos.
inline Case large_case(int64_t texts, int64_t videos, const std::function<std::vector<int64_t>(int64_t)>& right_of) {
  Random random(2, "large matrices");
  Case sample{std::vector<float>(texts * videos), texts, videos, {}};
  for (auto& score : sample.scores) score = static_cast<float>(random.integer(400)) / 16;
  for (int64_t i = 0; i < 50; ++i) sample.scores[random.integer(texts * videos)] = i % 2 == 0 ? kNan : -kInf;
  for (int64_t text = 0; text < texts; ++text) sample.right.push_back(right_of(text));
  for (int64_t text = 0; text < texts; text += 97) sample.scores[text * videos + sample.right[text][0]] = kNan;
  return sample;
}

// From here on: the ranks from their definitions, candidate by candidate.
struct Candidate {
  long double score;
  bool right;
};

inline int64_t count_tied_before(const std::vector<Candidate>& candidates, long double best) {
  int64_t tied = 0;
  for (const auto& [score, right] : candidates) {
    if (score == best && right) return tied;
    tied += score == best ? 1 : 0;
  }
  return 0;
}

// A query whose candidates come in order of their columns; `special` are all scores it meets.
inline void add_query(RankList& list, int64_t number, const std::vector<Candidate>& candidates,
                      const std::vector<float>& special, bool in_columns) {
  std::vector<std::pair<int64_t, int64_t>> each;
  long double best = kNan;
  for (const auto& own : candidates) {
    if (!own.right) continue;
    if (!(best >= own.score) && !std::isnan(own.score)) best = own.score;
    auto& [better, tied] = each.emplace_back();
    for (const auto& [score, right] : candidates) {
      better += !right && (score > own.score || std::isnan(own.score)) ? 1 : 0;
      tied += !right && score == own.score ? 1 : 0;
    }
  }
  std::sort(each.begin(), each.end());
  const auto right_equal = std::count_if(candidates.begin(), candidates.end(),
                                         [&](const Candidate& c) { return c.right && c.score == best; });
  list.queries.push_back(number);
  list.better.push_back(each[0].first);
  list.tied.push_back(each[0].second);
  list.tied_before.push_back(in_columns ? count_tied_before(candidates, best) : 0);
  list.right_tied.push_back(right_equal > 0 ? right_equal - 1 : 0);
  list.nan_scores.push_back(std::count_if(special.begin(), special.end(), [](float s) { return std::isnan(s); }));
  list.infinite_scores.push_back(std::count_if(special.begin(), special.end(), [](float s) { return std::isinf(s); }));
  list.best.push_back(static_cast<double>(best));
  for (const auto& [better, tied] : each) {
    list.each_better.push_back(better);
    list.each_tied.push_back(tied);
  }
  list.right_begin.push_back(static_cast<int64_t>(list.each_better.size()));
  list.candidates = static_cast<int64_t>(candidates.size());
}

inline bool contains(const std::vector<int64_t>& numbers, int64_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

inline RankList texts_by_definition(const Case& sample) {
  RankList list;
  for (int64_t text = 0; text < sample.texts; ++text) {
    std::vector<Candidate> candidates;
    for (int64_t video = 0; video < sample.videos; ++video)
      candidates.push_back({sample.at(text, video), contains(sample.right[text], video)});
    const auto row = sample.scores.begin() + text * sample.videos;
    add_query(list, text, candidates, {row, row + sample.videos}, true);
  }
  return list;
}

// Each text is a candidate, or each video by the best of its texts.
inline std::vector<Candidate> captions_of(const Case& sample, int64_t query, VideoToText variant) {
  std::vector<Candidate> captions;
  std::map<int64_t, Candidate> best;
  for (int64_t text = 0; text < sample.texts; ++text) {
    const Candidate caption{sample.at(text, query), contains(sample.right[text], query)};
    captions.push_back(caption);
    const auto [place, fresh] = best.emplace(sample.right[text][0], caption);
    if (std::isnan(place->second.score) || caption.score > place->second.score) place->second.score = caption.score;
  }
  if (variant == VideoToText::kEveryCaption) return captions;
  captions.clear();
  for (const auto& [video, caption] : best) captions.push_back(caption);
  return captions;
}

inline RankList videos_by_definition(const Case& sample, VideoToText variant) {
  RankList list;
  for (int64_t video = 0; video < sample.videos; ++video) {
    const bool has_caption = std::any_of(sample.right.begin(), sample.right.end(),
                                         [&](const auto& videos) { return contains(videos, video); });
    if (!has_caption) continue;
    std::vector<float> column;
    for (int64_t text = 0; text < sample.texts; ++text) column.push_back(sample.at(text, video));
    add_query(list, video, captions_of(sample, video, variant), column, false);
  }
  return list;
}

}  // namespace tvr::test
