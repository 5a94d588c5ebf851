#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/credential.hpp"
#include "base/error.hpp"
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
struct LoggedCaller;
}  // namespace video::observe

namespace video::http {

/// One request in the router: its parameters and its caller. Valid while the handler runs.
class Exchange {
 public:
  using Query = std::vector<std::pair<std::string, std::string>>;

  const Request& request;
  const Route& route;
  Credential by;
  std::string requestId;

  /// `request`, `entry` and `path` must outlive this object. Throws malformed if the query cannot be decoded.
  Exchange(const Request& request, const RouteEntry& entry, const PathParts& path, Credential by,
           std::string requestId);

  /// Sets the fields of `wanted` by name from the path, the query or the body. Throws malformed that names the field.
  template <Described Wanted>
  void read(Wanted& wanted) const;

  /// Returns a decoded path parameter, or nothing if the route has none of this name.
  std::optional<std::string_view> pathParameter(std::string_view name) const;
  /// Returns the SHA-256 from Content-Digest (RFC 9530) in hex; nothing if there is none, or if the upload is a form.
  /// Throws malformed if it is not a valid digest.
  std::optional<std::string> contentDigest() const;
  /// Returns the decoded query, if the route takes its fields from it.
  const Query& query() const noexcept { return query_; }

 private:
  std::optional<std::string_view> queryParameter(std::string_view name) const;
  nlohmann::json body() const;

  const RouteEntry& entry_;
  const PathParts& path_;
  Query query_;
};

/// Options of a router.
struct RouterOptions {
  std::vector<std::string> origins;  ///< other origins whose pages may read replies and make changes
  /// Called when the last byte of a reply was sent or its connection broke, on any thread; must not throw.
  std::function<void(const observe::AccessLine&)> accessLog;
  /// Returns a number that changes with the data; must be fast. Cached replies of `sharedReply` routes are used as long
  /// as it stays the same.
  std::function<std::uint64_t()> dataVersion;
  TrustedProxies proxies;  ///< proxies whose `X-Forwarded-*` header fields are used
  /// Path, ending in a slash, under which a trusted proxy (nginx) serves the files in `blobs/`. X-Accel-Redirect tells
  /// it to send the content itself. Empty: not used.
  std::string accelRedirect;
  std::chrono::milliseconds uploadPatience{30'000};  ///< how long a request waits for an upload token, if it waits
  std::function<bool()> logsAccess{};                ///< whether `accessLog` writes anything now; empty: always
  /// Describes the caller behind a credential, for the access log; must not throw.
  std::function<observe::LoggedCaller(const Credential&)> callerOf{};
};

/// Makes an HTML page from an error reply whose status and header fields are set already. Must not throw.
using ErrorPage = std::function<void(const Error&, const Head&, Answer&)>;

/// Counters of a router. Must outlive every reply.
struct RouterCounts {
  static constexpr std::array<double, 8> durations{0.001, 0.005, 0.025, 0.1,
                                                   0.5,   2.5,   10,    60};  ///< bucket bounds in seconds
  std::array<std::atomic<std::uint64_t>, durations.size() + 1> took{};
  std::atomic<std::uint64_t> tookMicroseconds = 0;
  AnswerCounts unrouted{};  ///< replies to requests without a matching route
};

/// Routes requests of the transport: finds the route, the caller and the parameters, calls the handler, and makes the
/// reply from its result or exception. Add all routes before the first request; then it may be used from any thread.
class Router : public Service {
 public:
  /// `limits` apply to all listeners but the operator's socket.
  explicit Router(const RouterOptions& options = {}, const LimiterOptions& limits = {});
  ~Router() override;

  /// Adds a route with JSON request and reply: `handler(by, wanted)`, or `handler(by, wanted, exchange)`, which may
  /// change `wanted`. A handler that returns void sends no body.
  template <Described Wanted, class Given, class Handler>
  void serve(const Endpoint<Wanted, Given>& endpoint, Handler handler);
  /// Does the same; `adorn(given, exchange, answer)`, or `adorn(exchange, answer)` if the handler returns void, may
  /// change the reply afterwards.
  template <Described Wanted, class Given, class Handler, class Adorn>
  void serve(const Endpoint<Wanted, Given>& endpoint, Handler handler, Adorn adorn);

  /// Adds a route that sends content, with byte ranges and conditions (RFC 9110 §13, §14). Each reply that streams
  /// content holds a limiter token. The content for an anonymous caller must depend only on path, query and data; pages
  /// of any origin may read it. `handler(by, wanted)`, or with the exchange as last argument.
  template <Described Wanted, class Handler>
  void serveContent(const Endpoint<Wanted, Content>& endpoint, Handler handler);

  /// Adds an upload route: `handler(by, wanted, bytes)`, or with the exchange as last argument. The bytes come from the
  /// form part that the route names, otherwise from the raw body. The upload holds a limiter token. The handler should
  /// do its checks before it reads the first byte. `adorn` is as for `serve`.
  template <Described Wanted, class Given, class Handler, class Adorn>
  void serveUpload(const Endpoint<Wanted, Given>& endpoint, Handler handler, Adorn adorn);

  /// Adds a route whose handler writes the reply itself. The status is set to the route's `success` beforehand.
  void serveRaw(const Route& route, std::function<void(const Exchange&, Answer&)> handler);

