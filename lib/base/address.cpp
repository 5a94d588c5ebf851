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

// Returns the 4 bytes of an IPv4 address, also if it is mapped into IPv6, or the 16 of an IPv6 address; nothing else.
std::string bytesOf(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return std::string(bytes.begin(), bytes.begin() + 4);
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return {};
  constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::string(std::equal(mapped.begin(), mapped.end(), bytes.begin()) ? bytes.begin() + 12 : bytes.begin(),
                     bytes.end());
}

}  // namespace

std::string addressKey(std::string_view address) {
  const std::string bytes = bytesOf(address);
  return bytes.empty() ? std::string(address) : bytes.substr(0, 8);
}

std::string truncatedAddress(std::string_view address) {
  std::string bytes = bytesOf(address);
  if (bytes.empty()) return {};
  const bool isV4 = bytes.size() == 4;
  const std::size_t kept = isV4 ? 3 : 6;
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(kept), bytes.end(), '\0');
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(isV4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  return fmt::format("{}/{}", text.data(), 8 * kept);
}

bool isLoopback(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  // A name may begin with "127." too.
  const bool isNumber = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return equalWithoutCase(host, "localhost") || (isNumber && host.starts_with("127.")) || host == "::1";
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
