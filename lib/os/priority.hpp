#pragma once

namespace video::os {

/// By how much to lower the priority of threads whose work takes milliseconds: to a third of the weight of the threads
/// that stream. Those run first when there is something to send, and on a busy machine such work still goes on.
inline constexpr int shortWork = 5;
/// The same for work that takes long, but for which a client waits.
inline constexpr int longWork = 10;
/// The same for background work: the lowest priority.
inline constexpr int lowest = 39;

/// Lowers the calling thread's priority for the processor to `nice` below that of the main thread, to the nice value 19
/// at most, and with `idleDisk` lets it use a disk only when nobody else does. A thread cannot raise its priority
/// again. Errors are ignored.
void lowerPriority(int nice, bool idleDisk = false) noexcept;

}  // namespace video::os
