#pragma once

#include <sys/types.h>

namespace video::os {

/// Takes or converts a flock without waiting (`operation` is LOCK_SH or LOCK_EX); false where another holds it.
bool tryLock(int file, int operation);

/// Takes an exclusive flock, and waits for it.
void lock(int file);

/// Takes a lock on bytes of a file for this open file description (OFD), without waiting; `type` is F_RDLCK or F_WRLCK.
/// False where another holds one of them.
bool tryLockBytes(int file, short type, off_t start, off_t length = 1);

/// The same, and waits for it.
void lockBytes(int file, short type, off_t start, off_t length = 1);

/// Whether another open file description holds a lock on this byte.
bool isByteLocked(int file, off_t byte);

}  // namespace video::os
