#include "http/routing/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/address.hpp"
#include "base/error.hpp"
#include "http/content/multipart_form.hpp"
#include "http/header_values.hpp"
#include "http/percent_encoding.hpp"
#include "http/routing/caller.hpp"
#include "http/routing/cors.hpp"
#include "http/routing/csrf.hpp"
#include "http/routing/error_reply.hpp"
#include "observe/log.hpp"

namespace video::http {
namespace {

constexpr std::size_t mostOfAgent = 256;  // bytes of a User-Agent in the access log
constexpr std::size_t mostProxies = 16;

bool changesSomething(Method method, const Route& route) noexcept {
  return (method != Method::get && method != Method::head && method != Method::options) || route.flags.changes;
}

/// Appends `text` to the URI reference in `<>` of a Link header field; encodes the characters not allowed there.
void appendReference(std::string& to, std::string_view text) {
  for (const char c : text) {
    if (c > 0x20 && c < 0x7f && c != '<' && c != '>' && c != '"')
      to += c;
    else
      appendEncoded(to, std::string_view(&c, 1));
  }
}

/// Returns how many bytes of memory the content of a reply occupies for itself alone while it is sent.
std::size_t memoryOf(const Answer& answer) noexcept {
  std::size_t bytes = 0;
  for (const Segment& segment : answer.content) bytes += segment.bytes.size();
  return bytes;
}

/// Returns whether errors of a request are shown as a page: of the site's pages always, of paths that do not exist if
/// the client accepts HTML and does not prefer JSON.
bool wantsErrorPage(const Head& head, const Listener& listener, const RouteTable::Match& match) {
  if ((listener.roles & ListenerRole::web) == 0) return false;
  if (match.entry != nullptr) return match.entry->route.roles == ListenerRole::web;
  if (!match.allow.empty()) return false;
  const std::string_view accepted = head.header("Accept");
  return weightOf(accepted, "text/html").value_or(0) > weightOf(accepted, "application/json").value_or(0);
}

/// The bytes of a request that waits for an upload token, which is released with this object.
class WaitingSource {
 public:
  /// `bytes` and `limiter` must outlive this object.
  WaitingSource(const ByteSource& bytes, Limiter& limiter, std::string_view address, std::chrono::milliseconds patience)
      : source_(bytes) {
    source_.start = [this, &limiter, address, patience] {
      if (!token_) token_ = limiter.waitForUpload(address, patience, [this] { return stopped_.load(); });
    };
    source_.stop = [this, &bytes, &limiter] {
      stopped_ = true;
      if (bytes.stop) bytes.stop();
      limiter.wake();
    };
  }
  WaitingSource(const WaitingSource&) = delete;
  WaitingSource& operator=(const WaitingSource&) = delete;
  const ByteSource& source() const noexcept { return source_; }

 private:
  ByteSource source_;
  std::atomic<bool> stopped_ = false;
  Limiter::Token token_;
};

/// Destroyed when the last byte of a reply was sent or its connection broke; then counts and logs the duration.
class Ending {
 public:
  /// What a reply holds: its content, the share of its client in the connections, and the memory it occupies.
  using Held = std::array<std::shared_ptr<void>, 3>;

  Ending(RouterCounts& counts, Held held, std::chrono::steady_clock::time_point began)
      : counts_(counts), held_(std::move(held)), began_(began) {}
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;
  ~Ending() {
    const auto took = std::chrono::steady_clock::now() - began_;
    const double seconds = std::chrono::duration<double>(took).count();
    std::size_t bucket = 0;
    while (bucket < RouterCounts::durations.size() && seconds > RouterCounts::durations[bucket]) ++bucket;
    counts_.took[bucket].fetch_add(1, std::memory_order_relaxed);
    counts_.tookMicroseconds.fetch_add(static_cast<std::uint64_t>(seconds * 1e6), std::memory_order_relaxed);
    if (!line_) return;
    (*log_)({.operation = line_->operation,
             .method = line_->method,
             .path = line_->path,
             .status = line_->status,
             .bytes = line_->bytes,
             .took = std::chrono::duration_cast<std::chrono::microseconds>(took),
             .requestId = line_->requestId,
             .address = line_->address,
             .user = line_->caller.user,
             .credential = line_->caller.credential,
             .agent = line_->agent,
             .minorVersion = line_->minorVersion});
  }
  /// The line for the access log: an observe::AccessLine that owns its strings.
  struct Line {
    std::string_view operation;
    std::string method;
    std::string path;
    std::string address;
    std::string requestId;
    observe::LoggedCaller caller;
    std::string agent;
    int status = 0;
    std::uint64_t bytes = 0;
    int minorVersion = 1;
  };
  void log(const std::function<void(const observe::AccessLine&)>& to, Line line) {
    log_ = &to;
    line_ = std::make_unique<Line>(std::move(line));
  }

