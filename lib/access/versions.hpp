#pragma once

#include <string>

namespace video::access {

/// Returns the version of the libsodium in use.
std::string sodiumVersion();

}  // namespace video::access
