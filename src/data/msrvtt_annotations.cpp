#include "tvr/data/msrvtt_annotations.h"

#include <unordered_set>

#include "tvr/data/annotation_file.h"
#include "tvr/data/annotation_json.h"

namespace tvr {
namespace {

class MsrvttReader {
 public:
  void read(const JsonElement& root) {
    if (!root.object().find("videos"))
      if (const auto annotations = root.find("annotations")) return read_coco(*annotations);
    for (const auto video : root.at("videos").list()) add_video(video);
    for (const auto sentence : root.at("sentences").list()) add_sentence(sentence);
  }
  AnnotatedVideos take() { return std::move(videos_); }

 private:
  static std::string video_id(const JsonElement& element) {
    const auto id = element.at("video_id");
    if (id.text().empty()) id.fail("is empty");
    return std::string(id.text());
  }

  void add_video(const JsonElement& element) {
    const auto id = video_id(element);
    if (videos_.find(id) != nullptr) element.fail("repeats the video_id " + in_quotes(id));
    auto& video = videos_.get(id);
    if (const auto split = element.find("split")) video.split = split->text();
  }

  void add_sentence(const JsonElement& element) {
    const auto video = video_id(element);
    if (videos_.find(video) == nullptr)
      element.fail("is about " + in_quotes(video) + ", which is not among the videos");
    auto id = element.at("sen_id").id();
    if (!sentences_.insert(id).second) element.fail("repeats the sen_id " + in_quotes(id));
    videos_.get(video).captions.push_back({std::move(id), std::string(element.at("caption").text())});
  }

  void read_coco(const JsonElement& annotations) {
    for (const auto element : annotations.list()) {
      auto& video = videos_.get(element.at("image_id").id());
      video.captions.push_back({"", std::string(element.at("caption").text())});
    }
  }

  AnnotatedVideos videos_;
  std::unordered_set<std::string> sentences_;
};

}  // namespace

AnnotatedVideos read_msrvtt(const std::vector<std::filesystem::path>& files) {
  MsrvttReader reader;
  for (const auto& file : files) {
    const JsonDocument document(file);
    reader.read(document.root());
  }
  return reader.take();
}

}  // namespace tvr
