#pragma once

#include <string>
#include <string_view>

namespace video {

/// Returns the key by which requests from an address are counted: an IPv4 address itself (also if mapped into IPv6),
/// the first 64 bits of an IPv6 address, or any other text unchanged.
std::string addressKey(std::string_view address);

}  // namespace video