 private:
  RouterCounts& counts_;
  Held held_;
  std::chrono::steady_clock::time_point began_;
  const std::function<void(const observe::AccessLine&)>* log_ = nullptr;
  std::unique_ptr<Line> line_;
};

/// One request until its reply is ready. This is the only place that turns exceptions into replies.
class RequestScope {
 public:
  RequestScope(const RouterOptions& options, RouterCounts& counts, std::string requestId, const Head* head,
               const Peer* peer, Answer& answer)
      : options_(options),
        counts_(counts),
        answers_(&counts.unrouted),
        head_(head),
        peer_(peer),
        answer_(answer),
        requestId_(std::move(requestId)) {
    form_.head = head != nullptr && head->method == Method::head;
    form_.requestId = requestId_;
  }

  const std::string& requestId() const noexcept { return requestId_; }
  /// Shows errors as `page`, which may be empty.
  void setErrorPage(const ErrorPage& page) noexcept { page_ = page ? &page : nullptr; }
  ErrorForm& form() noexcept { return form_; }
  void setEntry(const RouteEntry* entry) noexcept {
    if (entry == nullptr) return;
    operation_ = entry->route.name;
    setHeader(entry->route.header);
    answers_ = entry->answers.get();
  }

  /// Adds a header field to the reply; without a name none.
  void setHeader(const std::pair<std::string_view, std::string_view>& header) noexcept { header_ = header; }

  void setCaller(const Credential& by) {
    if (isLogged() && options_.callerOf) caller_ = options_.callerOf(by);
  }

  void fail(const Error& error) {
    if (rowOf(error.fault()).httpStatus == 500 || error.fault() == Fault::unreachable)
      observe::error("request failed", {{"op", operation_},
                                        {"request_id", requestId_},
                                        {"code", rowOf(error.fault()).code},
                                        {"error", error.what()}});
    if (!form_.keepsHeaders && error.fault() != Fault::rangeNotSatisfiable && error.fault() != Fault::methodNotAllowed)
      answer_.headers.clear();
    answer_.held.reset();
    answerError(error, form_, answer_);
    if (page_ != nullptr && head_ != nullptr) (*page_)(error, *head_, answer_);
  }

  /// Runs `work`; returns whether it did so without an exception.
  template <class Work>
  bool run(Work&& work) {
    try {
      work();
      return true;
    } catch (const Error& error) {
      fail(error);
    } catch (const std::exception& foreign) {
      fail(Error(Fault::internal, foreign.what()));
    } catch (...) {
      fail(Error(Fault::internal, "a handler threw something other than an exception"));
    }
    return false;
  }

  /// Adds the header fields of every reply, and prepares its access log line. The tokens are released with the reply.
  void finish(Limiter::Token share = {}, Limiter::Token memory = {}) {
    if (answer_.status == 204 || answer_.status == 304) answer_.content.clear();
    const std::uint64_t length = lengthOf(answer_);
    if (form_.head) {
      if (!answer_.headLength) answer_.headLength = length;
      answer_.content.clear();
    }
    answer_.set("X-Request-Id", requestId_);
    answer_.set("X-Content-Type-Options", "nosniff");
    if (!header_.first.empty()) answer_.set(header_.first, std::string(header_.second));
    // A page that is reached by a signed link must not tell the link to others.
    if (head_ != nullptr && hasSignature(head_->query)) answer_.set("Referrer-Policy", "no-referrer");
    cors::share(head_, options_.origins, answer_);
    if (!hasHeader(answer_, "Cache-Control")) answer_.set("Cache-Control", "no-store");
    (*answers_)[static_cast<std::size_t>(answer_.status / 100)].fetch_add(1, std::memory_order_relaxed);
    auto ending = std::make_shared<Ending>(
        counts_, Ending::Held{std::move(answer_.held), std::move(share), std::move(memory)}, began_);
    if (isLogged()) ending->log(options_.accessLog, lineOf(length));
    answer_.held = std::move(ending);
  }

