#include "access/versions.hpp"

#include <sodium.h>

namespace video::access {

std::string sodiumVersion() {
  return ::sodium_version_string();
}

}  // namespace video::access
