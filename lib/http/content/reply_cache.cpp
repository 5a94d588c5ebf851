#include "http/content/reply_cache.hpp"

#include <iterator>
#include <memory>
#include <utility>

namespace video::http {
namespace {

constexpr std::size_t largestReply = 512 * 1024;  // more than a page of a list has (base/cursor.hpp)
constexpr std::size_t largestCopy = 4 * 1024;
constexpr std::size_t mostBytes = 8U << 20;
constexpr std::size_t entrySize = 1024;  // bytes per entry besides target and content: header fields, nodes

}  // namespace

bool ReplyCache::find(std::string_view target, std::uint64_t version, Answer& answer) {
  const std::lock_guard lock(mutex_);
  const auto found = replies_.find(target);
  if (found == replies_.end() || found->second.version != version) return false;
  answer = found->second.answer;
  return true;
}

void ReplyCache::keep(std::string_view target, std::uint64_t version, Answer& answer) {
  std::size_t size = entrySize + target.size();
  for (const Segment& segment : answer.content) {
    if (segment.file || segment.reader) return;
    size += segment.size();
  }
  if (size > largestReply || answer.held) return;
  for (Segment& segment : answer.content)
    if (segment.bytes.size() > largestCopy)
      segment.shared = std::make_shared<const std::string>(std::exchange(segment.bytes, {}));
  const std::lock_guard lock(mutex_);
  // Replies of older versions make room. Those of this one stay: many distinct targets must not push the others out.
  if (bytes_ + size > mostBytes && std::exchange(newest_, version) != version)
    for (auto one = replies_.begin(); one != replies_.end();) {
      const bool isOld = one->second.version != version;
      if (isOld) bytes_ -= one->second.size;
      one = isOld ? replies_.erase(one) : std::next(one);
    }
  if (bytes_ + size > mostBytes) return;
  Reply& reply = replies_[std::string(target)];
  bytes_ = bytes_ - reply.size + size;
  reply = {version, size, answer};
}

}  // namespace video::http
