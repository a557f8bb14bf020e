#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>

#include "data/data_check_parts.h"
#include "tvr/base/names.h"
#include "tvr/base/parallel.h"
#include "tvr/data/annotation_file.h"

namespace tvr {
namespace {

using Captions = std::vector<CaptionItem>;

// White space apart, nothing below U+0020 belongs in a sentence.
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && (byte < '\t' || byte > '\r')) || byte == 0x7F;
}

bool has_controls(const std::string& text) {
  return std::any_of(text.begin(), text.end(), is_control);
}

bool is_blank(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

template <class Test>
void add_captions(std::vector<Finding>& findings, const RetrievalSplit& split, Test&& test, Finding finding) {
  for (const auto& caption : split.captions)
    if (test(caption.text))
      finding.items.push_back({caption.id, "of " + split.videos[static_cast<size_t>(caption.video)].id});
  if (finding.items.empty()) return;
  finding.sentence =
      share_of(static_cast<int64_t>(finding.items.size()), static_cast<int64_t>(split.captions.size()), "caption") +
      " " + finding.sentence;
  findings.push_back(std::move(finding));
}

void add_repeated_ids(std::vector<Finding>& findings, const RetrievalSplit& split) {
  std::map<std::string, int64_t> times;
  for (const auto& video : split.videos) ++times[video.id];
  Finding finding{Severity::kWarning, "repeated-ids", "", "list each video once"};
  for (const auto& [id, count] : times)
    if (count > 1) finding.items.push_back({id, fmt::format("{} times", count)});
  if (finding.items.empty()) return;
  finding.sentence = counted(static_cast<int64_t>(finding.items.size()), "video") + " listed more than once";
  findings.push_back(std::move(finding));
}

void add_silent_videos(std::vector<Finding>& findings, const RetrievalSplit& split) {
  std::vector<bool> described(split.videos.size());
  for (const auto& caption : split.captions) described[static_cast<size_t>(caption.video)] = true;
  Finding finding{Severity::kWarning, "without-caption", "", "they can only be candidates of searches"};
  for (size_t i = 0; i < split.videos.size(); ++i)
    if (!described[i]) finding.items.push_back({split.videos[i].id, ""});
  if (finding.items.empty()) return;
  finding.sentence =
      share_of(static_cast<int64_t>(finding.items.size()), static_cast<int64_t>(split.videos.size()), "video") +
      " without a caption";
  findings.push_back(std::move(finding));
}

// Equal texts, by first appearance.
struct EqualTexts {
  std::string_view text;
  std::map<int64_t, int64_t> captions;  ///< of each video that has the text
};

std::vector<EqualTexts> equal_texts(const RetrievalSplit& split) {
  std::unordered_map<std::string_view, size_t> places;
  std::vector<EqualTexts> texts;
  for (const auto& caption : split.captions) {
    const auto [place, fresh] = places.try_emplace(caption.text, texts.size());
    if (fresh) texts.push_back({caption.text, {}});
    ++texts[place->second].captions[caption.video];
  }
  return texts;
}

void add_shared_texts(std::vector<Finding>& findings, const RetrievalSplit& split,
                      const std::vector<EqualTexts>& texts) {
  Finding finding{Severity::kNote, "shared-texts", ""};
  int64_t captions = 0;
  for (const auto& equal : texts) {
    if (equal.captions.size() < 2) continue;
    std::vector<std::string> ids;
    for (const auto& [video, count] : equal.captions) {
      ids.push_back(split.videos[static_cast<size_t>(video)].id);
      captions += count;
    }
    finding.items.push_back({std::string(equal.text), join(ids, ", ")});
  }
  if (finding.items.empty()) return;
  finding.sentence =
      fmt::format("{} belong to more than one video, {}: {}",
                  counted(static_cast<int64_t>(finding.items.size()), "text"), counted(captions, "caption"),
                  split.name == "train" ? "false negatives where they meet in a batch" : "these queries tie");
  findings.push_back(std::move(finding));
}

void add_repeated_texts(std::vector<Finding>& findings, const RetrievalSplit& split,
                        const std::vector<EqualTexts>& texts) {
  Finding finding{Severity::kNote, "repeated-texts", ""};
  int64_t surplus = 0;
  for (const auto& equal : texts)
    for (const auto& [video, count] : equal.captions) {
      if (count < 2) continue;
      surplus += count - 1;
      finding.items.push_back(
          {std::string(equal.text), fmt::format("{} times of {}", count, split.videos[static_cast<size_t>(video)].id)});
    }
  if (finding.items.empty()) return;
  finding.sentence =
      share_of(surplus, static_cast<int64_t>(split.captions.size()), "caption") + " repeat another one of their video";
  findings.push_back(std::move(finding));
}

}  // namespace

std::string shortened(const std::string& text, size_t most) {
  std::string line;
  for (const char c : text) line += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  if (line.size() <= most) return line;
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  return line.substr(0, end) + "…";
}

std::string counted(int64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string share_of(int64_t count, int64_t all, const std::string& noun) {
  return fmt::format("{} of {}", count, counted(all, noun));
}

std::vector<Finding> caption_findings(const RetrievalSplit& split) {
  std::vector<Finding> findings;
  add_repeated_ids(findings, split);
  add_captions(findings, split, [](const std::string& text) { return !is_utf8(text); },
               {Severity::kWarning, "not-utf8", "not valid UTF-8", "convert the annotation file to UTF-8"});
  add_captions(findings, split, is_blank, {Severity::kWarning, "blank", "empty or blank", "remove or mend them"});
  add_captions(findings, split, has_controls,
               {Severity::kNote, "control-characters", "with control characters; tokenizers drop them"});
  add_silent_videos(findings, split);
  const auto texts = equal_texts(split);
  add_shared_texts(findings, split, texts);
  add_repeated_texts(findings, split, texts);
  return findings;
}

TokenFacts count_tokens(const RetrievalSplit& split, const DataCheckOptions& options, std::vector<Finding>& findings) {
  std::vector<int64_t> counts(split.captions.size());
  parallel_for(static_cast<int64_t>(counts.size()), options.threads, [&](int64_t i) {
    counts[static_cast<size_t>(i)] = options.token_count(split.captions[static_cast<size_t>(i)].text);
  });
  TokenFacts facts;
  facts.limit = options.token_limit;
  Finding finding{Severity::kNote, "longer-than-limit", "", "raise model.text.context_length if the tower allows it"};
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > facts.limit) finding.items.push_back({split.captions[i].id, counted(counts[i], "token")});
  facts.longer = static_cast<int64_t>(finding.items.size());
  std::sort(counts.begin(), counts.end());
  if (!counts.empty()) facts.median = counts[counts.size() / 2], facts.longest = counts.back();
  if (facts.longer == 0) return facts;
  finding.sentence = fmt::format("{} ({:.1f} %) longer than {} tokens, the longest has {}: their ends will be cut off",
                                 share_of(facts.longer, static_cast<int64_t>(counts.size()), "caption"),
                                 100 * static_cast<double>(facts.longer) / static_cast<double>(counts.size()),
                                 facts.limit, facts.longest);
  findings.push_back(std::move(finding));
  return facts;
}

}  // namespace tvr
