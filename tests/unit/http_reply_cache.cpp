#include "http/content/reply_cache.hpp"

#include <fmt/format.h>

#include <string>

#include "catch.hpp"

using namespace video;
using http::Answer;
using http::ReplyCache;

namespace {

Answer answerOf(std::size_t size) {
  Answer answer;
  answer.content.push_back({std::string(size, 'x'), nullptr, 0, 0});
  return answer;
}

bool has(ReplyCache& cache, const std::string& target, std::uint64_t version) {
  Answer answer;
  return cache.find(target, version, answer);
}

}  // namespace

TEST_CASE("many distinct targets do not push all other replies out of the cache") {
  ReplyCache cache;
  Answer page = answerOf(100'000);
  for (int i = 0; i < 20; ++i) cache.keep(fmt::format("/old?{}", i), 1, page);
  for (int i = 0; i < 1000; ++i) cache.keep(fmt::format("/new?{}", i), 1, page);
  for (int i = 0; i < 20; ++i) CHECK(has(cache, fmt::format("/old?{}", i), 1));
  // Replies of an older version make room first.
  for (int i = 0; i < 50; ++i) cache.keep(fmt::format("/next?{}", i), 2, page);
  for (int i = 0; i < 50; ++i) CHECK(has(cache, fmt::format("/next?{}", i), 2));
}
