#include "store/versions.hpp"

#include <sqlite3.h>

namespace video::store {

std::string sqliteVersion() {
  return sqlite3_libversion();
}

}  // namespace video::store
