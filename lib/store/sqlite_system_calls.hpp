#pragma once

namespace video::store {

/// Replaces some of SQLite's system calls in this process. Call it before a database is opened, from any thread.
/// Afterwards SQLite's shared memory file (`-shm`) has its disk blocks before it is mapped, since on a full disk a
/// write to a hole would end the process (SIGBUS), and an exceeded disk quota counts as a full disk.
void prepareSqlite();

/// Forgets the errno that a call left whose failure was ignored. Call it before a call whose failure is reported.
void forgetSqliteErrno() noexcept;

/// Returns the errno of the last system call in which SQLite met a full disk, an exceeded quota or too many open files
/// on this thread, and forgets it; 0 if there was none. SQLite's own record misses what fails at COMMIT.
int takeSqliteErrno() noexcept;

}  // namespace video::store
