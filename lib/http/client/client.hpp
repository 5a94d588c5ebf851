#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/credential.hpp"
#include "base/json.hpp"
#include "http/endpoint.hpp"

namespace video::http {

/// The server of a client, and how to reach it.
struct ClientOptions {
  std::string url;                            ///< `http[s]://HOST[:PORT][/PREFIX]`; ignored if `socketPath` is set
  std::filesystem::path socketPath;           ///< path of a Unix socket; empty: use `url`
  std::filesystem::path caCertificate;        ///< PEM file; empty: the system's certificates
  std::chrono::milliseconds timeout{30'000};  ///< time without progress, not in total
  bool allowPlainHttp = false;                ///< allow secrets over plain HTTP to a host other than loopback
  std::chrono::milliseconds lockTimeout{0};   ///< how long to repeat requests that are refused because a lock is held
};

/// Returns whether a secret that is sent to this URL could be read on the way: it is plain HTTP, and its host is not
/// this machine. Throws malformed if it is not a valid URL.
bool isExposed(const std::string& url);

/// Header fields, in order.
using HeaderFields = std::vector<std::pair<std::string, std::string>>;

/// Returns the value of a header field, ignoring the case of its name; empty if there is none.
std::string_view headerOf(const HeaderFields& headers, std::string_view name) noexcept;

/// HTTP client of the API, used by the remote implementations. All functions throw Error: the fault in the server's
/// reply with its detail and Retry-After, or unreachable. May be used from any thread.
class Client {
 public:
  /// Does not connect before the first call. Throws malformed if `url` is not a valid URL.
  explicit Client(const ClientOptions& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends a request and returns its parsed reply.
  template <Described Wanted, class Given>
  Given call(const Endpoint<Wanted, Given>& endpoint, const Credential& by, const Wanted& wanted) {
    const std::string reply = exchange(ask(endpoint, by, wanted));
    if constexpr (!std::is_void_v<Given>) return fromJson<Given>(reply, true);
  }

  /// Does the same for what has a path of its own, so that an older server does nothing else instead. Throws
  /// versionMismatch in that case, to distinguish it from an object that does not exist. `what`: what an older server
  /// cannot do, verb first.
  template <Described Wanted, class Given>
  Given callKnown(const Endpoint<Wanted, Given>& endpoint, const Credential& by, const Wanted& wanted,
                  std::string_view what) {
    try {
      return call(endpoint, by, wanted);
    } catch (const Error& error) {
      if (error.fault() == Fault::notFound) requirePath(endpoint, what);
      throw;
    }
  }

  /// Does the same for a dry run.
  template <Described Wanted, class Given>
  Given rehearse(const Endpoint<Wanted, Given>& endpoint, const Credential& by, const Wanted& wanted) {
    return callKnown(endpoint, by, wanted, "do a dry run of that");
  }

  /// Sends a request with a field that an older server would ignore. Throws versionMismatch unless the server lists
  /// that field in the reply's header field X-List-Fields.
  template <Described Wanted, class Given>
  Given callKnowing(std::string_view field, const Endpoint<Wanted, Given>& endpoint, const Credential& by,
                    const Wanted& wanted) {
    Ask asked = ask(endpoint, by, wanted);
    asked.known = {endpoint.header.first, field};
    return fromJson<Given>(exchange(asked), true);
  }

  /// Uploads `bytes` as the raw body; fields that are not in the path go into the query. Reads the source only once.
  /// Throws unreachable if the server closes the connection without a reply; the caller must then ask it how much has
  /// arrived.
  template <Described Wanted, class Given>
  void send(const Endpoint<Wanted, Given>& endpoint, const Credential& by, const Wanted& wanted,
            const ByteSource& bytes) {
    put(ask(endpoint, by, wanted), bytes);
  }
  /// Does the same and returns the parsed reply.
  template <Described Wanted, Described Given>
  Given upload(const Endpoint<Wanted, Given>& endpoint, const Credential& by, const Wanted& wanted,
               const ByteSource& bytes) {
    return fromJson<Given>(put(ask(endpoint, by, wanted), bytes).body, true);
  }

  /// Sends a request with these header fields, and a piece of an upload as its body if `bytes` is not null. The fields
  /// of `wanted` must all be in the path. Returns the header fields of the reply. Throws as `send` does.
  template <Described Wanted>
  HeaderFields sendPiece(const Route& route, const Credential& by, const Wanted& wanted, const HeaderFields& headers,
                         const ByteSource* bytes = nullptr) {
    Ask asked = ask(route, by, wanted);
    asked.hasBody = false;
    asked.headers.insert(asked.headers.end(), headers.begin(), headers.end());
    return bytes != nullptr ? put(asked, *bytes).headers : exchangeHeaders(asked);
  }

  /// Opens a content with a HEAD request; reading it sends GET requests for byte ranges, with If-Match. The client must
  /// outlive the content.
  template <Described Wanted>
  Content open(const Endpoint<Wanted, Content>& endpoint, const Credential& by, const Wanted& wanted) {
    return open(ask(endpoint, by, wanted));
  }

 private:
  /// One request, ready to be sent.
  struct Ask {
    Method method = Method::get;
    std::string target;
    std::string body;
    bool hasBody = false;
    std::vector<std::pair<std::string, std::string>> headers;
    std::pair<std::string_view, std::string_view> known{};  ///< a header field of the reply, and what it must list

    void addQuery(std::string_view name, std::string_view value);
    void addToBody(std::string_view name, std::string_view json);
  };
  struct Impl;
  class RangeReader;

  template <Described Wanted>
  Ask ask(const Route& route, const Credential& by, const Wanted& wanted) const {
    Ask made = begin(route, by);
    forEachField<Wanted>([&](const auto& field) {
      using Member = typename std::remove_cvref_t<decltype(field)>::Type;
      const Member& value = wanted.*field.member;
      if (replaceInPath(made.target, field.name, toText(value))) return;
      if constexpr (isOptional<Member>)
        if (!value) return;
      if (made.hasBody) {
        std::string json;
        if constexpr (isOptional<Member>)
          appendJson(json, *value);
        else
          appendJson(json, value);
        made.addToBody(field.name, json);
      } else {
        made.addQuery(field.name, toText(value));
      }
    });
    finish(made, by);
    return made;
  }

  Ask begin(const Route& route, const Credential& by) const;
  static void finish(Ask& made, const Credential& by);
  /// Replaces `{name}` with the encoded `value`; returns false if `target` does not contain it.
  static bool replaceInPath(std::string& target, std::string_view name, std::string_view value);

  /// Sends a request, and repeats it while the reply is `busy`: nothing was done then.
  std::string exchange(const Ask& asked);
  std::string exchangeOnce(const Ask& asked);
  /// Throws versionMismatch if the server does not have the path of `route`.
  void requirePath(const Route& route, std::string_view what);
  struct Reply {
    HeaderFields headers;
    std::string body;
  };
  Reply put(const Ask& asked, const ByteSource& bytes);
  HeaderFields exchangeHeaders(const Ask& asked);
  Content open(Ask asked);

  std::unique_ptr<Impl> impl_;
};

}  // namespace video::http
