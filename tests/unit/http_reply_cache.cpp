#include "http/content/reply_cache.hpp"

#include <fmt/format.h>

#include <memory>
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

std::shared_ptr<void> noHold(std::size_t) {
  return nullptr;
}

bool has(ReplyCache& cache, const std::string& target, std::uint64_t version) {
  Answer answer;
  return cache.find(target, version, answer);
}

}  // namespace

TEST_CASE("many distinct targets do not push all other replies out of the cache") {
  ReplyCache cache;
  Answer page = answerOf(100'000);
  for (int i = 0; i < 20; ++i) cache.keep(fmt::format("/old?{}", i), 1, page, noHold);
  for (int i = 0; i < 1000; ++i) cache.keep(fmt::format("/new?{}", i), 1, page, noHold);
  for (int i = 0; i < 20; ++i) CHECK(has(cache, fmt::format("/old?{}", i), 1));
  // Replies of an older version make room first.
  for (int i = 0; i < 50; ++i) cache.keep(fmt::format("/next?{}", i), 2, page, noHold);
  for (int i = 0; i < 50; ++i) CHECK(has(cache, fmt::format("/next?{}", i), 2));
}

TEST_CASE("what replies have in common is held until the last of them is gone") {
  auto cache = std::make_unique<ReplyCache>();
  int holds = 0;
  const ReplyCache::Hold hold = [&](std::size_t bytes) {
    CHECK(bytes == 100'000);
    ++holds;
    return std::shared_ptr<void>(&holds, [](int* count) { --*count; });
  };
  Answer first = answerOf(100'000);
  cache->keep("/page", 1, first, hold);
  Answer second;
  REQUIRE(cache->find("/page", 1, second));
  CHECK(second.content.front().text().data() == first.content.front().text().data());
  CHECK(holds == 1);
  cache.reset();
  first = {};
  CHECK(holds == 1);
  second = {};
  CHECK(holds == 0);
}
