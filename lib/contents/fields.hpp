#pragma once

#include <tuple>

#include "contents/contents.hpp"

namespace video {

template <>
struct Fields<BlockedContent> {
  static constexpr std::string_view plural = "contents";
  static constexpr std::tuple list{
      Field{"sha256", &BlockedContent::sha256, "SHA-256 of the content, 64 lower-case hex digits"},
      Field{"reason", &BlockedContent::reason, "why it is blocked, 1 to 500 characters"},
      Field{"blocked_by", &BlockedContent::by, "user who blocked it; none for the operator"},
      Field{"time", &BlockedContent::time, "when it was blocked"},
  };
};

template <>
struct Fields<NewlyBlockedContent> {
  static constexpr std::tuple list = std::tuple_cat(
      Fields<BlockedContent>::list,
      std::tuple{Field{"videos", &NewlyBlockedContent::videos,
                       "videos that have it already and are not blocked, at most 500; only those the caller may see"},
                 Field{"others", &NewlyBlockedContent::others, "how many other videos have it and are not blocked"}});
};

template <>
struct Fields<BlockContent> {
  static constexpr std::tuple list{
      Field{"sha256", &BlockContent::sha256, "SHA-256 of the content, 64 lower-case hex digits"},
      Field{"reason", &BlockContent::reason, "why, 1 to 500 characters"},
  };
};

template <>
struct Fields<ContentRef> {
  static constexpr std::tuple list{
      Field{"sha256", &ContentRef::sha256, "SHA-256 of the content, 64 lower-case hex digits"},
  };
};

}  // namespace video
