#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"
#include "base/units.hpp"
#include "http/content/conditions.hpp"
#include "http/content/range.hpp"
#include "http/header_values.hpp"
#include "http/routing/router.hpp"

namespace video::http {
namespace {

// Appends a range of the content. What is no file is read as the client takes it, but for its beginning: a content that
// cannot be read at all is an error reply.
void appendRange(const Content& content, ByteRange range, std::vector<Segment>& to) {
  if (auto file = content.reader->file()) {
    to.push_back({{}, std::move(file), range.first, range.length, {}, content.reader});
    return;
  }
  constexpr std::uint64_t beginning = 64 * 1024;
  Segment& first = to.emplace_back();
  first.bytes.resize(std::min(range.length, beginning));
  std::size_t read = 0;
  while (read < first.bytes.size()) {
    const auto rest = std::as_writable_bytes(std::span(first.bytes)).subspan(read);
    const std::size_t count = content.reader->read(range.first + read, rest);
    if (count == 0) throw Error(Fault::internal, "content: ended before its recorded size");
    read += count;
  }
  if (read < range.length) to.push_back({{}, nullptr, range.first + read, range.length - read, {}, content.reader});
}

std::string contentRange(ByteRange range, std::uint64_t size) {
  return fmt::format("bytes {}-{}/{}", range.first, range.first + range.length - 1, size);
}

/// Sends several ranges as multipart/byteranges (RFC 9110 §14.6). Returns false if that is no smaller than the whole
/// content.
bool answerParts(const Content& content, const std::vector<ByteRange>& parts, Answer& answer) {
  const ContentMeta& meta = content.meta;
  const std::string boundary = makeRandomHex(16);
  std::uint64_t total = 0;
  std::vector<Segment> segments;
  const auto add = [&](std::string text) {
    total += text.size();
    segments.push_back({std::move(text), nullptr, 0, 0});
  };
  for (const ByteRange& part : parts) {
    if (total + part.length > meta.size) return false;
    add(fmt::format("\r\n--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n", boundary, meta.type,
                    contentRange(part, meta.size)));
    appendRange(content, part, segments);
    total += part.length;
  }
  add(fmt::format("\r\n--{}--\r\n", boundary));
  if (total > meta.size) return false;
  answer.status = 206;
  answer.set("Accept-Ranges", "bytes");
  answer.set("Content-Type", fmt::format("multipart/byteranges; boundary={}", boundary));
  answer.set("Content-Disposition", dispositionOf(meta.type, meta.name));
  answer.content = std::move(segments);
  return true;
}

}  // namespace

void Router::answerContent(const Exchange& exchange, const std::function<Content()>& find, Answer& answer) {
  if (!options_.dataVersion || !std::holds_alternative<Anonymous>(exchange.by))
    return answerContent(exchange, find(), answer);
  const Head& head = exchange.request.head;
  const std::string target = fmt::format("{}?{}", head.path, head.query);
  const std::uint64_t version = options_.dataVersion();
  std::optional<Content> content = contents_.find(target, version);
  if (!content) {
    content = find();
    contents_.keep(target, version, *content);
  }
  answerContent(exchange, *content, answer);
}

void Router::answerContent(const Exchange& exchange, const Content& content, Answer& answer) {
  const Head& head = exchange.request.head;
  const ContentMeta& meta = content.meta;
  const bool isPublic = std::holds_alternative<Anonymous>(exchange.by);
  // Of a shared cache it could not be had back.
  const char* const cacheControl = exchange.route.flags.noStore ? "private, no-store"
                                   : meta.immutable             ? "private, max-age=31536000, immutable"
                                   : isPublic                   ? "no-cache"
                                                                : "private, no-cache";
  answer.forAnyOrigin = isPublic;
  if (meta.noIndex) answer.set("X-Robots-Tag", "noindex");
  if (const std::string path = content.reader->path();
      exchange.request.peer.proxied && !options_.accelRedirect.empty() && !path.empty()) {
    // The proxy sends the bytes, so it also handles Range and the conditions.
    answer.set("X-Accel-Redirect", options_.accelRedirect + path);
    answer.set("Content-Type", meta.type);
    answer.set("Content-Disposition", dispositionOf(meta.type, meta.name));
    answer.set("Cache-Control", cacheControl);
    return;
  }
  const Condition condition = weigh(head, meta);
  if (condition == Condition::failed) throw Error(Fault::preconditionFailed, "content: has been replaced");

  if (!meta.etag.empty()) answer.set("ETag", meta.etag);
  // Never later than Date (RFC 9110 §8.8.2.1).
  const Time now = systemClock().now();
  if (lastModifiedOf(meta) <= now) answer.set("Last-Modified", formatHttpTime(meta.modified));
  answer.set("Cache-Control", cacheControl);
  if (condition == Condition::notModified) {
    answer.status = 304;
    return;
  }

  const auto describe = [&] {
    answer.set("Accept-Ranges", "bytes");
    answer.set("Content-Type", meta.type);
    answer.set("Content-Disposition", dispositionOf(meta.type, meta.name));
  };
  RangeChoice choice;
  if (head.method == Method::get && rangeApplies(head, meta, now))
    choice = chooseRange(head.header("Range"), meta.size);
  if (choice.kind == RangeChoice::Kind::unsatisfiable) {
    answer.headers.clear();
    answer.set("Content-Range", fmt::format("bytes */{}", meta.size));
    answer.set("Accept-Ranges", "bytes");
    throw Error(Fault::rangeNotSatisfiable, fmt::format("Range: not within the {} bytes of the content", meta.size));
  }
  if (head.method == Method::head) {
    describe();
    answer.headLength = meta.size;
    return;
  }
  if (!exchange.request.listener.operatorSocket) answer.held = limiter_.takeStream(exchange.request.peer.address);
  answer.rate = limiter_.rate();
  if (choice.parts.size() > 1 && answerParts(content, choice.parts, answer)) return;
  describe();
  ByteRange range{0, meta.size};
  if (choice.parts.size() == 1) {
    range = choice.parts.front();
    answer.status = 206;
    answer.set("Content-Range", contentRange(range, meta.size));
  }
  if (range.length > 0) appendRange(content, range, answer.content);
}

}  // namespace video::http
