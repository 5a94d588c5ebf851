#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace video::http {

/// How a proxy is probed.
struct ProbeOptions {
  std::filesystem::path caCertificate{};      ///< PEM file; empty: the system's certificates
  std::chrono::milliseconds timeout{10'000};  ///< of connecting, and of each wait for a reply
  std::string contentPath{};                  ///< path of a content that everyone may watch; empty: none
};

/// What became of the requests that were sent to a site's public URL. A fact that could not be found out is empty.
struct ProxyFacts {
  std::string failure;                           ///< why nobody answers; empty if somebody does
  bool isVideod = false;                         ///< the reply comes from videod, through whatever
  std::string server{};                          ///< what the reply says of the server that answered
  std::string version{};                         ///< of videod
  bool isReady = false;                          ///< /readyz says so
  std::optional<bool> passesErrors{};            ///< X-Error-Code arrives with an error
  std::optional<bool> passesHost{};              ///< a form of the site's own pages is taken for one
  std::optional<bool> passesAuthorization{};     ///< Authorization reaches videod
  std::optional<bool> passesLargeBodies{};       ///< a body of more than 1 MiB reaches videod
  std::optional<bool> passesBodiesAsTheyCome{};  ///< videod sees the head of a request before its body is complete
  std::optional<bool> passesRanges{};            ///< Range reaches videod, and its reply comes back
};

/// Asks a site as its clients do, without signing in and without changing anything, and returns what came of it. Takes
/// up to `timeout` for each of seven requests. Throws malformed if `url` is not a URL.
ProxyFacts probeProxy(const std::string& url, const ProbeOptions& options = {});

/// Returns the version of cpp-httplib that this program was built with.
std::string httplibVersion();

}  // namespace video::http
