#include <fmt/format.h>

#include "base/error.hpp"
#include "base/units.hpp"
#include "http/conditional.hpp"
#include "http/range.hpp"
#include "http/router.hpp"
#include "http/uri.hpp"

namespace video::http {
namespace {

Segment segmentOf(const Content& content, std::uint64_t offset, std::uint64_t length) {
  if (auto file = content.reader->file()) return {{}, std::move(file), offset, length};
  Segment segment;
  segment.bytes.resize(length);
  std::size_t read = 0;
  while (read < length) {
    const auto rest = std::as_writable_bytes(std::span(segment.bytes)).subspan(read);
    const std::size_t count = content.reader->read(offset + read, rest);
    if (count == 0) throw Error(Fault::internal, "a content ended before its size");
    read += count;
  }
  return segment;
}

}  // namespace

void Router::answerContent(const Exchange& exchange, const Content& content, Answer& answer) {
  const Head& head = exchange.request.head;
  const ContentMeta& meta = content.meta;
  const bool isPublic = std::holds_alternative<Anonymous>(exchange.by);
  const Condition condition = weigh(head, meta);
  if (condition == Condition::failed) throw Error(Fault::preconditionFailed, "the content is another one now");

  if (!meta.etag.empty()) answer.set("ETag", meta.etag);
  answer.set("Last-Modified", formatHttpTime(meta.modified));
  answer.set("Cache-Control", isPublic ? "no-cache" : "private, no-cache");
  if (condition == Condition::notModified) {
    answer.status = 304;
    return;
  }

  RangeChoice choice;
  if (head.method == Method::get && rangeApplies(head, meta)) choice = chooseRange(head.header("Range"), meta.size);
  if (choice.kind == RangeChoice::Kind::unsatisfiable) {
    answer.headers.clear();
    answer.set("Content-Range", fmt::format("bytes */{}", meta.size));
    answer.set("Accept-Ranges", "bytes");
    throw Error(Fault::rangeNotSatisfiable, fmt::format("Range: nothing of it is within {} bytes", meta.size));
  }
  answer.set("Accept-Ranges", "bytes");
  answer.set("Content-Type", meta.type);
  answer.set("Content-Disposition", inlineDisposition(meta.name));
  if (head.method == Method::head) {
    answer.headLength = meta.size;
    return;
  }
  answer.held = limiter_.takeStream(exchange.request.peer.address);
  if (choice.kind == RangeChoice::Kind::whole) choice = {RangeChoice::Kind::whole, 0, meta.size};
  if (choice.kind == RangeChoice::Kind::part) {
    answer.status = 206;
    answer.set("Content-Range",
               fmt::format("bytes {}-{}/{}", choice.first, choice.first + choice.length - 1, meta.size));
  }
  if (choice.length > 0) answer.content.push_back(segmentOf(content, choice.first, choice.length));
}

}  // namespace video::http