  /// Does the same for a route whose handler reads the body as it arrives, from Request::bytes.
  void serveBytes(const Route& route, std::function<void(const Exchange&, Answer&)> handler);
  /// Sets the page that shows errors on a listener with the role `web`: those of its own routes, and of paths that do
  /// not exist if the client prefers HTML. Without it, clients get JSON.
  void setErrorPage(ErrorPage page) { errorPage_ = std::move(page); }

  /// From now on refuses requests with 503, or with 423 those whose route waits for a token; but not OPTIONS, nor
  /// operations that listeners of every role have. May be called from any thread.
  void stop() noexcept { stopping_ = true; }
  /// Returns the limiter of streams, uploads, connections and memory; its limits may be changed at any time.
  Limiter& limiter() noexcept { return limiter_; }
  const Limiter& limiter() const noexcept { return limiter_; }
  /// Adds the metrics of the router: replies by operation, their durations, and limiter tokens.
  void addMetrics(observe::Metrics& metrics) const;
  /// Returns a sentence for each peer (an IPv6 /64 counts as one), at most 16, that sent a proxy's header fields
  /// without being a trusted proxy: if it is a proxy, all its clients count as one address.
  std::vector<std::string> proxyWarnings() const;
  /// Returns every route, in the order in which they were added.
  std::vector<Route> routes() const;
  /// Returns the OpenAPI document for all routes. Throws internal for an operation without a summary.
  std::string openApi(const ApiInfo& info) const;

  bool accept(const Peer& peer, const Listener& listener, std::shared_ptr<void>& held) override;
  std::unique_ptr<Admission> begin(const Head& head, const Peer& peer, const Listener& listener,
                                   Answer& answer) override;
  void serve(const Request& request, Admission& admission, Answer& answer) noexcept override;
  void refuse(int status, std::string_view detail, const Head* head, const Peer& peer, const Listener& listener,
              const Admission* admission, Answer& answer) noexcept override;

 private:
  struct Admitted;

  Limiter::Token takeBuffer(const Peer& client, std::size_t bytes);
  Limiter::Token takeMemory(const Peer& client, const Answer& answer, bool isChanged);
  void admit(const Head& head, const Listener& listener, Admitted& admitted);
  void warnOfProxy(const Peer& peer, const Listener& listener);
  void answerContent(const Exchange& exchange, const std::function<Content()>& find, Answer& answer);
  void answerContent(const Exchange& exchange, const Content& content, Answer& answer);
  void add(const Route& route, BodyUse body, std::function<void(const Exchange&, Answer&)> handler, Shapes shapes = {},
           bool isContent = false);
  template <class Wanted, class Given>
  static constexpr Shapes shapesOf();

  void requireRunning(const Route& route, const Listener& listener, Answer& answer) const;
  static BodyUse bodyOf(Method method) noexcept;
  static void answerJson(std::string json, const std::string* nextCursor, const Exchange& exchange, Answer& answer);
  static ByteSource sourceOf(const Exchange& exchange);

  RouterOptions options_;
  RouteTable routes_;
  ReplyCache replies_;
  OpenFileCache contents_;
  RouterCounts counts_;
  Limiter limiter_;
  ErrorPage errorPage_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex proxiesMutex_;
  std::map<std::string, std::string> proxyWarnings_;  // by the peer's addressKey
};

// ---- templates: thin wrappers, router.cpp does the work

/// Throws malformed for a missing required field.
[[noreturn]] void throwMissing(std::string_view field);

/// Calls `handler(by, wanted, more...)`, or `handler(by, wanted, more..., exchange)` if it also takes the exchange, and
/// returns the result. With the exchange it may set fields of `wanted` that the client cannot choose, such as its
/// address.
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

template <Described Wanted, class Handler>
void Router::serveContent(const Endpoint<Wanted, Content>& endpoint, Handler handler) {
  const auto answerIt = [this, handler = std::move(handler)](const Exchange& exchange, Answer& answer) {
    answerContent(
        exchange,
        [&] {
          Wanted wanted{};
          exchange.read(wanted);
          return callHandler(handler, exchange, wanted);
        },
        answer);
  };
  add(endpoint, BodyUse::none, answerIt, shapesOf<Wanted, Content>(), true);
}

template <Described Wanted, class Given, class Handler, class Adorn>
void Router::serveUpload(const Endpoint<Wanted, Given>& endpoint, Handler handler, Adorn adorn) {
  add(
      endpoint, BodyUse::stream,
      [handler = std::move(handler), adorn = std::move(adorn)](const Exchange& exchange, Answer& answer) {
        Wanted wanted{};
        exchange.read(wanted);
        const ByteSource bytes = sourceOf(exchange);
        if constexpr (std::is_void_v<Given>) {
          callHandler(handler, exchange, wanted, bytes);
          adorn(exchange, answer);
        } else {
          const Given given = callHandler(handler, exchange, wanted, bytes);
          std::string json;
          appendJson(json, given);
          answerJson(std::move(json), nullptr, exchange, answer);
          adorn(given, exchange, answer);
        }
      },
      shapesOf<Wanted, Given>());
}

}  // namespace video::http
