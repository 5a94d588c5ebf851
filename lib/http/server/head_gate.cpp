#include "http/server/head_gate.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include "base/text.hpp"

namespace video::http {

namespace {

// The elements in which a byte may occur.
enum Class : unsigned char { tokenByte = 1, targetByte = 2, valueByte = 4, hexByte = 8, hostByte = 16 };

constexpr std::array<unsigned char, 256> classes = [] {
  std::array<unsigned char, 256> table{};
  const auto mark = [&](std::string_view bytes, unsigned what) {
    for (const char c : bytes) table[static_cast<unsigned char>(c)] |= static_cast<unsigned char>(what);
  };
  for (std::size_t c = 0x20; c < 0x100; ++c)
    if (c != 0x7f) table[c] |= valueByte;
  table['\t'] |= valueByte;
  for (std::size_t c = 0x21; c < 0x7f; ++c)
    if (c != '#') table[c] |= targetByte;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] |= tokenByte | hostByte;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] |= tokenByte | hostByte;
  mark("0123456789", tokenByte | hostByte | hexByte);
  mark("abcdefABCDEF", hexByte);
  mark("!#$%&'*+-.^_`|~", tokenByte);
  mark("-._~%!$&'()*+;=:[]", hostByte);
  return table;
}();

bool is(char c, Class what) {
  return (classes[static_cast<unsigned char>(c)] & what) != 0;
}

bool allAre(std::string_view text, Class what) {
  for (const char c : text)
    if (!is(c, what)) return false;
  return true;
}

Refusal malformed(std::string_view detail) {
  return {400, detail};
}

Method methodOf(std::string_view name) {
  for (const Method method :
       {Method::get, Method::head, Method::post, Method::put, Method::patch, Method::delete_, Method::options})
    if (nameOf(method) == name) return method;
  return Method::other;
}

bool goodPercents(std::string_view path) {
  for (std::size_t at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 3)) {
    if (at + 2 >= path.size() || !is(path[at + 1], hexByte) || !is(path[at + 2], hexByte)) return false;
    if (path[at + 1] == '0' && path[at + 2] == '0') return false;
  }
  return true;
}

/// Reads method, target and version; sets `authority` if the target has one.
std::optional<Refusal> readRequestLine(std::string_view line, Head& head, std::string_view& authority) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return malformed("request line: not METHOD TARGET VERSION");
  const std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (method.empty() || !allAre(method, tokenByte)) return malformed("request line: the method is not a token");
  if (target.empty() || !allAre(target, targetByte)) return malformed("request line: the target has a forbidden byte");
  if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || version[6] != '.' || version[5] < '0' ||
      version[5] > '9' || version[7] < '0' || version[7] > '9')
    return malformed("request line: the version is not HTTP/D.D");
  if (version[5] != '1') return Refusal{505, "version: only HTTP/1.0 and HTTP/1.1 are supported"};
  head.minorVersion = version[7] == '0' ? 0 : 1;
  head.methodName = method;
  head.method = methodOf(method);
  if (target[0] != '/' && target != "*") {
    const std::size_t colon = target.find("://");
    const std::string_view scheme = target.substr(0, colon == std::string_view::npos ? 0 : colon);
    if (!equalWithoutCase(scheme, "http") && !equalWithoutCase(scheme, "https"))
      return malformed("request line: the target is neither a path nor an http URL");
    target.remove_prefix(colon + 3);
    authority = target.substr(0, target.find_first_of("/?"));
    target.remove_prefix(authority.size());
    if (authority.empty() || !allAre(authority, hostByte))
      return malformed("request line: the target's host is not valid");
  } else if (target == "*" && head.method != Method::options) {
    return malformed("request line: the target * is only allowed for OPTIONS");
  }
  const std::size_t mark = target.find('?');
  head.path = target.substr(0, mark);
  if (head.path.empty()) head.path = "/";
  head.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  if (!goodPercents(head.path)) return malformed("path: bad percent-encoding");
  return std::nullopt;
}

/// The header fields about framing, collected while the head is read.
struct Framing {
  int hosts = 0;
  bool lengthSeen = false;
  int codings = 0;
  bool codingKnown = true;
  bool close = false;
  bool keepAlive = false;
  bool expects = false;
  bool expectationKnown = true;
};

