#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace video::http {

/// The reverse proxies that may say who the client is. `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`
/// are ignored in requests from anyone else.
class TrustedProxies {
 public:
  /// Adds a network (`10.0.0.0/8`, `2001:db8::/32`), an address, or `unix` for all clients of Unix sockets other than
  /// the operator socket. Throws malformed if `proxy` is none of these.
  void add(std::string_view proxy);
  /// Returns whether no proxy was added.
  bool empty() const noexcept { return networks_.empty() && !local_; }
  /// Returns whether an IP address is in one of the networks; false if `address` is not an IP address.
  bool contains(std::string_view address) const noexcept;
  /// Returns whether `peer` is a trusted proxy.
  bool trusts(const Peer& peer, const Listener& listener) const noexcept;
  /// Returns the client behind a trusted peer: in `X-Forwarded-For`, read from the right, the first address that is not
  /// a trusted proxy, otherwise the last one that could be parsed. Of the two other header fields the last value is
  /// used.
  Peer clientOf(const Head& head, const Peer& peer) const;
  /// Returns the proxies as they were added.
  const std::vector<std::string>& all() const noexcept { return all_; }

 private:
  struct Network {
    std::array<std::uint8_t, 16> address{};  ///< IPv4 as ::ffff:a.b.c.d
    unsigned bits = 0;                       ///< of 128
  };
  std::vector<std::string> all_;
  std::vector<Network> networks_;
  bool local_ = false;
};

}  // namespace video::http
