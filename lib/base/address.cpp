#include "base/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace video {

std::string addressKey(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return std::string(bytes.begin(), bytes.begin() + 4);
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::string(address);
  constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(mapped.begin(), mapped.end(), bytes.begin())) return std::string(bytes.begin() + 12, bytes.end());
  return std::string(bytes.begin(), bytes.begin() + 8);
}

}  // namespace video
