#pragma once

#include <fmt/format.h>

#include <cstring>

#include "base/cursor.hpp"
#include "base/error.hpp"
#include "catch.hpp"
#include "http/routing/router.hpp"
#include "observe/log.hpp"

namespace http_router_test {

struct Ask {
  std::string id;
  std::optional<std::string> note;
};
struct Post {
  std::string id;
  std::string text;
  std::int64_t count = 0;
};
struct Search {
  std::string user;
  std::int64_t limit = 50;
  std::optional<std::string> cursor;
};
struct Put {
  std::string id;
  std::optional<std::int64_t> size;
  std::optional<std::string> sha256;
};
struct Item {
  std::string said;
};

}  // namespace http_router_test

template <>
struct video::Fields<http_router_test::Ask> {
  using T = http_router_test::Ask;
  static constexpr std::tuple list{Field{"id", &T::id, ""}, Field{"note", &T::note, ""}};
};
template <>
struct video::Fields<http_router_test::Post> {
  using T = http_router_test::Post;
  static constexpr std::tuple list{Field{"id", &T::id, ""}, Field{"text", &T::text, ""}, Field{"count", &T::count, ""}};
};
template <>
struct video::Fields<http_router_test::Search> {
  using T = http_router_test::Search;
  static constexpr std::tuple list{Field{"user", &T::user, ""}, Field{"limit", &T::limit, ""},
                                   Field{"cursor", &T::cursor, ""}};
};
template <>
struct video::Fields<http_router_test::Put> {
  using T = http_router_test::Put;
  static constexpr std::tuple list{Field{"id", &T::id, ""}, Field{"size", &T::size, ""},
                                   Field{"sha256", &T::sha256, ""}};
};
template <>
struct video::Fields<http_router_test::Item> {
  static constexpr std::string_view plural = "items";
  static constexpr std::tuple list{Field{"said", &http_router_test::Item::said, ""}};
};

namespace http_router_test {

using namespace video;
using namespace video::http;
using Headers = std::vector<std::pair<std::string, std::string>>;

inline std::string describe(const Credential& by) {
  if (const auto* secret = std::get_if<Secret>(&by)) return secret->text + (secret->cookie ? " by cookie" : "");
  if (const auto* link = std::get_if<SignedLink>(&by))
    return fmt::format("link {} {} {}", link->share, link->expires, link->signature);
  if (const auto* operator_ = std::get_if<Operator>(&by))
    return "operator" + (operator_->as ? " as " + *operator_->as : "");
  return "nobody";
}

class Bytes : public ContentReader {
 public:
  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    const std::size_t count = std::min<std::size_t>({to.size(), 3, text.size() - offset});
    std::memcpy(to.data(), text.data() + offset, count);
    return count;
  }
  std::string path() const override { return "ab/abcd.mp4"; }
  std::string text = "0123456789";
};