 private:
  bool isLogged() const { return options_.accessLog && (!options_.logsAccess || options_.logsAccess()); }
  Ending::Line lineOf(std::uint64_t length) {
    Ending::Line line;
    line.operation = operation_;
    if (head_ != nullptr) {
      line.method = head_->methodName;
      line.path = head_->path;
      line.agent = head_->header("User-Agent").substr(0, mostOfAgent);
      line.minorVersion = head_->minorVersion;
    }
    if (peer_ != nullptr) line.address = peer_->address;
    line.requestId = requestId_;
    line.caller = std::move(caller_);
    line.status = answer_.status;
    line.bytes = form_.head ? 0 : length;
    return line;
  }

  const RouterOptions& options_;
  RouterCounts& counts_;
  AnswerCounts* answers_;
  const Head* head_;
  const Peer* peer_;
  Answer& answer_;
  std::string requestId_;
  ErrorForm form_;
  std::string_view operation_;
  std::pair<std::string_view, std::string_view> header_;
  const ErrorPage* page_ = nullptr;
  observe::LoggedCaller caller_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace

// ---- exchange

Exchange::Exchange(const Request& given, const RouteEntry& entry, const PathParts& path, Credential who, std::string id)
    : request(given), route(entry.route), by(std::move(who)), requestId(std::move(id)), entry_(entry), path_(path) {
  if (entry.body != BodyUse::collect && !given.head.query.empty()) query_ = parseQuery(given.head.query);
}

std::optional<std::string_view> Exchange::pathParameter(std::string_view name) const {
  for (const auto& [known, index] : entry_.parameters)
    if (known == name) return path_.all()[index];
  return std::nullopt;
}

std::optional<std::string_view> Exchange::queryParameter(std::string_view name) const {
  for (const auto& [known, value] : query_)
    if (known == name) return value;
  return std::nullopt;
}

nlohmann::json Exchange::body() const {
  return request.body.empty() ? nlohmann::json::object() : parseJson(request.body);
}

std::optional<std::string> Exchange::contentDigest() const {
  // The Content-Digest of a form covers the form, not the file in it.
  if (!route.formPart.empty()) return std::nullopt;
  std::optional<std::string> digest;
  for (const std::string_view line : request.head.headerValues("Content-Digest"))
    if (auto one = sha256Of(line)) digest = std::move(one);
  return digest;
}

void throwMissing(std::string_view field) {
  throw Error(Fault::malformed, fmt::format("{}: is missing", field));
}

// ---- router

Router::Router(const RouterOptions& options, const LimiterOptions& limits) : options_(options), limiter_(limits) {}
Router::~Router() = default;

BodyUse Router::bodyOf(Method method) noexcept {
  return method == Method::post || method == Method::patch ? BodyUse::collect : BodyUse::none;
}

void Router::add(const Route& route, BodyUse body, std::function<void(const Exchange&, Answer&)> handler, Shapes shapes,
                 bool isContent) {
  routes_.add({route, body, std::move(handler), {}, shapes, isContent});
}

std::vector<Route> Router::routes() const {
  std::vector<Route> all;
  for (const RouteEntry* entry : routes_.all()) all.push_back(entry->route);
  return all;
}

std::string Router::openApi(const ApiInfo& info) const {
  return http::openApi(routes_.all(), info);
}

void Router::serveRaw(const Route& route, std::function<void(const Exchange&, Answer&)> handler) {
  add(route, bodyOf(route.method), std::move(handler));
}

void Router::serveBytes(const Route& route, std::function<void(const Exchange&, Answer&)> handler) {
  add(route, BodyUse::stream, std::move(handler));
}

void Router::answerJson(std::string json, const std::string* nextCursor, const Exchange& exchange, Answer& answer) {
  answer.set("Content-Type", "application/json; charset=utf-8");
  answer.content.push_back({std::move(json), nullptr, 0, 0});
  if (nextCursor == nullptr || exchange.route.method != Method::get) return;
  std::string link = "<";
  appendReference(link, exchange.request.head.path);
  char before = '?';
  for (std::string_view rest = exchange.request.head.query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty() || pair.starts_with("cursor=")) continue;
    link += std::exchange(before, '&');
    appendReference(link, pair);
  }
  link += before;
  link += "cursor=";
  appendEncoded(link, *nextCursor);
  link += ">; rel=\"next\"";
  answer.set("Link", std::move(link));
}

ByteSource Router::sourceOf(const Exchange& exchange) {
  const Request& request = exchange.request;
  ByteSource source;
  if (exchange.route.formPart.empty()) {
    // RFC 9110 §14.4: a partial upload would be mistaken for the whole content.
    if (!request.head.header("Content-Range").empty())
      throw Error(Fault::malformed, "Content-Range: an upload must be whole");
    source.size = request.head.chunked ? std::nullopt : std::optional(request.head.contentLength.value_or(0));
    source.push = [&request](const ByteSink& sink) {
      if (request.bytes != nullptr) request.bytes->push(sink);
    };
    return source;
  }
  if (const auto length = request.head.contentLength; length > FormFile::mostOutsideWithEnds)
    source.least = *length - FormFile::mostOutsideWithEnds;
  source.push = [&request, part = exchange.route.formPart](const ByteSink& sink) {
    FormFile form(request.head.header("Content-Type"), part, sink);
    if (request.bytes != nullptr) request.bytes->push([&form](std::span<const std::byte> piece) { form.take(piece); });
    form.finish();
  };
  return source;
}

/// What the router has found out from the head of a request.
struct Router::Admitted final : Admission {
  Admitted(Peer who, bool isTrusted) : client(std::move(who)), trusted(isTrusted) {}

