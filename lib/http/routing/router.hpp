#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/credential.hpp"
#include "base/json.hpp"
#include "base/schema.hpp"
#include "http/content/limiter.hpp"
#include "http/content/open_file_cache.hpp"
#include "http/content/reply_cache.hpp"
#include "http/endpoint.hpp"
#include "http/message.hpp"
#include "http/routing/openapi.hpp"
#include "http/routing/route_table.hpp"
#include "http/routing/trusted_proxies.hpp"

namespace video::observe {
class Metrics;
struct AccessLine;
}  // namespace video::observe

namespace video::http {

/// One request on its way through the router: where its parameters are, and who asks. Good while the handler runs.
class Exchange {
 public:
  using Query = std::vector<std::pair<std::string, std::string>>;

  const Request& request;
  const Route& route;
  Credential by;
  std::string requestId;

  /// `request`, `entry` and `path` must outlive it. Throws malformed for a query that cannot be decoded.
  Exchange(const Request& request, const RouteEntry& entry, const PathParts& path, Credential by,
           std::string requestId);

  /// Sets the fields of `wanted` from path, query or body, by name. Throws malformed naming the field.
  template <Described Wanted>
  void read(Wanted& wanted) const;

  /// A parameter of the path, decoded; nothing where the route has none of this name.
  std::optional<std::string_view> pathParameter(std::string_view name) const;
  /// The SHA-256 that Content-Digest (RFC 9530) gives for a body that is the content itself, in hex.
  std::optional<std::string> contentDigest() const;
  /// The decoded query, of a route whose fields come from it.
  const Query& query() const noexcept { return query_; }

 private:
  std::optional<std::string_view> queryParameter(std::string_view name) const;
  nlohmann::json body() const;

  const RouteEntry& entry_;
  const PathParts& path_;
  Query query_;
};

/// How a router answers, besides its routes.
struct RouterOptions {
  std::vector<std::string> origins;  ///< other origins whose pages may change things with a cookie
  /// Called when the last byte of an answer went or its connection broke, on whichever thread; must not throw.
  std::function<void(const observe::AccessLine&)> accessLog;
  /// A number that changes with the data, cheap to ask for: replies to `shared` routes are given again while it stays.
  std::function<std::uint64_t()> dataVersion;
  TrustedProxies proxies;  ///< whose word counts on who the client is
  /// Where a trusted proxy (nginx) serves the files in `blobs/`, ending in a slash: it is told to send the content
  /// itself, by X-Accel-Redirect. Empty: it is not.
  std::string accelRedirect;
};

/// What a router counts; outlived by no answer.
struct RouterCounts {
  static constexpr std::array<double, 8> durations{0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60};  ///< bounds in seconds
  std::array<std::atomic<std::uint64_t>, durations.size() + 1> took{};
  std::atomic<std::uint64_t> tookMicroseconds = 0;
  AnswerCounts unrouted{};  ///< answers where no route was found
};

/// What stands behind the transport: finds the route, the caller and the parameters, calls a room, and makes the answer
/// of what it gives or throws. Routes are added before requests come; then it may be used from any thread.
class Router : public Service {
 public:
  /// `limits` are those of streams and uploads.
  explicit Router(const RouterOptions& options = {}, const LimiterOptions& limits = {});
  ~Router() override;

  /// JSON in, JSON out: `handler(by, wanted)`, or `handler(by, wanted, exchange)`, which may change `wanted`. One that
  /// gives nothing answers without a body. `adorn(given, exchange, answer)` may
  /// change the answer afterwards; of a handler that gives nothing it is `adorn(exchange, answer)`.
  template <Described Wanted, class Given, class Handler>
  void serve(const Endpoint<Wanted, Given>& endpoint, Handler handler);
  template <Described Wanted, class Given, class Handler, class Adorn>
  void serve(const Endpoint<Wanted, Given>& endpoint, Handler handler, Adorn adorn);

  /// A content with its ranges and conditions (RFC 9110 §13, §14); every answer that streams holds a token. What an
  /// anonymous caller is given must follow from path, query and data alone.
  template <Described Wanted, std::invocable<const Credential&, const Wanted&> Handler>
  void serveContent(const Endpoint<Wanted, Content>& endpoint, Handler handler);

  /// Bytes in, from the part of a form that the route names, else the raw body: `handler(by, wanted, bytes)`, or with
  /// the exchange as its last argument. It holds a token, and does its checks before it pulls the first byte.
  template <Described Wanted, class Given, class Handler, class Adorn>
  void serveUpload(const Endpoint<Wanted, Given>& endpoint, Handler handler, Adorn adorn);

  /// Whatever the handler writes. The answer's status is the route's `success` beforehand.
  void serveRaw(const Route& route, std::function<void(const Exchange&, Answer&)> handler);

  /// The tokens of streams and uploads, whose limits may be changed at any time.
  Limiter& limiter() noexcept { return limiter_; }
  /// Adds what it counts: answers by operation, how long they took, tokens.
  void addMetrics(observe::Metrics& metrics) const;
  /// Every route there is, in the order in which they were added.
  std::vector<Route> routes() const;
  /// The OpenAPI document of the routes there are. Throws internal for an operation that has no summary.
  std::string openApi(const ApiInfo& info) const;

  std::unique_ptr<Admission> begin(const Head& head, const Peer& peer, const Listener& listener,
                                   Answer& answer) override;
  void serve(const Request& request, Admission& admission, Answer& answer) noexcept override;
  void refuse(int status, std::string_view detail, Answer& answer) noexcept override;

