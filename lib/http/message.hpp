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

/// Methods that a route may have (RFC 9110 §9); `other` stands for any other token.
enum class Method { get, head, post, put, patch, delete_, options, other };

/// Returns the method's token (RFC 9110 §9); empty for `other`.
std::string_view nameOf(Method method) noexcept;

/// The sets of endpoints that a listener serves, as bits.
enum ListenerRole : unsigned { api = 1, stream = 2, scheduler = 4, web = 8, allRoles = 15 };

/// Configuration of a listener.
struct Listener {
  std::string address = "127.0.0.1:8000";  ///< `HOST:PORT`, `[V6]:PORT` or `unix:PATH`; port 0 picks one
  unsigned roles = allRoles;
  bool trusted = false;         ///< scheduler paths need no credential
  bool trustedGet = true;       ///< if trusted: a GET may change something without the header field that says so
  bool operatorSocket = false;  ///< a caller without a credential is the operator
  std::string publicUrl{};      ///< public URL of this listener, without a trailing slash; empty: not known
  bool inherited = false;       ///< systemd holds its socket: what it accepted is served even while stopping
};

/// Options of session cookies.
struct CookieOptions {
  enum class Secure { automatic, always, never };  ///< automatic: for requests over TLS
  Secure secure = Secure::automatic;
  std::chrono::milliseconds lifetime{30 * 60'000};
};

/// The validated head of a request (RFC 9112). Its strings point into the bytes it was parsed from, which must outlive
/// it.
struct Head {
  Method method = Method::get;
  std::string_view methodName;
  std::string_view path;   ///< still percent-encoded; starts with `/`, or is `*`
  std::string_view query;  ///< still percent-encoded, without `?`
  int minorVersion = 1;
  std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< header fields in order, values trimmed
  std::optional<std::uint64_t> contentLength;
  bool chunked = false;
  bool keepAlive = true;
  bool expectContinue = false;

  /// Returns the value of the first header field of this name, ignoring case; empty if there is none.
  std::string_view header(std::string_view name) const noexcept;
  /// Returns all values of the header field, in order.
  std::vector<std::string_view> headerValues(std::string_view name) const;
  /// Returns whether a non-empty body may follow the head.
  bool hasBody() const noexcept { return chunked || contentLength.value_or(0) > 0; }
  /// Makes the strings, which point into `from`, point into its copy `to`.
  void rebase(std::string_view from, std::string_view to) noexcept;
};

/// The other end of a connection; in a handler, the client behind trusted proxies.
struct Peer {
  std::string address;         ///< IP address as text; empty on a Unix socket
  bool mayBeOperator = false;  ///< on the operator socket: the peer is root, the daemon's user or in its group
  bool proxied = false;        ///< the request was forwarded by a trusted proxy
  bool secure = false;         ///< the client uses TLS
  std::string host{};          ///< the host requested by the client; empty: see Host
};

/// A request as passed to a handler; valid only while the handler runs, on its thread.
struct Request {
  const Head& head;
  const Peer& peer;
  const Listener& listener;
  std::string_view body;    ///< the whole body, for `BodyUse::collect`
  const ByteSource* bytes;  ///< the body as it arrives, for `BodyUse::stream`, otherwise null; reading may wait
};

/// Returns the origin under which the client reached this server, `http[s]://HOST`, according to the request or the
/// proxy; empty if neither names a host.
std::string originOf(const Request& request);

/// A piece of a reply's content: bytes, or a range of an open file or of a reader.
struct Segment {
  std::string bytes;
  std::shared_ptr<const Descriptor> file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;                     ///< bytes of the range
  std::shared_ptr<const std::string> shared{};  ///< instead of `bytes`: bytes that several replies have in common
  /// With a file: told if it cannot be read; may be null. Without: read as the client takes the bytes.
  std::shared_ptr<ContentReader> reader{};

  /// Returns the bytes, unless it is a range.
  std::string_view text() const noexcept { return shared ? std::string_view(*shared) : std::string_view(bytes); }
  /// Returns the number of bytes.
  std::uint64_t size() const noexcept { return file || reader ? length : text().size(); }
};

/// The reply to a request. The transport adds Content-Length, Date and Connection.
struct Answer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<Segment> content;
  std::optional<std::uint64_t> headLength;  ///< for HEAD: the Content-Length of the GET reply
  std::uint64_t rate = 0;                   ///< maximum bytes of content per second; 0: no limit
  std::chrono::milliseconds delay{0};       ///< before the first byte is sent; no thread waits
  bool forAnyOrigin = false;                ///< pages of any origin may read it
  bool close = false;                       ///< close the connection afterwards
  std::shared_ptr<void> held;               ///< released when the last byte was sent or the connection broke

  /// Adds a header field; does not replace an existing one of this name.
  void set(std::string_view name, std::string value) { headers.emplace_back(std::string(name), std::move(value)); }
};

/// Largest request body that is collected in memory, in bytes.
inline constexpr std::size_t largestCollected = 64 * 1024;

/// How a service reads a request body: not at all, whole in memory (at most `largestCollected`, otherwise 413), or as
/// it arrives.
enum class BodyUse { none, collect, stream };

/// State of a service between `begin` and `serve`.
class Admission {
 public:
  explicit Admission(BodyUse wanted = BodyUse::none) noexcept : body(wanted) {}
  virtual ~Admission() = default;

  BodyUse body;  ///< how to read the request's body
};

/// Handles the requests of a transport. All functions may be called from several threads at once.
class Service {
 public:
  virtual ~Service() = default;
  /// Called once for each accepted connection. Returns false to refuse it with 429. What it puts into `held` is
  /// released when the connection closes.
  virtual bool accept(const Peer& peer, const Listener& listener, std::shared_ptr<void>& held) {
    static_cast<void>(peer), static_cast<void>(listener), static_cast<void>(held);
    return true;
  }
  /// Called once for each request, after its head and before its body was read. To refuse the request, it fills
  /// `answer` and returns null; the transport then neither reads the body nor sends `100 Continue`.
  virtual std::unique_ptr<Admission> begin(const Head& head, const Peer& peer, const Listener& listener,
                                           Answer& answer) = 0;
  /// Makes the reply to a request for which `begin` has returned `admission`. Must not throw.
  virtual void serve(const Request& request, Admission& admission, Answer& answer) noexcept = 0;
  /// Makes the error reply for a request that the transport itself refuses (400, 408, 413, 414, 417, 429, 431, 501,
  /// 503, 505); `head` is null if there is no valid one, `admission` unless `begin` has returned one. Must not throw.
  virtual void refuse(int status, std::string_view detail, const Head* head, const Peer& peer, const Listener& listener,
                      const Admission* admission, Answer& answer) noexcept = 0;
};

}  // namespace video::http
