#pragma once

#include <sqlite3.h>

namespace video::store {

/// Returns the name of a VFS of SQLite that opens paths as they are. The usual one resolves symbolic links first, so
/// it needs the right to search every folder on the way; this one opens `/proc/self/fd/N`, which is enough for a
/// database in a file that is already open. May be called from any thread.
const char* plainPathVfs();

}  // namespace video::store
