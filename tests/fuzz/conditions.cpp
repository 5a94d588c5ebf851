#include "http/content/conditions.hpp"

#include <array>
#include <deque>

#include "base/units.hpp"
#include "fuzz.hpp"

using fuzz::holds;
using namespace video;
using namespace video::http;

namespace {

enum Name { ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince, ifRange };
constexpr std::array names{"If-Match", "If-Unmodified-Since", "If-None-Match", "If-Modified-Since", "If-Range"};

void run(fuzz::Input in) {
  ContentMeta meta;
  meta.size = 100;
  meta.etag = "\"abc\"";
  meta.modified = Time{std::chrono::seconds{in.word()}} + std::chrono::milliseconds{in.byte()};
  const unsigned given = in.byte();
  const auto has = [given](Name name) { return (given >> name & 1) != 0; };
  Head head;
  std::deque<std::string> values;  // the head refers to them
  for (const Name name : {ifMatch, ifUnmodifiedSince, ifNoneMatch, ifModifiedSince, ifRange}) {
    if (!has(name)) continue;
    std::string& value = values.emplace_back(in.line());
    if (value == "@") value = formatHttpTime(meta.modified);
    head.headers.emplace_back(names[name], value);
  }
  const Condition condition = weigh(head, meta);
  if (!has(ifMatch) && !has(ifUnmodifiedSince))
    holds(condition != Condition::failed, "only If-Match or If-Unmodified-Since can fail");
  if (!has(ifNoneMatch) && !has(ifModifiedSince))
    holds(condition != Condition::notModified, "only If-None-Match or If-Modified-Since leads to 304");
  const Time later = meta.modified + std::chrono::seconds{1};
  if (!has(ifRange)) holds(rangeApplies(head, meta, later), "without If-Range a range applies");
  if (rangeApplies(head, meta, meta.modified))
    holds(!has(ifRange) || head.header("If-Range").empty() || head.header("If-Range") == meta.etag,
          "within the second of the modification only the tag matches", head.header("If-Range"));
  else
    holds(has(ifRange), "only If-Range keeps a range from applying");
  if (!has(ifMatch) || has(ifNoneMatch) || has(ifModifiedSince)) return;
  const std::string_view tags = head.header("If-Match");
  if (tags == meta.etag || tags == "*") holds(condition == Condition::proceed, "the content's own tag matches", tags);
  if (tags.find("abc") == std::string_view::npos && tags.find('*') == std::string_view::npos)
    holds(condition == Condition::failed, "another tag does not match", tags);
}

const fuzz::Target target{"conditions", run};

}  // namespace
