#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tvr/eval/report.h"

namespace tvr {

/// A rectangle of a frame; all four within [0,1] of its width and height, from its upper left
/// corner.
struct PageRegion {
  double left = 0, top = 0, right = 1, bottom = 1;
};

/// A picture of a video: the bytes of a JPEG or PNG file, embedded in the page. No bytes: "no
/// picture" is shown instead.
struct PageFrame {
  int64_t index = 0;  ///< 0-based, among the frames the model saw
  double time = 0;    ///< seconds
  std::string image;
};

/// Which word met what: one entry of a head's explanation.
struct PageMatch {
  std::string word;
  double weight = 0;                 ///< as the head gives it; bars are relative to the candidate's largest
  std::optional<int64_t> frame;      ///< PageFrame::index numbering; absent: the whole video, sound, …
  std::optional<double> time;        ///< seconds
  std::optional<PageRegion> region;  ///< drawn over the frame of that index, if the candidate shows it
  std::string part;                  ///< part of the score it belongs to; "": there is only one
};

/// A video of the list a query got.
struct PageCandidate {
  std::string video_id;
  int64_t rank = 1;  ///< 1-based
  double score = 0;
  bool right = false;
  std::vector<PageFrame> frames;  ///< the first is the cover; further ones are shown below it
  std::vector<PageMatch> matches;
};

/// One text query: usually the top 5, and the right video behind them where it is not among them.
struct PageQuery {
  std::string text_id, caption, need;
  std::string right_video;
  int64_t rank = 1;  ///< of the right video, 1-based
  std::vector<PageCandidate> candidates;
};

/// Everything on an evaluation page. Texts are shown as they are, escaped.
struct EvaluationPage {
  std::string title;
  EvaluationReport report;
  EvaluationRanks ranks;                                      ///< for the plots
  std::string config;                                         ///< the effective YAML
  std::vector<std::pair<std::string, std::string>> settings;  ///< name, value: what the protocol does not already say
  std::vector<PageQuery> queries;
  std::vector<std::pair<std::string, std::string>> sections = {};  ///< further ones behind the numbers: title, HTML
};

/// One self-contained HTML file: numbers with intervals, plots, parts, settings and queries. No
/// script, nothing loaded from elsewhere (a content security policy says so); light and dark by the
/// reader's preference; made for phones too. Pure: equal content gives equal bytes.
std::string evaluation_page_html(const EvaluationPage& page);

}  // namespace tvr
