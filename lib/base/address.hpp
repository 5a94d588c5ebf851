#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace video {

/// The 16 bytes of an IPv6 address; an IPv4 address is mapped (RFC 4291 §2.5.5.2).
using AddressBytes = std::array<std::uint8_t, 16>;

/// Parses an IPv4 or IPv6 address, with or without a zone, which is dropped; nothing if it is neither.
std::optional<AddressBytes> parseAddress(std::string_view text);
/// Returns whether it is an IPv4 address.
bool isIpv4(const AddressBytes& address) noexcept;
/// Returns the usual text of an address, an IPv4 address in its own form.
std::string formatAddress(const AddressBytes& address);

/// Returns the key by which requests from an address are counted: an IPv4 address itself (also if mapped into IPv6),
/// the first 64 bits of an IPv6 address, or any other text unchanged.
std::string addressKey(std::string_view address);

/// Returns the network of an address: `192.0.2.0/24` for an IPv4 address (also if mapped into IPv6), `2001:db8:1::/48`
/// for an IPv6 address. Empty if `address` is neither.
std::string truncatedAddress(std::string_view address);

/// Whether a host of a URL, with or without the brackets of IPv6, is this machine: `localhost`, 127.0.0.0/8, ::1. An
/// address counts only in its usual form, with all four numbers.
bool isLoopback(std::string_view host);

/// Throws malformed, with a message that begins with `what`, unless `address` is `HOST:PORT`, `[V6]:PORT` or
/// `unix:PATH`.
void checkAddress(std::string_view what, std::string_view address);

}  // namespace video