void readConnection(std::string_view list, Framing& framing) {
  for (;;) {
    const std::size_t comma = list.find(',');
    const std::string_view option = trimmed(list.substr(0, comma));
    if (equalWithoutCase(option, "close")) framing.close = true;
    if (equalWithoutCase(option, "keep-alive")) framing.keepAlive = true;
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

std::optional<Refusal> note(std::string_view name, std::string_view value, Head& head, Framing& framing) {
  switch (name.size()) {
    case 4:
      if (!equalWithoutCase(name, "Host")) break;
      ++framing.hosts;
      if (!allAre(value, hostByte)) return malformed("Host: not a host");
      break;
    case 6:
      if (!equalWithoutCase(name, "Expect")) break;
      framing.expects = true;
      if (!equalWithoutCase(value, "100-continue")) framing.expectationKnown = false;
      break;
    case 10:
      if (equalWithoutCase(name, "Connection")) readConnection(value, framing);
      break;
    case 14: {
      if (!equalWithoutCase(name, "Content-Length")) break;
      if (framing.lengthSeen) return malformed("Content-Length: given twice");
      framing.lengthSeen = true;
      std::uint64_t length = 0;
      const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), length);
      if (value.empty() || failure != std::errc() || end != value.data() + value.size() || length > INT64_MAX)
        return malformed("Content-Length: not a number");
      head.contentLength = length;
      break;
    }
    case 17:
      if (!equalWithoutCase(name, "Transfer-Encoding")) break;
      ++framing.codings;
      if (!equalWithoutCase(value, "chunked")) framing.codingKnown = false;
      break;
    default: break;
  }
  return std::nullopt;
}

}  // namespace

bool isTokenByte(char c) noexcept {
  return is(c, tokenByte);
}

HeadEnd::State HeadEnd::refuse(int status, std::string_view detail) {
  refusal_ = {status, detail};
  return State::refused;
}

HeadEnd::State HeadEnd::look(std::string_view bytes, const HeadLimits& limits) {
  for (;;) {
    const std::size_t lineFeed = bytes.find('\n', seen_);
    const bool inRequestLine = line_ == start_;
    // A client that does not speak HTTP (most often TLS) may never send a line end.
    if (inRequestLine && line_ < bytes.size() && !is(bytes[line_], tokenByte) && bytes[line_] != '\r' &&
        bytes[line_] != '\n')
      return refuse(400, "request line: does not start with a method");
    const std::size_t reached = lineFeed == std::string_view::npos ? bytes.size() : lineFeed + 1;
    std::size_t lineEnd = lineFeed == std::string_view::npos ? reached : lineFeed;
    if (lineEnd > line_ && bytes[lineEnd - 1] == '\r') --lineEnd;
    if (inRequestLine && lineEnd - line_ > limits.requestLine) return refuse(414, "request line: too long");
    if (reached - start_ > limits.whole) return refuse(431, "head: too large");
    seen_ = reached;
    if (lineFeed == std::string_view::npos) return State::more;
    if (lineFeed == line_ || bytes[lineFeed - 1] != '\r') return refuse(400, "head: a line does not end in CR LF");
    if (lineFeed - 1 > line_) {
      line_ = reached;
      continue;
    }
    if (!inRequestLine) return State::whole;
    start_ = line_ = reached;
    if (start_ > 16) return refuse(400, "head: too many empty lines before the request line");
  }
}

std::optional<Refusal> readHead(std::string_view bytes, const HeadLimits& limits, Head& head) {
  head.headers.clear();
  head.contentLength.reset();
  head.chunked = head.expectContinue = false;
  std::string_view authority;
  std::size_t end = bytes.find("\r\n");
  if (auto refusal = readRequestLine(bytes.substr(0, end), head, authority)) return refusal;

  Framing framing;
  head.headers.reserve(16);
  for (std::size_t at = end + 2;; at = end + 2) {
    end = bytes.find("\r\n", at);
    if (end == std::string_view::npos || end == at) break;
    const std::string_view line = bytes.substr(at, end - at);
    if (line.size() > limits.field) return Refusal{431, "header field: too long"};
    if (line[0] == ' ' || line[0] == '\t') return malformed("header field: line folding is not allowed");
    std::size_t colon = 0;
    while (colon < line.size() && is(line[colon], tokenByte)) ++colon;
    if (colon == 0 || colon == line.size() || line[colon] != ':')
      return malformed("header field: the name is not a token");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!allAre(value, valueByte)) return malformed("header field: the value has a control character");
    if (head.headers.size() >= limits.fields) return Refusal{431, "head: too many header fields"};
    if (auto refusal = note(name, value, head, framing)) return refusal;
    head.headers.emplace_back(name, value);
  }

  if (framing.hosts > 1) return malformed("Host: given twice");
  if (framing.hosts == 0 && head.minorVersion > 0) return malformed("Host: missing");
  if (framing.codings > 0) {
    if (framing.lengthSeen) return malformed("Content-Length: not allowed together with Transfer-Encoding");
    if (head.minorVersion == 0) return malformed("Transfer-Encoding: not allowed in HTTP/1.0");
    if (framing.codings > 1 || !framing.codingKnown)
      return Refusal{501, "Transfer-Encoding: only chunked is supported"};
    head.chunked = true;
  }
  if (!authority.empty()) {
    for (auto& [name, value] : head.headers)
      if (equalWithoutCase(name, "Host")) value = authority;
    if (framing.hosts == 0) head.headers.emplace_back("Host", authority);
  }
  head.keepAlive = !framing.close && (head.minorVersion > 0 || framing.keepAlive);
  if (framing.expects && head.minorVersion > 0) {
    if (!framing.expectationKnown) return Refusal{417, "Expect: only 100-continue is supported"};
    head.expectContinue = head.hasBody();
  }
  return std::nullopt;
}

}  // namespace video::http
