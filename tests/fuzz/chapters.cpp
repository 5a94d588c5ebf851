#include "videos/chapters.hpp"

#include "base/text.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video;

namespace {

void run(fuzz::Input in) {
  const std::uint32_t word = in.word();
  const auto duration = word % 4 == 0 ? std::nullopt : std::optional<std::int64_t>(word);
  const std::string description = repairedUtf8(in.rest());
  const std::vector<Chapter> chapters = chaptersOf(description, duration);
  holds(chapters.size() <= 500, "the number of chapters is bounded");
  for (std::size_t i = 0; i < chapters.size(); ++i) {
    const Chapter& one = chapters[i];
    holds(one.timeMs >= 0 && (!duration || one.timeMs < *duration), "a chapter is within the video", one.title);
    holds(i == 0 || chapters[i - 1].timeMs < one.timeMs, "chapters are by time", one.title);
    holds(!one.title.empty() && isUtf8(one.title) && one.title.find('\n') == std::string::npos,
          "a title is a line of text", one.title);
    holds(description.find(one.title) != std::string::npos, "a title is in the description", one.title);
  }
  holds(isUtf8(chaptersTrack(chapters, duration)), "the track is UTF-8");
}

const fuzz::Target target{"chapters", run};

}  // namespace
