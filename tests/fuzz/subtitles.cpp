#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "fuzz.hpp"
#include "media/webvtt.hpp"

using fuzz::holds;
using namespace video;

namespace {

// Whether cue text has only tags of WebVTT, and no arrow.
void checkText(std::string_view vtt) {
  constexpr std::array<std::string_view, 8> tags{"b", "i", "u", "c", "v", "lang", "ruby", "rt"};
  for (std::size_t at = 0; (at = vtt.find('<', at)) != std::string_view::npos; ++at) {
    const std::size_t end = vtt.find('>', at);
    holds(end != std::string_view::npos, "a tag is closed", vtt);
    std::string_view inside = vtt.substr(at + 1, end - at - 1);
    holds(inside.find_first_of("<\n") == std::string_view::npos, "a tag is on one line", vtt);
    if (inside.starts_with('/')) inside.remove_prefix(1);
    const std::string_view name = inside.substr(0, inside.find_first_of(" ."));
    const bool isTime = !inside.empty() && inside[0] >= '0' && inside[0] <= '9';
    holds(isTime || std::find(tags.begin(), tags.end(), name) != tags.end(), "a tag is one of WebVTT", inside);
  }
}

void run(fuzz::Input in) {
  constexpr std::size_t most = 1 << 16;
  const std::string file = in.rest();
  std::string vtt;
  try {
    vtt = media::toWebVtt(file, most);
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed || error.fault() == Fault::unsupportedMediaType ||
              error.fault() == Fault::tooLarge,
          "a file is refused as what it is", error.what());
    return;
  }
  holds(vtt.size() <= most, "the result is bounded");
  holds(isUtf8(vtt), "the result is UTF-8");
  holds(vtt.starts_with("WEBVTT\n\n"), "the result is WebVTT", vtt);
  holds(std::all_of(
            vtt.begin(), vtt.end(),
            [](char c) { return c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); }),
        "the result has no control characters");
  holds(vtt.find("\n\n\n") == std::string::npos, "no cue is empty", vtt);
  checkText(vtt);
  holds(media::toWebVtt(vtt, most) == vtt, "the result stays the same when it is read again", vtt);
}

const fuzz::Target target{"subtitles", run};

}  // namespace
