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

}  // namespace video::os