 private:
  struct Admitted;

  void admit(const Head& head, const Listener& listener, Admitted& admitted) const;
  void answerContent(const Exchange& exchange, const std::function<Content()>& find, Answer& answer);
  void answerContent(const Exchange& exchange, const Content& content, Answer& answer);
  void add(const Route& route, BodyUse body, std::function<void(const Exchange&, Answer&)> handler, Shapes shapes = {});
  template <class Wanted, class Given>
  static constexpr Shapes shapesOf();

  static BodyUse bodyOf(Method method) noexcept;
  static void answerJson(std::string json, const std::string* nextCursor, const Exchange& exchange, Answer& answer);
  static ByteSource sourceOf(const Exchange& exchange);

  RouterOptions options_;
  RouteTable routes_;
  ReplyCache replies_;
  OpenFileCache contents_;
  RouterCounts counts_;
  Limiter limiter_;
};

// ---- the templates: thin, the work is in router.cpp

/// Throws malformed for a field that a request must have.
[[noreturn]] void throwMissing(std::string_view field);

/// What a handler gives: `handler(by, wanted, more...)`, or `handler(by, wanted, more..., exchange)` where it takes the
/// exchange too; then it may set those fields of `wanted` that are not the client's to say, such as its address.
template <class Handler, class Wanted, class... More>
decltype(auto) callHandler(const Handler& handler, const Exchange& exchange, Wanted& wanted, const More&... more) {
  if constexpr (std::invocable<const Handler&, const Credential&, Wanted&, const More&..., const Exchange&>)
    return handler(exchange.by, wanted, more..., exchange);
  else
    return handler(exchange.by, std::as_const(wanted), more...);
}

template <Described Wanted>
void Exchange::read(Wanted& wanted) const {
  const bool inBody = entry_.body == BodyUse::collect;
  forEachField<Wanted>([&](const auto& field) {
    using Member = typename std::remove_cvref_t<decltype(field)>::Type;
    std::optional<std::string_view> text = pathParameter(field.name);
    if (!text && !inBody) text = queryParameter(field.name);
    if (text) {
      if constexpr (requires { readText(*text, field.name, wanted.*field.member); })
        readText(*text, field.name, wanted.*field.member);
    } else if constexpr (!isOptional<Member> && !isNullable<Member>) {
      if (!inBody && !hasDefault(field)) throwMissing(field.name);
    }
  });
  if (inBody) readJsonFields(body(), wanted, [&](std::string_view name) { return pathParameter(name).has_value(); });
}

template <class Wanted, class Given>
constexpr Shapes Router::shapesOf() {
  Shapes shapes;
  shapes.wanted = [](SchemaWriter& writer) { return writer.fields<Wanted>(); };
  if constexpr (Described<Given>) shapes.given = [](SchemaWriter& writer) { return writer.of<Given>(); };
  return shapes;
}

template <Described Wanted, class Given, class Handler>
void Router::serve(const Endpoint<Wanted, Given>& endpoint, Handler handler) {
  if constexpr (std::is_void_v<Given>)
    serve(endpoint, std::move(handler), [](const Exchange&, Answer&) {});
  else
    serve(endpoint, std::move(handler), [](const Given&, const Exchange&, Answer&) {});
}

template <Described Wanted, class Given, class Handler, class Adorn>
void Router::serve(const Endpoint<Wanted, Given>& endpoint, Handler handler, Adorn adorn) {
  add(
      endpoint, bodyOf(endpoint.method),
      [handler = std::move(handler), adorn = std::move(adorn)](const Exchange& exchange, Answer& answer) {
        Wanted wanted{};
        exchange.read(wanted);
        if constexpr (std::is_void_v<Given>) {
          callHandler(handler, exchange, wanted);
          adorn(exchange, answer);
        } else {
          const Given given = callHandler(handler, exchange, wanted);
          std::string json;
          appendJson(json, given);
          const std::string* next = nullptr;
          if constexpr (requires { given.nextCursor.value(); })
            if (given.nextCursor) next = &*given.nextCursor;
          answerJson(std::move(json), next, exchange, answer);
          adorn(given, exchange, answer);
        }
      },
      shapesOf<Wanted, Given>());
}

template <Described Wanted, std::invocable<const Credential&, const Wanted&> Handler>
void Router::serveContent(const Endpoint<Wanted, Content>& endpoint, Handler handler) {
  const auto answerIt = [this, handler = std::move(handler)](const Exchange& exchange, Answer& answer) {
    answerContent(
        exchange,
        [&] {
          Wanted wanted{};
          exchange.read(wanted);
          return handler(exchange.by, std::as_const(wanted));
        },
        answer);
  };
  add(endpoint, BodyUse::none, answerIt, shapesOf<Wanted, Content>());
}

template <Described Wanted, class Given, class Handler, class Adorn>
void Router::serveUpload(const Endpoint<Wanted, Given>& endpoint, Handler handler, Adorn adorn) {
  add(
      endpoint, BodyUse::stream,
      [handler = std::move(handler), adorn = std::move(adorn)](const Exchange& exchange, Answer& answer) {
        Wanted wanted{};
        exchange.read(wanted);
        const ByteSource bytes = sourceOf(exchange);
        const Given given = callHandler(handler, exchange, wanted, bytes);
        std::string json;
        appendJson(json, given);
        answerJson(std::move(json), nullptr, exchange, answer);
        adorn(given, exchange, answer);
      },
      shapesOf<Wanted, Given>());
}

}  // namespace video::http
