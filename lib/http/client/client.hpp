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

/// Which server a client asks, and how.
struct ClientOptions {
  std::string url;                            ///< `http[s]://HOST[:PORT][/PREFIX]`; unused where there is a socket
  std::filesystem::path socketPath;           ///< of a Unix socket; empty for `url`
  std::filesystem::path caCertificate;        ///< PEM file; empty: the system's
  std::chrono::milliseconds timeout{30'000};  ///< without any progress; never in total
  bool allowPlainHttp = false;  ///< whether a secret may go over plain http to a host that is not loopback
};

/// The remote half of every room asks a daemon through this. All functions throw Error: the server's own fault with its
/// detail and Retry-After, or unreachable. May be used from any thread.
class Client {
 public:
  /// Throws malformed where `url` is none. Connects at the first call.
  explicit Client(const ClientOptions& options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Asks and reads the reply.
  template <Described Wanted, class Given>
  Given call(const Endpoint<Wanted, Given>& endpoint, const Credential& by, const Wanted& wanted) {
    const std::string reply = exchange(ask(endpoint, by, wanted));
    if constexpr (!std::is_void_v<Given>) return fromJson<Given>(reply, true);
  }

  /// The same for a rehearsal, whose path is its own: a server that does not have it changes nothing. versionMismatch
  /// then, to keep it apart from a thing that is not there.
  template <Described Wanted, class Given>
  Given rehearse(const Endpoint<Wanted, Given>& endpoint, const Credential& by, const Wanted& wanted) {
    try {
      return call(endpoint, by, wanted);
    } catch (const Error& error) {
      if (error.fault() == Fault::notFound) requirePath(endpoint);
      throw;
    }
  }

  /// Sends bytes as the raw body; fields that are not in the path go in the query. A source is pushed once. Where the
  /// server ends the connection in the middle without an answer, unreachable: ask it what became of them.
  template <Described Wanted, class Given>
  void send(const Endpoint<Wanted, Given>& endpoint, const Credential& by, const Wanted& wanted,
            const ByteSource& bytes) {
    put(ask(endpoint, by, wanted), bytes);
  }

  /// A content by HEAD, and then by GETs of ranges with If-Match, as it is read. The client must outlive it.
  template <Described Wanted>
  Content open(const Endpoint<Wanted, Content>& endpoint, const Credential& by, const Wanted& wanted) {
    return open(ask(endpoint, by, wanted));
  }

 private:
  /// One request, ready to go.
  struct Ask {
    Method method = Method::get;
    std::string target;
    std::string body;
    bool hasBody = false;
    std::vector<std::pair<std::string, std::string>> headers;

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
  /// Puts `value` where `{name}` stands; false where it does not.
  static bool replaceInPath(std::string& target, std::string_view name, std::string_view value);

  std::string exchange(const Ask& asked);
  /// Throws versionMismatch where the server has no such path.
  void requirePath(const Route& route);
  void put(const Ask& asked, const ByteSource& bytes);
  Content open(Ask asked);

  std::unique_ptr<Impl> impl_;
};

}  // namespace video::http
