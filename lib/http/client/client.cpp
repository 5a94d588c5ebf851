#include "http/client/client.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <regex>
#include <thread>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "http/client/error_answer.hpp"
#include "http/client/pace.hpp"
#include "http/header_values.hpp"
#include "http/percent_encoding.hpp"
#include "http/routing/error_reply.hpp"
#include "http/tus.hpp"
#include "os/unix_address.hpp"

namespace video::http {
namespace {

// Bytes that a reply may have: one with JSON, such as the largest page of a list, and one without a body of interest.
constexpr std::uint64_t mostJson = 64U << 20;
constexpr std::uint64_t mostShort = 64U << 10;

// Bytes per range request: large enough that the overhead of a request does not matter, small enough for memory.
constexpr std::size_t pieceSize = 8U << 20;

struct ServerUrl {
  std::string origin;  // scheme, host and port
  std::string host;    // or the path of the Unix socket
  std::string prefix;  // prepended to every path; without a trailing slash
  bool plain = false;
  bool isExposed() const { return plain && !isLoopback(host); }
};

ServerUrl parseUrl(const std::string& url) {
  static const std::regex form(R"((https?)://(\[[0-9A-Fa-f:.]+\]|[^/:?#@\s\[\]]+)(:\d{1,5})?(/[^?#]*)?)",
                               std::regex::icase);
  std::smatch parts;
  if (!std::regex_match(url, parts, form))
    throw Error(Fault::malformed, fmt::format("{}: not a URL of the form http[s]://HOST[:PORT][/PREFIX]", url));
  ServerUrl server;
  server.plain = equalWithoutCase(parts[1].str(), "http");
  server.host = parts[2];
  server.origin = (server.plain ? "http://" : "https://") + server.host + parts[3].str();
  server.prefix = parts[4];
  while (server.prefix.ends_with('/')) server.prefix.pop_back();
  return server;
}

// Returns the file name of a Content-Disposition; httplib has already percent-decoded it, like every header field.
std::string nameOfDecoded(const std::string& disposition) {
  constexpr std::string_view mark = "filename*=UTF-8''";
  const std::size_t at = disposition.find(mark);
  return at == std::string::npos ? nameOfDisposition(disposition) : disposition.substr(at + mark.size());
}

ErrorAnswer errorAnswerOf(const httplib::Response& answer) {
  return {answer.status,
          answer.get_header_value("X-Error-Code"),
          answer.get_header_value("X-Error-Detail"),
          answer.get_header_value("X-Error-Reason"),
          answer.get_header_value("Retry-After"),
          answer.get_header_value("X-Request-Id"),
          answer.get_header_value("Server"),
          answer.get_header_value("Location"),
          answer.body};
}

void requireSuccess(const httplib::Response& answer) {
  if (answer.status < 200 || answer.status >= 300) throw errorOf(errorAnswerOf(answer));
}

// Why a server's certificate is not trusted, from the result of OpenSSL's verification.
std::string certificateFault(long result, std::string_view host) {
  switch (result) {
    case X509_V_OK:  // the chain is trusted: only the name is left
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return fmt::format("its certificate is not for {}", host);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return "its certificate is self-signed; if you trust it, give it with --cacert FILE";
    case X509_V_ERR_CERT_HAS_EXPIRED: return "its certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "its certificate is not valid yet; is the clock of this machine right?";
    case X509_V_ERR_CERT_REVOKED: return "its certificate was revoked";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return "its certificate is of an authority that is not known here; if you trust it, give the authority's "
             "certificate with --cacert FILE";
    default: return fmt::format("its certificate is not trusted: {}", X509_verify_cert_error_string(result));
  }
}

// Why no TLS connection came about, from the errors that OpenSSL has kept for this thread.
std::string tlsFailure() {
  std::string why = "no TLS connection can be made";
  while (const unsigned long error = ERR_get_error()) {
    if (ERR_GET_LIB(error) != ERR_LIB_SSL) continue;
    const int reason = ERR_GET_REASON(error);
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG || reason == SSL_R_HTTP_REQUEST)
      return "does not speak TLS; is it an http:// address?";
    if (const char* text = ERR_reason_error_string(error)) why = fmt::format("no TLS connection can be made: {}", text);
  }
  return why;
}

}  // namespace