/// A router with a route of each kind; `ask` and `get` return its answers.
struct Site {
  explicit Site(const LimiterOptions& limits = {}, const TrustedProxies& proxies = {}, const std::string& accel = {})
      : router({.origins = {"https://front.example"},
                .accessLog = [this](const observe::AccessLine& line) { keep(line); },
                .dataVersion = [this] { return version; },
                .proxies = proxies,
                .accelRedirect = accel,
                .callerOf =
                    [](const Credential& by) {
                      return observe::LoggedCaller{describe(by), "some"};
                    }},
               limits) {
    const auto echo = [](auto& by, const Ask& wanted) {
      return Item{fmt::format("{}|{}|{}", wanted.id, wanted.note.value_or("-"), describe(by))};
    };
    const auto say = [&](const char* text) { return [text](auto&, const Nothing&) { return Item{text}; }; };
    router.serve(Endpoint<Ask, Item>{{.name = "things.show", .method = Method::get, .path = "/things/{id}"}}, echo);
    router.serve(Endpoint<Nothing, Item>{{.name = "things.best", .method = Method::get, .path = "/things/best"}},
                 say("the best"));
    router.serve(
        Endpoint<Ask, void>{
            {.name = "things.delete", .method = Method::delete_, .path = "/things/{id}", .success = 204}},
        [](auto&, const Ask&) {});
    router.serve(
        Endpoint<Post, Item>{
            {.name = "things.post", .method = Method::post, .path = "/things/{id}/notes", .success = 201}},
        [](auto&, const Post& wanted) { return Item{fmt::format("{}|{}|{}", wanted.id, wanted.text, wanted.count)}; });
    router.serve(
        Endpoint<Search, Page<Item>>{{.name = "things.list", .method = Method::get, .path = "/user/{user}/things"}},
        [](auto&, const Search& wanted) {
          checkLimit(wanted.limit);
          Page<Item> page{{{std::to_string(wanted.limit)}}, {}};
          if (wanted.cursor != "last") page.nextCursor = "a&b";
          return page;
        });
    for (const auto method : {Method::post, Method::get})
      router.serve(Endpoint<Ask, void>{{.name = "deletions.enqueue",
                                        .method = method,
                                        .path = "/video-delete-record/{id}",
                                        .roles = scheduler,
                                        .flags = {.trustedListener = true, .changes = true}}},
                   [this](auto& by, const Ask&) { enqueuedBy = describe(by); });
    router.serve(
        Endpoint<Ask, Item>{
            {.name = "shared.show", .method = Method::get, .path = "/shared/{id}", .flags = {.sharedReply = true}}},
        [this](auto&, const Ask& wanted) {
          ++made;
          if (wanted.id == "none") throw Error(Fault::notFound);
          return Item{wanted.id};
        });
    router.serve(
        Endpoint<Nothing, Item>{{.name = "tasks.list", .method = Method::get, .path = "/tasks", .roles = scheduler}},
        say("tasks"));
    router.serve(Endpoint<Nothing, Item>{{.name = "pages.home", .method = Method::get, .path = "/", .roles = web}},
                 say("home"));
    router.serve(
        Endpoint<Nothing, Item>{
            {.name = "server.healthz", .method = Method::get, .path = "/healthz", .roles = allRoles}},
        say("alive"));
    router.serveContent(
        Endpoint<Ask, Content>{{.name = "videos.open",
                                .method = Method::get,
                                .path = "/videos/{id}",
                                .roles = stream,
                                .flags = {.plainErrors = true, .takesLink = true}}},
        [](auto& by, const Ask& wanted) {
          if (wanted.id != "v") throw Error(Fault::notFound, "video " + wanted.id + ": not found");
          ContentMeta meta{10, "video/mp4", "\"tag\"", Time{std::chrono::seconds{784111777}}, describe(by) + ".mp4"};
          return Content{meta, std::make_shared<Bytes>()};
        });
    const auto take = [](auto&, Put& wanted, const ByteSource& bytes, const Exchange& exchange) {
      if (auto digest = exchange.contentDigest()) wanted.sha256 = std::move(digest);
      if (bytes.size) wanted.size = static_cast<std::int64_t>(*bytes.size);
      std::string got = fmt::format("{} {} ", wanted.size.value_or(-1), wanted.sha256.value_or("-").substr(0, 4));
      bytes.push([&](std::span<const std::byte> piece) {
        got.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      });
      if (got.ends_with("huge")) throw Error(Fault::tooLarge, "file: over the limit");
      return Item{got};
    };
    const auto leave = [](const Item&, const Exchange&, Answer&) {};
    for (const auto method : {Method::post, Method::put})
      router.serveUpload(
          Endpoint<Put, Item>{
              {.name = "uploads.put",
               .method = method,
               .path = "/upload/{id}",
               .success = 201,
               .roles = stream,
               .formPart = method == Method::post ? "file" : "",
               .flags = {.plainErrors = true, .tooLargeIs400 = method == Method::post, .takesLink = true}}},
          take, leave);
    router.serveRaw({.name = "things.fail", .method = Method::get, .path = "/fail/{what}"},
                    [](const Exchange& exchange, Answer& answer) {
                      answer.set("X-Half", "done");
                      const auto what = *exchange.pathParameter("what");
                      if (what == "foreign") throw std::runtime_error("secret of std");
                      if (what == "number") throw 42;
                      for (const auto& [name, fault] : {std::pair{"database", Fault::databaseFailed},
                                                        {"internal", Fault::internal},
                                                        {"unreachable", Fault::unreachable},
                                                        {"version", Fault::versionMismatch},
                                                        {"busy", Fault::busy},
                                                        {"login", Fault::unauthenticated},
                                                        {"disk", Fault::diskFull}})
                        if (what == name) throw Error(fault, "secret \xff\r\n of it");
                      throw Error(Fault::tooMany, "slow down", std::chrono::seconds(7));
                    });
  }

  void keep(const observe::AccessLine& line) {
    log.push_back(fmt::format("{} {} {} {} {} {}", line.operation, line.method, line.path, line.address, line.status,
                              line.bytes));
    callers.push_back(fmt::format("{} {} {}", line.user, line.credential, line.agent));
  }

  Answer ask(Method method, const std::string& target, const Headers& headers = {}, const std::string& body = {}) {
    Head head;
    head.method = method;
    head.methodName = nameOf(method);
    const std::size_t mark = std::min(target.find('?'), target.size());
    head.path = std::string_view(target).substr(0, mark);
    head.query = std::string_view(target).substr(std::min(mark + 1, target.size()));
    head.headers.assign(headers.begin(), headers.end());
    if (head.header("Host").data() == nullptr) head.headers.emplace_back("Host", "a");
    if (!body.empty()) head.contentLength = body.size();
    Answer answer;
    const auto admission = router.begin(head, peer, listener, answer);
    if (!admission) return answer;
    const ByteSource bytes{[&](const ByteSink& sink) { sink(std::as_bytes(std::span(body))); }, body.size(), false};
    router.serve({head, peer, listener, admission->body == BodyUse::collect ? body : std::string_view(),
                  admission->body == BodyUse::stream ? &bytes : nullptr},
                 *admission, answer);
    return answer;
  }
  Answer get(const std::string& target, const Headers& headers = {}) { return ask(Method::get, target, headers); }

  std::vector<std::string> log;
  std::vector<std::string> callers;
  std::string enqueuedBy;
  std::uint64_t version = 1;
  int made = 0;
  Listener listener;
  Peer peer{"1.2.3.4", false};
  Router router;
};

inline std::string textOf(const Answer& answer) {
  std::string text;
  for (const Segment& segment : answer.content) text += segment.text();
  return text;
}
inline std::string header(const Answer& answer, std::string_view name) {
  std::string all;
  for (const auto& [key, value] : answer.headers)
    if (key == name) all += all.empty() ? value : " AND " + value;
  return all;
}
inline bool says(const Answer& answer, std::string_view text) {
  return textOf(answer).find(text) != std::string::npos;
}

}  // namespace http_router_test
