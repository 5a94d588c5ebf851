#include "http/routing/trusted_proxies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace video::http {
namespace {

constexpr unsigned mappedBits = 96;  // prefix of an IPv4-mapped address

bool sameUpTo(unsigned bits, const AddressBytes& one, const AddressBytes& other) {
  const unsigned whole = bits / 8;
  if (!std::equal(one.begin(), one.begin() + whole, other.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (one[whole] ^ other[whole]) >> (8 - rest) == 0;
}

/// Removes the last item of a list and returns it.
std::string_view takeLast(std::string_view& list) {
  const std::size_t comma = list.rfind(',');
  const std::string_view last = list.substr(comma == std::string_view::npos ? 0 : comma + 1);
  list = list.substr(0, comma == std::string_view::npos ? 0 : comma);
  return trimmed(last);
}

/// Parses an address as proxies write it: plain, with a port, or in brackets.
std::optional<AddressBytes> parseForwarded(std::string_view item) {
  if (item.starts_with('[')) return parseAddress(item.substr(1, std::max<std::size_t>(item.find(']'), 1) - 1));
  if (const std::size_t colon = item.find(':'); colon != std::string_view::npos && item.rfind(':') == colon)
    item = item.substr(0, colon);
  return parseAddress(item);
}

std::string_view lastOf(const Head& head, std::string_view name) {
  const auto values = head.headerValues(name);
  if (values.empty()) return {};
  std::string_view list = values.back();
  return takeLast(list);
}

}  // namespace

void TrustedProxies::add(std::string_view proxy) {
  if (proxy == "unix") {
    local_ = true;
  } else {
    const auto refuse = [&] {
      throw Error(Fault::malformed, fmt::format("\"{}\" is neither a network (10.0.0.0/8, ::1) nor \"unix\"", proxy));
    };
    const std::size_t slash = proxy.find('/');
    const auto address = parseAddress(proxy.substr(0, slash));
    if (!address || proxy.find('%') != std::string_view::npos) refuse();
    const unsigned width = isIpv4(*address) ? 32 : 128;
    unsigned bits = width;
    if (slash != std::string_view::npos) {
      const std::string_view digits = proxy.substr(slash + 1);
      const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
      if (failure != std::errc() || end != digits.data() + digits.size() || bits > width) refuse();
    }
    networks_.push_back({*address, width == 32 ? mappedBits + bits : bits});
  }
  all_.emplace_back(proxy);
}

bool TrustedProxies::contains(std::string_view address) const noexcept {
  const auto bytes = parseAddress(address);
  return bytes && std::any_of(networks_.begin(), networks_.end(),
                              [&](const Network& network) { return sameUpTo(network.bits, network.address, *bytes); });
}

bool TrustedProxies::trusts(const Peer& peer, const Listener& listener) const noexcept {
  if (empty() || listener.operatorSocket) return false;
  return peer.address.empty() ? local_ : contains(peer.address);
}

Peer TrustedProxies::clientOf(const Head& head, const Peer& peer) const {
  Peer client = peer;
  client.secure = equalWithoutCase(lastOf(head, "X-Forwarded-Proto"), "https");
  client.host = lastOf(head, "X-Forwarded-Host");
  const auto lists = head.headerValues("X-Forwarded-For");
  client.proxied = !lists.empty() || !client.host.empty() || !head.header("X-Forwarded-Proto").empty();
  for (auto list = lists.rbegin(); list != lists.rend(); ++list)
    for (std::string_view rest = *list; !rest.empty();) {
      const auto address = parseForwarded(takeLast(rest));
      if (!address) return client;
      client.address = formatAddress(*address);
      if (!contains(client.address)) return client;
    }
  return client;
}

}  // namespace video::http
