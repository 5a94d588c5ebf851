#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "os/descriptor.hpp"

namespace video::http {

/// Methods that a route may have (RFC 9110 §9); `other` is any token besides.
enum class Method { get, head, post, put, patch, delete_, options, other };

/// The method's token (RFC 9110 §9); empty for `other`.
std::string_view nameOf(Method method) noexcept;

/// The sets of endpoints that a listener serves, as bits.
enum ListenerRole : unsigned { api = 1, stream = 2, scheduler = 4, web = 8, allRoles = 15 };

/// Where requests come in.
struct Listener {
  std::string address = "127.0.0.1:8000";  ///< `HOST:PORT`, `[V6]:PORT` or `unix:PATH`; port 0 picks one
  unsigned roles = allRoles;
  bool trusted = false;         ///< the scheduler's paths need no sign-in
  bool operatorSocket = false;  ///< a caller without a credential is the operator
  std::string publicUrl;        ///< how the outside reaches it, without a slash at its end; empty: not known
};

/// How sessions are handed to browsers.
struct CookieOptions {
  enum class Secure { automatic, always, never };  ///< automatic: where the request came over TLS
  Secure secure = Secure::automatic;
  std::chrono::milliseconds lifetime{30 * 60'000};
};

/// The head of a request, checked (RFC 9112): what comes out of the connection before any handler runs. Its texts are
/// views of the bytes it was read from, which must outlive it.
struct Head {
  Method method = Method::get;
  std::string_view methodName;
  std::string_view path;   ///< raw, still percent-encoded, from the target; starts with `/`
  std::string_view query;  ///< raw, without `?`
  int minorVersion = 1;
  std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< in order, values trimmed
  std::optional<std::uint64_t> contentLength;
  bool chunked = false;
  bool keepAlive = true;
  bool expectContinue = false;

  /// The value of the first header of this name (case aside); empty where there is none.
  std::string_view header(std::string_view name) const noexcept;
  /// All values of a header, in order.
  std::vector<std::string_view> headerValues(std::string_view name) const;
  /// Whether bytes follow the head.
  bool hasBody() const noexcept { return chunked || contentLength.value_or(0) > 0; }
  /// Makes its texts, which are views of `from`, views of the copy `to`.
  void rebase(std::string_view from, std::string_view to) noexcept;
};

/// Who is at the other end; in a handler, the client behind the proxies that are trusted.
struct Peer {
  std::string address;         ///< IP address as text; empty on a Unix socket
  bool mayBeOperator = false;  ///< on the operator's socket: uid 0, the daemon's uid, or its gid among the peer's
  bool proxied = false;        ///< a trusted proxy stands between and says for whom
  bool secure = false;         ///< the client came by TLS
  std::string host{};          ///< the host that the client asked; empty: the request's own Host
};

/// A request as a handler sees it; good while the handler runs, on its thread.
struct Request {
  const Head& head;
  const Peer& peer;
  const Listener& listener;
  std::string_view body;    ///< the whole body, where the service asked for `BodyUse::collect`
  const ByteSource* bytes;  ///< the body as it comes, where it asked for `BodyUse::stream`; reading it may wait
};

/// How the client reached this server, `https://HOST`, as the request or the proxy says; empty where it does not say.
std::string originOf(const Request& request);

/// A piece of an answer's content: bytes, or a range of an open file.
struct Segment {
  std::string bytes;
  std::shared_ptr<const Descriptor> file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< of the file's range
};

/// What goes back. Content-Length, Date and Connection are the transport's to write.
struct Answer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<Segment> content;
  std::optional<std::uint64_t> headLength;  ///< for HEAD: the Content-Length that GET would have; then no content
  std::uint64_t rate = 0;                   ///< bytes a second of its content at most; 0: as fast as it goes
  std::chrono::milliseconds delay{0};       ///< before its first byte goes out; no thread waits meanwhile
  bool close = false;                       ///< close the connection after it
  std::shared_ptr<void> held;               ///< let go when the last byte is sent or the connection breaks

  /// Adds a header; one of this name that is there stays.
  void set(std::string_view name, std::string value) { headers.emplace_back(std::string(name), std::move(value)); }
};

/// How a service wants a body: not at all, whole in memory (64 KiB at most, else 413), or as it comes.
enum class BodyUse { none, collect, stream };

/// What a service has found out from a head, kept until the request is served.
class Admission {
 public:
  explicit Admission(BodyUse wanted = BodyUse::none) noexcept : body(wanted) {}
  virtual ~Admission() = default;

  BodyUse body;  ///< how the request's body is wanted
};

/// What stands behind the transport: the router. Its functions may be called from many threads.
class Service {
 public:
  virtual ~Service() = default;
  /// Called once for each request, when its head is there and its body is not. May refuse: then it fills `answer` and
  /// returns null, and the body is not read (nor is `100 Continue` sent).
  virtual std::unique_ptr<Admission> begin(const Head& head, const Peer& peer, const Listener& listener,
                                           Answer& answer) = 0;
  /// Makes the answer to a request of which `begin` has returned `admission`. Must not throw.
  virtual void serve(const Request& request, Admission& admission, Answer& answer) noexcept = 0;
  /// An answer to what the transport itself refuses (400, 408, 413, 414, 431, 501, 503, 505), with the error body.
  virtual void refuse(int status, std::string_view detail, Answer& answer) noexcept = 0;
};

}  // namespace video::http
