#include "store/sqlite_plain_path.hpp"

#include <cstdio>
#include <mutex>

#include "store/sqlite_system_calls.hpp"

namespace video::store {

const char* plainPathVfs() {
  static constexpr const char* name = "videod-plain-path";
  static std::once_flag once;
  static sqlite3_vfs plain;
  std::call_once(once, [] {
    prepareSqlite();
    plain = *sqlite3_vfs_find(nullptr);
    plain.pNext = nullptr;
    plain.zName = name;
    plain.xFullPathname = [](sqlite3_vfs*, const char* path, int size, char* full) {
      return std::snprintf(full, static_cast<std::size_t>(size), "%s", path) < size ? SQLITE_OK : SQLITE_CANTOPEN;
    };
    sqlite3_vfs_register(&plain, 0);
  });
  return name;
}

}  // namespace video::store