bool isExposed(const std::string& url) {
  return parseUrl(url).isExposed();
}

struct Client::Impl {
  explicit Impl(const ClientOptions& wanted)
      : options(wanted), pace(wanted.socketPath.empty() ? wanted.timeout : std::chrono::milliseconds{0}) {
    if (options.socketPath.empty()) {
      server = parseUrl(options.url);
      return;
    }
    server.origin = server.host = options.socketPath.string();
    socketAddress.emplace(options.socketPath);
    if (socketAddress->error() == 0) server.host = socketAddress->path();
  }

  // A connection, and the watch over it.
  struct Connection {
    std::unique_ptr<httplib::Client> client;
    std::shared_ptr<Pace::Line> line = std::make_shared<Pace::Line>();
  };

  // Borrows a connection from the pool, and returns it still open.
  struct Borrowed {
    explicit Borrowed(Impl& from)
        : impl(from), connection(from.take()), isReused(connection.client->is_socket_open()) {}
    ~Borrowed() {
      const std::lock_guard lock(impl.mutex);
      impl.idle.push_back(std::move(connection));
    }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    httplib::Client* operator->() const { return connection.client.get(); }
    Impl& impl;
    Connection connection;
    const bool isReused;  // it was open already
  };

  // Sends a request, whose reply may have `most` bytes, and once more if it `mayRepeat` and the connection was idle:
  // the server may have closed it just now. One that does not answer in time is not asked again.
  httplib::Response perform(const httplib::Request& wanted, std::uint64_t most, bool mayRepeat) {
    const Borrowed borrowed(*this);
    const auto late = std::chrono::steady_clock::now() + options.timeout;
    mayRepeat = mayRepeat && borrowed.isReused;
    for (;; mayRepeat = false) {
      Pace::Watch watch(pace, *borrowed.connection.line, Pace::mostHead + most);
      httplib::Request request = wanted;
      std::string body;
      bool isTooLarge = false;
      request.response_handler = [&](const httplib::Response&) {
        watch.headIsRead();
        return true;
      };
      request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
        isTooLarge = size > most - body.size();
        if (!isTooLarge) body.append(data, size);
        return !isTooLarge;
      };
      httplib::Result result = borrowed->send(request);
      if (isTooLarge) throw failed("sends more than such a reply can have");
      if (const std::string why = watch.reason(); !why.empty()) throw failed(why);
      const bool isBroken = result.error() == httplib::Error::Read || result.error() == httplib::Error::Write;
      if (!result && isBroken && mayRepeat && std::chrono::steady_clock::now() < late) continue;
      httplib::Response answer = answered(std::move(result), borrowed);
      answer.body = std::move(body);
      return answer;
    }
  }

  Connection take() {
    ERR_clear_error();  // what follows is of this request
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        return connection;
      }
    }
    const bool local = !options.socketPath.empty();
    Connection connection;
    connection.client =
        local ? std::make_unique<httplib::Client>(server.host, 80) : std::make_unique<httplib::Client>(server.origin);
    httplib::Client* const made = connection.client.get();
    if (local)
      made->set_address_family(AF_UNIX);
    else
      made->set_socket_options([line = connection.line](auto socket) { line->connected(static_cast<int>(socket)); });
    if (!options.caCertificate.empty()) made->set_ca_cert_path(options.caCertificate.string());
    made->set_keep_alive(true);
    made->set_tcp_nodelay(true);
    made->set_url_encode(false);  // targets are encoded here
    made->set_connection_timeout(options.timeout);
    made->set_read_timeout(options.timeout);
    made->set_write_timeout(options.timeout);
    return connection;
  }

  Error isNotVideod() const { return failed("is not videod").because(Reason::notVideod); }
  Error failed(std::string_view why) const {
    return Error(Fault::unreachable, fmt::format("{}: {}", server.origin, why)).because(Reason::noAnswer);
  }

  Error unreachable(httplib::Error why, const httplib::Client& connection) const {
    switch (why) {
      case httplib::Error::Connection: return failed("cannot be reached");
      case httplib::Error::ConnectionTimeout: return failed("timed out while connecting");
      case httplib::Error::Read: return failed("does not answer");
      case httplib::Error::Write: return failed("closed the connection while receiving the request");
      case httplib::Error::SSLConnection: return untrusted(tlsFailure());
      case httplib::Error::SSLLoadingCerts:
        return untrusted(options.caCertificate.empty()
                             ? "the certificates of this machine cannot be read"
                             : fmt::format("no certificate can be read from {}", options.caCertificate.string()));
      case httplib::Error::SSLServerVerification:
        return untrusted(certificateFault(connection.get_openssl_verify_result(), server.host));
      default: break;
    }
    // Newer versions of httplib have an error of their own for it.
    if (httplib::to_string(why).find("ostname") != std::string::npos)
      return untrusted(certificateFault(X509_V_OK, server.host));
    return failed("the connection failed");
  }
  // A failure that the message explains.
  Error untrusted(std::string_view why) const { return failed(why).because(Reason::none); }

  httplib::Response answered(httplib::Result&& result, const Borrowed& connection) const {
    if (!result) throw unreachable(result.error(), *connection.connection.client);
    return std::move(result.value());
  }

  ClientOptions options;
  ServerUrl server;
  std::optional<os::UnixAddress> socketAddress;  // keeps the folder of a long path open
  std::mutex mutex;
  std::vector<Connection> idle;
  Pace pace;
};

