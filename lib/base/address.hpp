#pragma once

#include <string>
#include <string_view>

namespace video {

/// What addresses are counted by: IPv4 whole (also where it is mapped into IPv6), IPv6 by its first 64 bits, anything
/// else as it is.
std::string addressKey(std::string_view address);

/// Whether a host of a URL, with or without the brackets of IPv6, is this machine: `localhost`, 127.0.0.0/8, ::1.
bool isLoopback(std::string_view host);

}  // namespace video
