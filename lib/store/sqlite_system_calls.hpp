#pragma once

namespace video::store {

/// Makes SQLite's file accesses in this process do what videod needs; to be called before a database is opened. From
/// then on the memory that SQLite shares between processes (`-shm`) has its disk space when it is mapped, since a full
/// disk would end the process later (SIGBUS), and an exceeded disk quota is a full disk. May be called from any thread.
void prepareSqlite();

/// Returns the errno of the last system call in which SQLite met a full disk, an exceeded quota or too many open files
/// on this thread, and forgets it; 0 if there was none. SQLite's own record misses what fails at COMMIT.
int takeSqliteErrno() noexcept;

}  // namespace video::store
