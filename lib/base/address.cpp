#include "base/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/error.hpp"
#include "base/text.hpp"

namespace video {
namespace {

constexpr std::array<std::uint8_t, 12> mappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::optional<AddressBytes> parseAddress(std::string_view text) {
  const std::string address(text.substr(0, text.find('%')));
  AddressBytes bytes{};
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return bytes;
  if (::inet_pton(AF_INET, address.c_str(), bytes.data() + mappedPrefix.size()) != 1) return std::nullopt;
  std::copy(mappedPrefix.begin(), mappedPrefix.end(), bytes.begin());
  return bytes;
}

bool isIpv4(const AddressBytes& address) noexcept {
  return std::equal(mappedPrefix.begin(), mappedPrefix.end(), address.begin());
}

std::string formatAddress(const AddressBytes& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (isIpv4(address))
    ::inet_ntop(AF_INET, address.data() + mappedPrefix.size(), text, sizeof text);
  else
    ::inet_ntop(AF_INET6, address.data(), text, sizeof text);
  return text;
}

std::string addressKey(std::string_view address) {
  const auto bytes = parseAddress(address);
  if (!bytes) return std::string(address);
  if (isIpv4(*bytes)) return {bytes->begin() + mappedPrefix.size(), bytes->end()};
  return {bytes->begin(), bytes->begin() + 8};
}

std::string truncatedAddress(std::string_view address) {
  auto bytes = parseAddress(address);
  if (!bytes) return {};
  const std::size_t before = isIpv4(*bytes) ? mappedPrefix.size() : 0;
  const std::size_t kept = isIpv4(*bytes) ? 3 : 6;
  std::fill(bytes->begin() + static_cast<std::ptrdiff_t>(before + kept), bytes->end(), std::uint8_t{0});
  return fmt::format("{}/{}", formatAddress(*bytes), 8 * kept);
}

bool isLoopback(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (equalWithoutCase(host, "localhost")) return true;
  // Only what is an address: a name may begin with "127." too, and consist of digits.
  const auto address = host.find('%') == std::string_view::npos ? parseAddress(host) : std::nullopt;
  if (!address) return false;
  if (isIpv4(*address)) return (*address)[mappedPrefix.size()] == 127;
  return std::all_of(address->begin(), address->end() - 1, [](std::uint8_t byte) { return byte == 0; }) &&
         address->back() == 1;
}

void checkAddress(std::string_view what, std::string_view address) {
  const auto refuse = [&](std::string_view why) {
    throw Error(Fault::malformed, fmt::format("{}: \"{}\" {}", what, address, why));
  };
  constexpr std::string_view local = "unix:";
  if (address.starts_with(local)) {
    if (address == local || address.find('\0') != std::string_view::npos) refuse("must contain a path");
    return;
  }
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) refuse("is not HOST:PORT, [V6]:PORT or unix:PATH");
  const std::string_view port = address.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size()) refuse("must end with a port from 0 to 65535");
  std::string host(address.substr(0, colon));
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    in6_addr parsed{};
    if (::inet_pton(AF_INET6, host.c_str(), &parsed) != 1) refuse("has no IPv6 address in brackets");
  } else if (host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") !=
             std::string::npos) {
    refuse("is not HOST:PORT; put an IPv6 address in brackets");
  }
}

}  // namespace video
