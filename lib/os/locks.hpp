#pragma once

#include <sys/types.h>

namespace video::os {

/// Takes or converts a flock without waiting (`operation` is LOCK_SH or LOCK_EX). Returns false if another process
/// holds it.
bool tryLock(int file, int operation);

/// Takes an exclusive flock and waits for it.
void lock(int file);

/// Locks bytes of a file for this open file description (OFD lock) without waiting; `type` is F_RDLCK or F_WRLCK.
/// Returns false if another open file description holds a conflicting lock.
bool tryLockBytes(int file, short type, off_t start, off_t length = 1);

/// The same, but waits for the lock.
void lockBytes(int file, short type, off_t start, off_t length = 1);

/// Returns whether another open file description holds a lock on this byte.
bool isByteLocked(int file, off_t byte);

/// Takes a read lease on a file that is open for reading only (fcntl(2), F_SETLEASE). Returns false if anybody has it
/// open for writing, or if its file system has no leases. Whoever opens it for writing then waits for `endLease`, at
/// most as long as /proc/sys/fs/lease-break-time says.
bool tryLease(int file) noexcept;
/// Returns whether the lease is held, and nobody has opened the file for writing since, or waits to.
bool holdsLease(int file) noexcept;
/// Ends the lease.
void endLease(int file) noexcept;

}  // namespace video::os