Client::Client(const ClientOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Client::~Client() = default;

void Client::Ask::addQuery(std::string_view name, std::string_view value) {
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += name;
  target += '=';
  appendEncoded(target, value);
}

void Client::Ask::addToBody(std::string_view name, std::string_view json) {
  body += body.empty() ? '{' : ',';
  appendJsonString(body, name);
  body += ':';
  body += json;
}

Client::Ask Client::begin(const Route& route, const Credential& by) const {
  Ask made;
  made.method = route.method;
  made.hasBody = route.method == Method::post || route.method == Method::patch;
  made.target = impl_->server.prefix + std::string(route.path);
  if (!impl_->options.socketPath.empty()) made.headers.emplace_back("Host", "localhost");
  if (const auto* secret = std::get_if<Secret>(&by)) {
    if (impl_->server.isExposed() && !impl_->options.allowPlainHttp)
      throw Error(Fault::forbidden,
                  fmt::format("{}: refusing to send a secret over plain http to another host", impl_->server.origin));
    if (std::any_of(secret->text.begin(), secret->text.end(), [](char byte) { return byte <= ' ' || byte > '~'; }))
      throw Error(Fault::unauthenticated, "session or token: has an invalid character");
    made.headers.emplace_back("Authorization", "Bearer " + secret->text);
  } else if (const auto* operator_ = std::get_if<Operator>(&by)) {
    if (impl_->options.socketPath.empty())
      throw Error(Fault::forbidden, "operator: only allowed on the operator socket");
    if (operator_->as && !isUserName(*operator_->as)) throw Error(Fault::notFound, "user: not found");
    if (operator_->as) made.headers.emplace_back(credential_names::operatorAsHeader, *operator_->as);
  }
  return made;
}

void Client::finish(Ask& made, const Credential& by) {
  if (made.hasBody) made.body += made.body.empty() ? "{}" : "}";
  if (const auto* link = std::get_if<SignedLink>(&by)) {
    made.addQuery(credential_names::linkShare, link->share);
    made.addQuery(credential_names::linkExpires, link->expires);
    made.addQuery(credential_names::linkSignature, link->signature);
  }
}

bool Client::replaceInPath(std::string& target, std::string_view name, std::string_view value) {
  const std::string part = fmt::format("{{{}}}", name);
  const std::size_t at = target.find(part);
  if (at == std::string::npos) return false;
  std::string encoded;
  appendEncoded(encoded, value);
  // An unencoded `.` or `..` would be removed when the path is normalized.
  if (value == "." || value == "..") encoded = value == "." ? "%2E" : "%2E%2E";
  target.replace(at, part.size(), encoded);
  return true;
}

std::string Client::exchange(const Ask& asked) {
  const auto deadline = std::chrono::steady_clock::now() + impl_->options.lockTimeout;
  constexpr std::chrono::milliseconds pause{100};
  for (;;) {
    try {
      return exchangeOnce(asked);
    } catch (const Error& error) {
      if (error.fault() != Fault::busy || std::chrono::steady_clock::now() + pause > deadline) throw;
    }
    std::this_thread::sleep_for(pause);
  }
}

std::string Client::exchangeOnce(const Ask& asked) {
  httplib::Request request;
  request.method = nameOf(asked.method);
  request.path = asked.target;
  for (const auto& [name, value] : asked.headers) request.headers.emplace(name, value);
  if (asked.hasBody) {
    request.body = asked.body;
    request.headers.emplace("Content-Type", "application/json");
  }
  const bool mayRepeat = asked.method == Method::get || asked.method == Method::head;
  httplib::Response answer = impl_->perform(request, mostJson, mayRepeat);
  requireSuccess(answer);
  if (const auto& [header, field] = asked.known; !header.empty()) {
    bool isKnown = false;
    forEachItem(answer.get_header_value(std::string(header)), [&](std::string_view item) { isKnown |= item == field; });
    if (!isKnown)
      throw Error(Fault::versionMismatch,
                  fmt::format("{}: the server at {} is too old for it", field, impl_->server.origin));
  }
  if (answer.status == 204) return "{}";
  if (!answer.body.empty() && !answer.get_header_value("Content-Type").starts_with("application/json"))
    throw impl_->isNotVideod();
  return std::move(answer.body);
}

void Client::requirePath(const Route& route, std::string_view what) {
  Ask asked = begin(route, Anonymous{});
  asked.target = std::regex_replace(asked.target, std::regex(R"(\{\w+\})"), "x");
  httplib::Request request;
  request.method = nameOf(Method::options);
  request.path = asked.target;
  for (const auto& [name, value] : asked.headers) request.headers.emplace(name, value);
  if (impl_->perform(request, mostShort, false).status == 404)
    throw Error(Fault::versionMismatch,
                fmt::format("{}: this server cannot {}, because its videod is too old; nothing was changed",
                            impl_->server.origin, what));
}

std::string_view headerOf(const HeaderFields& headers, std::string_view name) noexcept {
  for (const auto& [known, value] : headers)
    if (equalWithoutCase(known, name)) return value;
  return {};
}

HeaderFields Client::exchangeHeaders(const Ask& asked) {
  httplib::Request request;
  request.method = nameOf(asked.method);
  request.path = asked.target;
  for (const auto& [name, value] : asked.headers) request.headers.emplace(name, value);
  const httplib::Response answer = impl_->perform(request, mostShort, asked.method == Method::head);
  requireSuccess(answer);
  return {answer.headers.begin(), answer.headers.end()};
}

Client::Reply Client::put(const Ask& asked, const ByteSource& bytes) {
  const Impl::Borrowed connection(*impl_);
  Pace::Watch watch(impl_->pace, *connection.connection.line, Pace::mostHead);
  std::exception_ptr failure;
  std::optional<ErrorAnswer> early;
  const auto push = [&](httplib::DataSink& sink) {
    watch.sends(true);
    try {
      std::uint64_t pushed = 0;
      const auto requireSize = [&](bool good) {
        if (!good) throw Error(Fault::conflict, "file: the size changed while it was sent");
      };
      bytes.push([&](std::span<const std::byte> piece) {
        pushed += piece.size();
        requireSize(!bytes.size || pushed <= *bytes.size);
        watch.writes();
        const bool isWritten = sink.write(reinterpret_cast<const char*>(piece.data()), piece.size());
        watch.hasWritten();
        if (!isWritten || (early = earlyAnswer(connection->socket())))
          throw impl_->failed("closed the connection during the upload");
      });
      requireSize(!bytes.size || pushed == *bytes.size);  // httplib would push once more
      watch.sends(false);
      return true;
    } catch (...) {
      failure = std::current_exception();
      if (!early) early = earlyAnswer(connection->socket());
      return false;
    }
  };
  httplib::Headers headers;
  for (const auto& [name, value] : asked.headers) headers.emplace(name, value);
  // The reply is short, and must be so when it is unpacked.
  headers.emplace("Accept-Encoding", "identity");
  connection->set_decompress(false);
  const bool isPiece = asked.method == Method::post;
  const std::string type(isPiece ? tus::mediaType : "application/octet-stream");
  const auto send = [&](const auto&... body) {
    return isPiece ? connection->Post(asked.target, headers, body..., type)
                   : connection->Put(asked.target, headers, body..., type);
  };
  const auto sendAll = [&]() -> httplib::Result {
    if (bytes.size == 0) return send(std::string());
    if (bytes.size)
      return send(
          static_cast<std::size_t>(*bytes.size),
          httplib::ContentProvider([&](std::size_t, std::size_t, httplib::DataSink& sink) { return push(sink); }));
    return send(httplib::ContentProviderWithoutLength([&](std::size_t, httplib::DataSink& sink) {
      if (!push(sink)) return false;
      sink.done();
      return true;
    }));
  };
  std::optional<httplib::Result> sent;
  try {
    sent.emplace(sendAll());
  } catch (const std::bad_alloc&) {
    // httplib reserves what the reply says that it has.
    connection->stop();
    throw impl_->failed("sends more than such a reply can have");
  }
  httplib::Result& result = *sent;
  connection->set_decompress(true);
  if (const std::string why = watch.reason(); !why.empty()) throw impl_->failed(why);
  if (early) throw errorOf(*early);
  if (failure) std::rethrow_exception(failure);
  httplib::Response answer = impl_->answered(std::move(result), connection);
  requireSuccess(answer);
  return {{answer.headers.begin(), answer.headers.end()}, std::move(answer.body)};
}

// Reads a content in byte ranges of `pieceSize`; If-Match makes sure that all belong to the content that was opened.
class Client::RangeReader : public ContentReader {
 public:
  RangeReader(Impl& impl, Ask asked, std::string etag, std::uint64_t size)
      : impl_(impl), asked_(std::move(asked)), etag_(std::move(etag)), size_(size) {}

  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    if (offset >= size_ || to.empty()) return 0;
    if (offset < at_ || offset >= at_ + piece_.size()) fetch(offset);
    const std::size_t from = offset - at_;
    const std::size_t count = std::min(to.size(), piece_.size() - from);
    std::memcpy(to.data(), piece_.data() + from, count);
    return count;
  }

 private:
  void fetch(std::uint64_t offset) {
    const std::uint64_t last = std::min<std::uint64_t>(offset + pieceSize, size_) - 1;
    httplib::Request request;
    request.method = "GET";
    request.path = asked_.target;
    for (const auto& [name, value] : asked_.headers) request.headers.emplace(name, value);
    request.headers.emplace("Range", fmt::format("bytes={}-{}", offset, last));
    if (!etag_.empty()) request.headers.emplace("If-Match", etag_);
    httplib::Response answer = impl_.perform(request, std::max(last - offset + 1, mostShort), true);
    if (answer.status == 412) throw Error(Fault::conflict, "content: was replaced while it was read");
    requireSuccess(answer);
    if (answer.body.size() != last - offset + 1) throw impl_.failed("sent a different range than requested");
    piece_ = std::move(answer.body);
    at_ = offset;
  }

  Impl& impl_;
  Ask asked_;
  std::string etag_;
  std::uint64_t size_;
  std::string piece_;
  std::uint64_t at_ = 0;
};

Content Client::open(Ask asked) {
  httplib::Request request;
  request.method = "HEAD";
  request.path = asked.target;
  for (const auto& [name, value] : asked.headers) request.headers.emplace(name, value);
  Content content;
  {
    const httplib::Response answer = impl_->perform(request, mostShort, true);
    requireSuccess(answer);
    if (!answer.has_header("Content-Length")) throw impl_->isNotVideod();
    readText(answer.get_header_value("Content-Length"), "Content-Length", content.meta.size);
    content.meta.type = answer.get_header_value("Content-Type");
    content.meta.etag = answer.get_header_value("ETag");
    content.meta.modified = parseHttpTime(answer.get_header_value("Last-Modified")).value_or(Time{});
    content.meta.name = nameOfDecoded(answer.get_header_value("Content-Disposition"));
  }
  content.reader = std::make_shared<RangeReader>(*impl_, std::move(asked), content.meta.etag, content.meta.size);
  return content;
}

}  // namespace video::http