  Peer client;   ///< the client behind trusted proxies
  bool trusted;  ///< the peer is a trusted proxy
  std::string requestId;
  const RouteEntry* entry = nullptr;
  Credential by;
  std::string allow;     ///< the allowed methods, if the path is known but not the method
  bool options = false;  ///< an OPTIONS request: reply with `allow` only
  bool plainErrors = false;
  bool asPage = false;                                   ///< errors are shown as a page
  bool isContent = false;                                ///< of an OPTIONS request: contents are read at the path
  std::pair<std::string_view, std::string_view> header;  ///< Route::header, also if the method is unknown
  std::optional<Error> refusal;
  Limiter::Token token;  ///< of an upload, or for the memory of its body
  Limiter::Token share;  ///< of a forwarded request, in place of its connection
};

void Router::warnOfProxy(const Peer& peer, const Listener& listener) {
  const bool isUnix = peer.address.empty();
  std::string key = addressKey(peer.address);
  {
    const std::scoped_lock lock(proxiesMutex_);
    if (proxyWarnings_.size() >= mostProxies || proxyWarnings_.contains(key)) return;
  }
  const auto warningOf = [&](const std::string& who) {
    return fmt::format(
        "{} sends X-Forwarded-For or the like, and http.trusted_proxies does not list {}: if it is a proxy, all its "
        "clients count as one address",
        who.empty() ? "a client of " + listener.address : who, isUnix ? "\"unix\"" : "it");
  };
  const std::string logged = observe::loggedAddress(peer.address);
  observe::warning(warningOf(logged), {{"listener", listener.address}, {"address", logged}});
  const std::scoped_lock lock(proxiesMutex_);
  proxyWarnings_.emplace(std::move(key), warningOf(peer.address));
}

std::vector<std::string> Router::proxyWarnings() const {
  const std::scoped_lock lock(proxiesMutex_);
  std::vector<std::string> warnings;
  for (const auto& [key, warning] : proxyWarnings_) warnings.push_back(warning);
  return warnings;
}

void Router::admit(const Head& head, const Listener& listener, Admitted& admitted) {
  const std::string_view host = admitted.client.host.empty() ? head.header("Host") : admitted.client.host;
  if (listener.trusted)
    if (const std::string_view why = whyForeign(head, host, listener); !why.empty())
      throw Error(Fault::forbidden, std::string(why));
  if (head.path == "*") {  // the server as a whole (RFC 9110 §9.3.7)
    admitted.allow = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
    admitted.options = true;
    return;
  }
  RouteTable::Match match = routes_.find(PathParts(head.path), head.method, listener.roles);
  admitted.plainErrors = match.plainErrors;
  admitted.isContent = match.isContent;
  admitted.header = match.header;
  admitted.asPage = wantsErrorPage(head, listener, match);
  if (match.entry == nullptr) {
    admitted.allow = std::move(match.allow);
    admitted.options = head.method == Method::options && !admitted.allow.empty();
    if (!admitted.allow.empty())
      admitted.refusal = Error(Fault::methodNotAllowed, fmt::format("allowed here: {}", admitted.allow));
    else if (!match.emptyParameter.empty())
      admitted.refusal = Error(Fault::malformed, fmt::format("{}: must not be empty", match.emptyParameter));
    else
      admitted.refusal = Error(Fault::notFound, "no such path");
    return;
  }
  admitted.entry = match.entry;
  admitted.allow = std::move(match.allow);
  const Route& route = match.entry->route;
  admitted.plainErrors = route.flags.plainErrors;
  admitted.body = match.entry->body;
  try {
    Caller caller = readCaller(head, admitted.client, listener, route);
    if (caller.forwarded && !admitted.trusted) warnOfProxy(admitted.client, listener);
    admitted.by = std::move(caller.by);
    if (changesSomething(head.method, route)) {
      const bool anonymous =
          std::holds_alternative<Anonymous>(admitted.by) || std::holds_alternative<Operator>(admitted.by);
      const CsrfClues clues{caller.cookie, !anonymous, head.header("Sec-Fetch-Site"), head.header("Origin"), host};
      if (!mayChange(clues, options_.origins))
        admitted.refusal = Error(Fault::forbidden,
                                 "cross-site request: with a cookie, a change must come from a page of this site "
                                 "(Origin, Sec-Fetch-Site); scripts use a token");
      else if (listener.trusted && !listener.trustedGet && head.method == Method::get &&
               head.header(credential_names::changeHeader) != "1")
        admitted.refusal = Error(Fault::forbidden, fmt::format("{}: must be 1 here for a GET that changes something",
                                                               credential_names::changeHeader));
    }
  } catch (const Error& error) {
    admitted.refusal = error;
  }
}

bool Router::accept(const Peer& peer, const Listener& listener, std::shared_ptr<void>& held) {
  if (peer.address.empty() || options_.proxies.trusts(peer, listener)) return true;
  try {
    held = limiter_.takeConnection(peer.address);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::unique_ptr<Admission> Router::begin(const Head& head, const Peer& peer, const Listener& listener, Answer& answer) {
  const bool isTrusted = options_.proxies.trusts(peer, listener);
  auto admitted = std::make_unique<Admitted>(isTrusted ? options_.proxies.clientOf(head, peer) : peer, isTrusted);
  admitted->requestId = requestIdOf(head);
  RequestScope scope(options_, counts_, admitted->requestId, &head, &admitted->client, answer);
  const bool good = scope.run([&] {
    admit(head, listener, *admitted);
    if (admitted->asPage) scope.setErrorPage(errorPage_);
    if (admitted->options) return;
    scope.form().plain = admitted->plainErrors;
    scope.setEntry(admitted->entry);
    if (admitted->entry == nullptr) scope.setHeader(admitted->header);
    if (!admitted->allow.empty()) answer.set("Allow", admitted->allow);
    if (admitted->entry != nullptr) requireRunning(admitted->entry->route, listener, answer);
    if (admitted->refusal) throw Error(*admitted->refusal);
    // The connections of a proxy are shared by its clients.
    if (const Peer& client = admitted->client;
        client.proxied && !client.address.empty() && !options_.proxies.contains(client.address))
      admitted->share = limiter_.takeConnection(client.address);
    if (listener.operatorSocket) return;
    if (admitted->body == BodyUse::stream && !admitted->entry->route.flags.waitsForToken)
      admitted->token = limiter_.takeUpload(admitted->client.address);
    if (admitted->body != BodyUse::collect || !head.hasBody()) return;
    const std::uint64_t size = std::min<std::uint64_t>(head.contentLength.value_or(largestCollected), largestCollected);
    admitted->token = takeBuffer(admitted->client, size);
  });
  if (good) return admitted;
  scope.setCaller(admitted->by);
  scope.finish();
  return nullptr;
}

// On a socket that the next process gets too, nothing more is accepted: clients who wait there notice no restart.
void Router::requireRunning(const Route& route, const Listener& listener, Answer& answer) const {
  if (!stopping_ || listener.inherited || route.method == Method::options || route.roles == ListenerRole::allRoles)
    return;
  constexpr std::chrono::seconds retryAfter{5};
  answer.close = true;
  throw Error(route.flags.waitsForToken ? Fault::locked : Fault::unavailable, "the server is stopping", retryAfter);
}

Limiter::Token Router::takeBuffer(const Peer& client, std::size_t bytes) {
  // So many connections as may be open with as little as this need less memory than the limit.
  constexpr std::size_t uncounted = 4 * 1024;
  return bytes > uncounted ? limiter_.takeBuffer(client.address, bytes) : nullptr;
}

Limiter::Token Router::takeMemory(const Peer& client, const Answer& answer, bool isChanged) {
  for (const Segment& segment : answer.content)  // one at most
    if (segment.shared) return limiter_.shareBuffer(client.address, segment.shared, segment.shared->size());
  return isChanged ? limiter_.exceedBuffer(client.address, memoryOf(answer)) : takeBuffer(client, memoryOf(answer));
}

void Router::serve(const Request& asked, Admission& admission, Answer& answer) noexcept {
  auto& admitted = static_cast<Admitted&>(admission);
  std::optional<WaitingSource> waits;
  if (asked.bytes != nullptr && asked.head.hasBody() && !asked.listener.operatorSocket &&
      admitted.entry->route.flags.waitsForToken)
    waits.emplace(*asked.bytes, limiter_, admitted.client.address, options_.uploadPatience);
  const Request request{asked.head, admitted.client, asked.listener, asked.body,
                        waits ? &waits->source() : asked.bytes};
  const Head& head = request.head;
  const Limiter::Token token = std::move(admitted.token);
  answer.headers.reserve(8);
  RequestScope scope(options_, counts_, std::move(admitted.requestId), &head, &request.peer, answer);
  scope.form().plain = admitted.plainErrors;
  scope.setEntry(admitted.entry);
  scope.setCaller(admitted.by);
  if (admitted.asPage) scope.setErrorPage(errorPage_);
  Limiter::Token memory;
  scope.run([&] {
    if (admitted.options) {
      answer.set("Allow", admitted.allow);
      cors::answerPreflight(head, options_.origins, admitted.allow, admitted.isContent, answer);
      answer.status = 204;
      return;
    }
    const RouteEntry& entry = *admitted.entry;
    scope.form().tooLargeIs400 = entry.route.flags.tooLargeIs400;
    scope.form().keepsHeaders = entry.route.flags.keepsHeaders;
    answer.status = entry.route.success;
    const bool isShared = entry.route.flags.sharedReply && options_.dataVersion && head.method == Method::get &&
                          std::holds_alternative<Anonymous>(admitted.by);
    const std::uint64_t version = isShared ? options_.dataVersion() : 0;
    const std::string target = isShared ? fmt::format("{}?{}", head.path, head.query) : std::string();
    if (!isShared || !replies_.find(target, version, answer)) {
      const PathParts path(head.path);
      const Exchange exchange(request, entry, path, std::move(admitted.by), scope.requestId());
      scope.form().body = entry.body == BodyUse::collect || (entry.body == BodyUse::stream && head.hasBody());
      entry.handler(exchange, answer);
      if (head.method == Method::options)
        cors::answerPreflight(head, options_.origins, admitted.allow, entry.isContent, answer);
      if (isShared) replies_.keep(target, version, answer);
    }
    if (asked.listener.operatorSocket || head.method == Method::head) return;
    memory = takeMemory(admitted.client, answer, changesSomething(head.method, entry.route));
  });
  if (admitted.entry != nullptr && admitted.entry->route.flags.slowRefusal && answer.status == 429)
    answer.delay = std::chrono::milliseconds{500};
  scope.finish(std::move(admitted.share), std::move(memory));
}

void Router::refuse(int status, std::string_view detail, const Head* head, const Peer& peer, const Listener& listener,
                    const Admission* admission, Answer& answer) noexcept {
  const bool isForwarded = head != nullptr && options_.proxies.trusts(peer, listener);
  const Peer client = isForwarded ? options_.proxies.clientOf(*head, peer) : peer;
  RequestScope scope(options_, counts_, head == nullptr ? makeRequestId() : requestIdOf(*head), head, &client, answer);
  scope.form().body = head != nullptr && head->hasBody();
  if (const auto* admitted = static_cast<const Admitted*>(admission)) {
    scope.setEntry(admitted->entry);
    scope.setCaller(admitted->by);
  }
  scope.fail(Error(faultOfStatus(status), std::string(detail)));
  answer.status = status;
  scope.finish();
}

}  // namespace video::http
