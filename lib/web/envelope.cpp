#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "http/routing/error_reply.hpp"
#include "http/routing/router.hpp"
#include "web/own_pages.hpp"

namespace video {
namespace {

using http::Answer;
using http::Exchange;
using http::Head;
using http::Method;

constexpr http::Route envelope{.name = "web.api",
                               .method = Method::post,
                               .path = "/api",
                               .roles = http::web,
                               .summary = "Make a request to the API in an envelope, as the original site's pages do",
                               .flags = {.readsNoCredential = true}};

struct Wrapped {
  Method method = Method::get;
  std::string target;
  std::string body;
};

// The header fields with credentials.
constexpr std::array<std::string_view, 8> passedOn{"X-Session-Id", "Authorization",  "Cookie",     "Host",
                                                   "Origin",       "Sec-Fetch-Site", "User-Agent", "Accept-Language"};

// The path and query of a URL.
std::string targetOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos && scheme < url.find_first_of("/?#")) {
    url.remove_prefix(scheme + 3);
    url.remove_prefix(std::min(url.size(), url.find_first_of("/?#")));
  }
  url = url.substr(0, url.find('#'));
  const bool isPlain = std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!isPlain) throw Error(Fault::malformed, "url: has a character that must be percent-encoded");
  return url.starts_with('/') ? std::string(url) : fmt::format("/{}", url);
}

std::string textField(const nlohmann::json& json, const char* name, bool isRequired) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) {
    if (isRequired) throw Error(Fault::malformed, fmt::format("{}: is missing", name));
    return {};
  }
  std::string text;
  readJson(*found, name, text);
  return text;
}

// Returns nothing for a method that the original's pages never use.
std::optional<Wrapped> unwrap(std::string_view body) {
  const nlohmann::json json = parseJson(body);
  if (!json.is_object()) throw Error(Fault::malformed, "body: must be a JSON object");
  Wrapped wrapped;
  const std::string method = textField(json, "method", true);
  wrapped.target = targetOf(textField(json, "url", true));
  wrapped.body = textField(json, "req_body", false);
  for (const Method known : {Method::get, Method::post, Method::delete_})
    if (method == nameOf(known)) {
      wrapped.method = known;
      return wrapped;
    }
  return std::nullopt;
}

// Whether the request posts a comment; the pages expect `ok` as the reply.
bool postsComment(const Wrapped& wrapped) {
  const std::string_view path = std::string_view(wrapped.target).substr(0, wrapped.target.find('?'));
  return wrapped.method == Method::post && path.starts_with("/videos/") && path.ends_with("/comments");
}

void makeRequest(http::Router& router, const Exchange& exchange, const Wrapped& wrapped, Answer& answer) {
  Head head;
  head.method = wrapped.method;
  head.methodName = nameOf(wrapped.method);
  const std::size_t question = wrapped.target.find('?');
  head.path = std::string_view(wrapped.target).substr(0, question);
  if (question != std::string::npos) head.query = std::string_view(wrapped.target).substr(question + 1);
  // A page that sends its session in a header cannot overwrite an older HttpOnly cookie.
  const bool hasSession = !exchange.request.head.header("X-Session-Id").empty();
  head.headers.emplace_back("X-Request-Id", exchange.requestId);
  for (const auto& header : exchange.request.head.headers) {
    if (hasSession && equalWithoutCase(header.first, "Cookie")) continue;
    const auto isIt = [&](std::string_view known) { return equalWithoutCase(header.first, known); };
    if (std::any_of(passedOn.begin(), passedOn.end(), isIt)) head.headers.push_back(header);
  }
  const bool hasBody = wrapped.method == Method::post;
  if (hasBody) head.contentLength = wrapped.body.size();
  // The API only: no pages and no uploads, and the listener gives no trust.
  http::Listener listener = exchange.request.listener;
  listener.roles = http::api;
  listener.trusted = false;
  listener.operatorSocket = false;
  http::Peer peer = exchange.request.peer;
  peer.proxied = false;  // the connection is counted already
  Answer given;
  const auto admission = router.begin(head, peer, listener, given);
  if (admission) {
    ByteSource source;
    source.push = [&](const ByteSink& sink) { sink(std::as_bytes(std::span(wrapped.body))); };
    source.size = wrapped.body.size();
    const http::Request request{head, peer, listener, hasBody ? std::string_view(wrapped.body) : std::string_view(),
                                &source};
    router.serve(request, *admission, given);
  }
  answer.status = given.status;
  answer.delay = given.delay;
  for (const auto& [name, value] : given.headers)
    if (name == "Retry-After" || name.starts_with("X-Error-")) answer.set(name, value);
  std::string body;
  for (const http::Segment& segment : given.content) {
    if (segment.file || segment.reader) throw Error(Fault::malformed, "url: files cannot be requested this way");
    body += segment.text();
  }
  if (given.status == 201 && postsComment(wrapped)) body = "ok";
  if (!body.empty()) answer.content.push_back({std::move(body), nullptr, 0, 0});
}

}  // namespace

void serveEnvelope(http::Router& router) {
  // The pages parse the text themselves; jQuery would parse application/json before they do.
  router.serveRaw(envelope, [&router](const Exchange& exchange, Answer& answer) {
    try {
      if (const auto wrapped = unwrap(exchange.request.body)) {
        makeRequest(router, exchange, *wrapped, answer);
      } else {
        answer.status = 400;
        answer.content.push_back({"Bad api request", nullptr, 0, 0});
      }
    } catch (const Error& error) {
      answer.headers.clear();
      answer.content.clear();
      http::answerError(error, {.body = true, .requestId = exchange.requestId}, answer);
      std::erase_if(answer.headers, [](const auto& header) { return header.first == "Content-Type"; });
    }
    answer.set("Content-Type", "text/plain; charset=utf-8");
  });
}

}  // namespace video
