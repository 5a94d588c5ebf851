#pragma once

#include <string>

namespace video::store {

/// Returns the version of the SQLite library in use.
std::string sqliteVersion();

}  // namespace video::store
