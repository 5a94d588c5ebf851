#include "http/server/head_gate.hpp"

#include "base/text.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video::http;

namespace {

// Passes everything received so far after each piece, as the transport does.
HeadEnd::State lookAt(HeadEnd& end, const std::vector<std::string_view>& pieces, const HeadLimits& limits) {
  HeadEnd::State state = HeadEnd::State::more;
  std::string come;
  for (const std::string_view piece : pieces) {
    come += piece;
    come.shrink_to_fit();  // so that a sanitizer detects reads beyond it
    state = end.look(come, limits);
    if (state != HeadEnd::State::more) break;
  }
  return state;
}

void checkSplit(const std::string& text, std::uint32_t seed, const HeadLimits& limits, const HeadEnd& whole,
                HeadEnd::State state) {
  HeadEnd part;
  holds(lookAt(part, fuzz::cut(text, seed), limits) == state, "a head ends at the same byte however it is split", text);
  if (state == HeadEnd::State::refused)
    holds(part.refusal().status == whole.refusal().status, "a head is refused alike however it is split", text);
  if (state == HeadEnd::State::whole)
    holds(part.start() == whole.start() && part.end() == whole.end(), "a head is the same however it is split", text);
}

// Counts the lines, which must end in CR LF; a bare CR or LF fails.
std::size_t linesOf(std::string_view head) {
  std::size_t lines = 0;
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (head[i] == '\r') holds(i + 1 < head.size() && head[i + 1] == '\n', "no bare CR is accepted", head);
    if (head[i] != '\n') continue;
    holds(i > 0 && head[i - 1] == '\r', "no bare LF is accepted", head);
    ++lines;
  }
  return lines;
}

void checkHead(const Head& head, std::string_view text, const HeadLimits& limits) {
  holds(!head.chunked || !head.contentLength, "a body has one framing", text);
  holds(head.path.starts_with('/') || head.path == "*", "the target is a path or *", text);
  for (const std::string_view part : {head.path, head.query})
    for (const char c : part) holds(c > 0x20 && c < 0x7f, "the target is printable", text);
  std::size_t hosts = 0;
  for (const auto& [name, value] : head.headers) {
    holds(!name.empty() && value == video::trimmed(value), "a field has a name and a trimmed value", text);
    holds(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a value has one line", text);
    hosts += video::equalWithoutCase(name, "Host") ? 1 : 0;
  }
  holds(hosts <= 1 && (hosts == 1 || head.minorVersion == 0), "there is one Host", text);
  // All but the request line and the empty line; HTTP/1.0 may get its Host from the target.
  const std::size_t fields = linesOf(text) - 2;
  holds(head.headers.size() == fields || head.headers.size() == fields + 1, "no field is lost or added", text);
  holds(fields <= limits.fields, "there are no more fields than the limit", text);
}

void run(fuzz::Input in) {
  const std::uint32_t seed = in.word();
  const HeadLimits limits = (in.byte() & 1) != 0 ? HeadLimits{64, 200, 5} : HeadLimits{};
  const std::string text = in.rest();
  HeadEnd end;
  const HeadEnd::State state = lookAt(end, {text}, limits);
  checkSplit(text, seed, limits, end, state);
  if (state == HeadEnd::State::refused)
    holds(end.refusal().status >= 400 && !end.refusal().detail.empty(), "a refusal has a reason", text);
  if (state != HeadEnd::State::whole) return;
  holds(end.start() < end.end() && end.end() <= text.size(), "a head lies within the input", text);
  const std::string bytes = text.substr(end.start(), end.end() - end.start());
  holds(bytes.size() <= limits.whole, "a head is no longer than the limit", text);
  Head head;
  if (!readHead(bytes, limits, head)) checkHead(head, bytes, limits);
}

const fuzz::Target target{"head_gate", run};

}  // namespace
