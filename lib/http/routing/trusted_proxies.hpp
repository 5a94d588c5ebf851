#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace video::http {

/// Proxies whose word counts on who the client is: `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host` of
/// anyone else are not looked at.
class TrustedProxies {
 public:
  /// Adds a network (`10.0.0.0/8`, `2001:db8::/32`), one address, or `unix`: whoever comes by a Unix socket that is not
  /// the operator's. Throws malformed.
  void add(std::string_view proxy);
  /// Whether none was added.
  bool empty() const noexcept { return networks_.empty() && !local_; }
  /// Whether an IP address is in one of the networks; false for what is no address.
  bool contains(std::string_view address) const noexcept;
  /// Whether `peer` is one of them.
  bool trusts(const Peer& peer, const Listener& listener) const noexcept;
  /// The client behind a peer that is trusted. `X-Forwarded-For` is walked from the right: the first address that is no
  /// trusted proxy, else the last that could be read. The two others count by their last value.
  Peer clientOf(const Head& head, const Peer& peer) const;
  /// As they were added.
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
