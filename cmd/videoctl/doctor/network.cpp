#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>

#include "base/address.hpp"
#include "doctor/doctor.hpp"
#include "http/client/proxy_probe.hpp"

namespace video::ctl::doctor {
namespace {

constexpr const char* example = "cp /usr/share/doc/videod/examples/nginx.conf /etc/nginx/sites-available/videod";

bool isTcp(const http::Listener& listener) {
  return !listener.address.starts_with("unix:");
}

// A content that everyone may watch, for a request with a range; empty if there is none.
std::string publicContent(const Patient& of) {
  if (of.settings.access.stream != StreamAccess::everyone) return {};
  NewestQuery query;
  query.limit = 1;
  for (const Video& video : of.caller.toolkit().videos().newest(of.caller.by(), query).items)
    if (video.size > 1) return "/videos/" + video.id.text;
  return {};
}

// The facts that only matter if they are false.
struct ProxyRule {
  std::optional<bool> http::ProxyFacts::*fact;
  Gravity level;
  const char* detail;
  const char* fix;  // for nginx, which has most of these faults by default
};

constexpr std::array proxyRules{
    ProxyRule{&http::ProxyFacts::passesErrors, Gravity::problem,
              "its proxy replaces error pages: clients cannot tell what went wrong",
              "nginx: proxy_intercept_errors off;"},
    ProxyRule{&http::ProxyFacts::passesHost, Gravity::problem,
              "its proxy does not pass on the host: forms of the pages are refused",
              "nginx: proxy_set_header Host $host;"},
    ProxyRule{&http::ProxyFacts::passesAuthorization, Gravity::problem,
              "its proxy swallows the header field Authorization: tokens do not work",
              "nginx: proxy_set_header Authorization $http_authorization;"},
    ProxyRule{&http::ProxyFacts::passesLargeBodies, Gravity::problem,
              "its proxy refuses request bodies over 1 MiB: uploads fail", "nginx: client_max_body_size 0;"},
    ProxyRule{&http::ProxyFacts::passesBodiesAsTheyCome, Gravity::warning,
              "its proxy collects whole request bodies first: uploads are written twice, and cannot be resumed",
              "nginx: proxy_request_buffering off;"},
    ProxyRule{&http::ProxyFacts::passesRanges, Gravity::problem,
              "its proxy swallows the header field Range: players cannot seek",
              "nginx: proxy_set_header Range $http_range;"},
};

Findings judge(const Patient& of, const std::string& url, const http::ProxyFacts& facts) {
  if (!facts.isVideod)
    return {{{},
             Gravity::problem,
             fmt::format("{} {}{}", url, facts.failure, facts.server.empty() ? "" : " (" + facts.server + ")"),
             "make the proxy pass requests on to videod; an example: /usr/share/doc/videod/examples/nginx.conf"}};
  Findings found;
  for (const ProxyRule& rule : proxyRules)
    if (!(facts.*rule.fact).value_or(true))
      found.push_back({{}, rule.level, fmt::format("{}: {}", url, rule.detail), rule.fix});
  if (!facts.isReady)
    found.push_back({{}, Gravity::problem, fmt::format("{}/readyz does not say 200", url), "videoctl server status"});
  if (of.daemon && facts.version != of.daemon->version)
    found.push_back({{},
                     Gravity::warning,
                     fmt::format("{} is served by videod {}, and here runs {}", url, facts.version, of.daemon->version),
                     "check where the name and the proxy lead"});
  if (found.empty()) found.push_back({{}, Gravity::ok, fmt::format("{} reaches videod", url), {}});
  return found;
}

}  // namespace

Findings checkListeners(const Patient& of) {
  Findings found;
  for (const http::Listener& listener : of.settings.listeners) {
    if (!isTcp(listener)) continue;
    const std::string host = listener.address.substr(0, listener.address.rfind(':'));
    const bool isOutside = !isLoopback(host.starts_with('[') ? host.substr(1, host.size() - 2) : host);
    const bool isFronted = !of.settings.proxies.empty();
    if (isOutside && !(isFronted && listener.publicUrl.starts_with("https://")))
      found.push_back(
          {{},
           Gravity::problem,
           fmt::format("{}: others reach it without TLS: passwords can be read on the way", listener.address),
           fmt::format("listen on 127.0.0.1, with a proxy in front: {}", example)});
    if (!listener.publicUrl.empty() && !isFronted)
      found.push_back(
          {{},
           Gravity::warning,
           fmt::format("{}: http.trusted_proxies is empty: behind a proxy, all clients count as one address",
                       listener.address),
           editOf(of, "trusted_proxies = [\"127.0.0.1\"] below [http]")});
  }
  if (found.empty()) found.push_back({{}, Gravity::ok, "only this machine, or a proxy with TLS, reaches videod", {}});
  return found;
}

Findings checkPasswords(const Patient& of) {
  // The least that OWASP recommends for argon2id.
  constexpr std::uint64_t leastMemory = 19ULL << 20;
  constexpr std::uint64_t leastPasses = 2;
  constexpr std::size_t leastLength = 8;
  const access::AccessOptions& access = of.settings.access;
  Findings found;
  if (access.passwordMemlimit * access.passwordOpslimit < leastMemory * leastPasses)
    found.push_back({{},
                     Gravity::warning,
                     fmt::format("a guess costs {} passes over {} MiB, which is little", access.passwordOpslimit,
                                 access.passwordMemlimit >> 20),
                     editOf(of, "password_memlimit = \"19MiB\" and password_opslimit = 2 below [access]")});
  if (access.minPassword < leastLength)
    found.push_back({{},
                     Gravity::warning,
                     fmt::format("passwords of {} bytes are allowed", access.minPassword),
                     editOf(of, "min_password = 8 below [access]")});
  if (found.empty())
    found.push_back(
        {{},
         Gravity::ok,
         fmt::format("a guess costs {} passes over {} MiB", access.passwordOpslimit, access.passwordMemlimit >> 20),
         {}});
  return found;
}

Findings checkProxy(const Patient& of) {
  Findings found;
  std::optional<std::string> content;
  for (const http::Listener& listener : of.settings.listeners) {
    if (listener.publicUrl.empty()) continue;
    if (!content) content = publicContent(of);
    http::ProbeOptions options;
    options.caCertificate = of.caller.flags.caCertificate;
    options.timeout = std::min<std::chrono::milliseconds>(of.caller.flags.timeout, std::chrono::seconds{10});
    const bool streams = (listener.roles & (http::stream | http::web)) != 0;
    options.contentPath = streams ? *content : std::string();
    for (Finding& finding : judge(of, listener.publicUrl, http::probeProxy(listener.publicUrl, options)))
      found.push_back(std::move(finding));
  }
  return found;
}

}  // namespace video::ctl::doctor
