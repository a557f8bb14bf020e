#include <fmt/format.h>

#include <algorithm>

#include "data/data_check_parts.h"
#include "tvr/base/names.h"

namespace tvr {
namespace {

constexpr size_t kShown = 10, kShownOfNotes = 3, kWidth = 120, kLongestName = 60, kLongestDetail = 80;
constexpr size_t kIndent = 15;

std::string pair_of(const SplitSize& size) {
  return fmt::format("{:>9} {:>9}", size.videos, size.captions);
}

std::string published_cell(const SplitCheck& check) {
  if (!check.published) return "";
  const auto& published = *check.published;
  const bool same = published.videos == check.listed.videos && published.captions == check.listed.captions;
  return same ? published.name + ": as published"
              : fmt::format("{}: {}, {} published", published.name, published.videos, published.captions);
}

std::string table(const std::vector<SplitCheck>& splits) {
  const bool published = std::any_of(splits.begin(), splits.end(), [](const auto& split) { return split.published; });
  std::string text = fmt::format("       {:>19}  {:>19}  {:>19}{}\n", "listed", "usable", "used by the policy",
                                 published ? "  published" : "");
  text += fmt::format("split  {0:>9} {1:>9}  {0:>9} {1:>9}  {0:>9} {1:>9}\n", "videos", "captions");
  for (const auto& split : splits) {
    text += fmt::format("{:<7}", split.name);
    if (!split.failure.empty()) {
      text += "cannot be read\n";
      continue;
    }
    const auto used = split.used ? pair_of(*split.used) : fmt::format("{:>9} {:>9}", "-", "-");
    auto line = pair_of(split.listed) + "  " + pair_of(split.usable) + "  " + used + "  " + published_cell(split);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

bool same_details(const Finding& finding) {
  return finding.items.size() > 1 &&
         std::all_of(finding.items.begin(), finding.items.end(),
                     [&](const Finding::Item& item) { return item.detail == finding.items[0].detail; });
}

std::string in_lines(const std::vector<std::string>& names) {
  const std::string indent(kIndent, ' ');
  std::string text, line = indent;
  for (const auto& name : names) {
    if (line.size() > kIndent && line.size() + name.size() > kWidth) {
      line.pop_back();
      text += line + "\n";
      line = indent;
    }
    line += name + ", ";
  }
  return text + line.substr(0, line.size() - 2) + "\n";
}

size_t characters(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string in_columns(const Finding& finding, size_t count) {
  size_t width = 0;
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) {
    names.push_back(shortened(finding.items[i].id, kLongestName));
    width = std::max(width, characters(names[i]));
  }
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += fmt::format("{:{}}{:<{}}  {}\n", "", kIndent, names[i], width,
                        shortened(finding.items[i].detail, kLongestDetail));
  return text;
}

// Names alone share lines; where there is more to say, each has its own.
std::string items_of(const Finding& finding) {
  const auto shown = finding.severity == Severity::kNote ? kShownOfNotes : kShown;
  const auto count = std::min(finding.items.size(), shown);
  const auto more = finding.items.size() > count ? fmt::format("… and {} more", finding.items.size() - count) : "";
  if (!same_details(finding))
    return in_columns(finding, count) + (more.empty() ? "" : fmt::format("{:{}}{}\n", "", kIndent, more));
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(shortened(finding.items[i].id, kLongestName));
  if (!more.empty()) names.push_back(more);
  return in_lines(names);
}

// One kind of advice after all findings of a split that it is for.
std::string findings_text(const std::string& name, const std::vector<Finding>& findings, Severity severity) {
  std::vector<const Finding*> chosen;
  for (const auto& finding : findings)
    if (finding.severity == severity) chosen.push_back(&finding);
  std::string text;
  for (size_t i = 0; i < chosen.size(); ++i) {
    text += fmt::format("  {:<11}{}\n", name.empty() ? chosen[i]->kind : name, chosen[i]->sentence);
    if (!chosen[i]->items.empty()) text += items_of(*chosen[i]);
    const bool last = i + 1 == chosen.size() || chosen[i + 1]->advice != chosen[i]->advice;
    if (last && !chosen[i]->advice.empty()) text += fmt::format("{:{}}-> {}\n", "", kIndent - 2, chosen[i]->advice);
  }
  return text;
}

std::string section(const DataCheck& check, Severity severity, const std::string& title) {
  std::string text;
  for (const auto& split : check.splits) {
    if (severity == Severity::kError && !split.failure.empty())
      text += fmt::format("  {:<11}cannot be read: {}\n", split.name, split.failure);
    text += findings_text(split.name, split.findings, severity);
  }
  text += findings_text("", check.between, severity);
  if (severity == Severity::kNote)
    for (const auto& note : check.notes) text += fmt::format("  {:<11}{}\n", "", note);
  return text.empty() ? "" : "\n" + title + "\n" + text;
}

std::string time_text(double seconds) {
  constexpr double kMinute = 60, kHour = 3600;
  if (seconds < 2 * kMinute) return fmt::format("{:.{}f} s", seconds, seconds < 10 ? 1 : 0);
  if (seconds < 2 * kHour) return fmt::format("{:.0f} minutes", seconds / kMinute);
  return fmt::format("{:.1f} hours", seconds / kHour);
}

std::string facts_of(const SplitCheck& split) {
  std::vector<std::string> facts;
  if (const auto& seconds = split.durations)
    facts.push_back(fmt::format("{} of video, {:.1f} to {:.1f} s, median {:.1f} s", time_text(seconds->total),
                                seconds->shortest, seconds->longest, seconds->median));
  if (const auto& sampling = split.sampling; sampling && sampling->fewer == 0)
    facts.push_back(fmt::format("{} different frames of each video{}", sampling->wanted,
                                sampling->estimated ? " (by duration and rate)" : ""));
  if (const auto& tokens = split.tokens)
    facts.push_back(fmt::format("captions of {} tokens in the median, at most {} (limit {})", tokens->median,
                                tokens->longest, tokens->limit));
  std::string text;
  for (const auto& fact : facts) text += fmt::format("  {:<11}{}\n", text.empty() ? split.name : "", fact);
  return text;
}

std::string facts_section(const DataCheck& check) {
  std::string text;
  for (const auto& split : check.splits) text += facts_of(split);
  if (const auto& speed = check.speed)
    text +=
        fmt::format("  speed      {:.0f} ms a video (mean of {}, one thread); estimate: {} for {} {} videos on {}\n",
                    1000 * speed->seconds_a_video, speed->measured_videos, time_text(speed->epoch_seconds()),
                    speed->epoch_videos, speed->split, counted(speed->threads, "thread"));
  for (const auto& split : check.splits)
    if (!split.order_sha256.empty())
      text += fmt::format("  order      {:<7}sha256 {}\n", split.name, split.order_sha256);
  return text.empty() ? "" : "\nFacts\n" + text;
}

std::string looked_at(const std::string& verify) {
  if (verify == "headers") return "headers and first frame of each video looked at";
  if (verify == "decode") return "every frame of each video decoded";
  return "videos not opened";
}

}  // namespace

std::string data_check_text(const DataCheck& check) {
  auto text = fmt::format("{}: {}; videos that cannot be used: {}\n\n", check.origin, looked_at(check.verify),
                          check.policy == "substitute-black" ? "black frames stand in" : check.policy);
  text += table(check.splits);
  text += section(check, Severity::kError, "Errors");
  text += section(check, Severity::kWarning, "Warnings");
  text += section(check, Severity::kNote, "Notes");
  return text + facts_section(check);
}

}  // namespace tvr
