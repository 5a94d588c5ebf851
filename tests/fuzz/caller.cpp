// Cookies, credentials, signed links, forwarded addresses and the cross-site check, from whole heads.
#include "http/routing/caller.hpp"

#include "access/links.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "fuzz.hpp"
#include "http/routing/csrf.hpp"
#include "http/routing/trusted_proxies.hpp"
#include "http/server/head_gate.hpp"

using fuzz::holds;
using namespace video;
using namespace video::http;

namespace {

constexpr std::string_view site = "https://site.example";

// The head refers to `text`.
std::optional<Head> headOf(const std::string& text) {
  const HeadLimits limits;
  HeadEnd end;
  if (end.look(text, limits) != HeadEnd::State::whole) return std::nullopt;
  Head head;
  if (readHead(std::string_view(text).substr(end.start(), end.end() - end.start()), limits, head)) return std::nullopt;
  return head;
}

void checkProxies(const Head& head, const Peer& peer) {
  TrustedProxies proxies;
  for (const std::string_view proxy : {"127.0.0.0/8", "10.0.0.0/8", "::1"}) proxies.add(proxy);
  for (const char c : proxies.clientOf(head, peer).address)
    holds(std::string_view("0123456789abcdefABCDEF.:").find(c) != std::string_view::npos, "a client has an address");
}

void checkLink(const SignedLink& link) {
  try {
    access::checkLink(std::string(32, 'k'), link, VideoId{"v"}, "view", Time{});
  } catch (const Error& error) {
    holds(error.fault() == Fault::forbidden, "a link is refused as forbidden", error.what());
    return;
  }
  holds(false, "no link is valid without the key", link.signature);
}

void checkCrossSite(const Head& head, const Caller& caller) {
  CsrfClues clues;
  clues.cookie = caller.cookie;
  clues.credential = !std::holds_alternative<Anonymous>(caller.by);
  clues.fetchSite = head.header("Sec-Fetch-Site");
  clues.origin = head.header("Origin");
  clues.host = head.header("Host");
  const bool may = mayChange(clues, {std::string(site)});
  if (clues.cookie && clues.fetchSite == "cross-site" && !equalWithoutCase(clues.origin, site))
    holds(!may, "a request from another site changes nothing with a cookie", clues.origin);
  Listener trusted;
  trusted.trusted = true;
  if (clues.fetchSite == "cross-site" || clues.origin == site || !clues.host.ends_with(":8000"))
    holds(!whyForeign(head, clues.host, trusted).empty(), "a trusted listener refuses requests from other sites' pages",
          clues.host);
}

void run(fuzz::Input in) {
  const std::uint8_t mode = in.byte();
  const std::string target = in.line();
  const std::string text = "GET " + target + " HTTP/1.1\r\n" + in.rest() + "\r\n\r\n";
  const auto head = headOf(text);
  if (!head) return;
  Peer peer;
  peer.address = "127.0.0.1";
  peer.mayBeOperator = (mode & 2) != 0;
  Listener listener;
  listener.operatorSocket = (mode & 4) != 0;
  listener.trusted = (mode & 8) != 0;
  checkProxies(*head, peer);
  Route route;
  route.flags.takesLink = (mode & 1) != 0;
  route.flags.trustedListener = (mode & 16) != 0;
  try {
    const Caller caller = readCaller(*head, peer, listener, route);
    if (std::holds_alternative<Operator>(caller.by))
      holds((listener.operatorSocket && peer.mayBeOperator) || (listener.trusted && route.flags.trustedListener),
            "only the operator's socket and a trusted listener identify an operator", target);
    if (const auto* link = std::get_if<SignedLink>(&caller.by)) {
      holds(route.flags.takesLink, "a link counts only for endpoints that take links", target);
      checkLink(*link);
    }
    checkCrossSite(*head, caller);
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed || error.fault() == Fault::forbidden, "a caller is refused", error.what());
    holds(isUtf8(error.what()), "a refusal is UTF-8", error.what());
  }
}

const fuzz::Target target{"caller", run};

}  // namespace
