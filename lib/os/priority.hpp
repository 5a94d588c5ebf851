#pragma once

namespace video::os {

/// Lowers the calling thread's priority for the processor to nice value `nice` (0 to 19), and with `idleDisk` lets it
/// use a disk only when nobody else does. A thread cannot raise its priority again. What the system refuses is left
/// out.
void lowerPriority(int nice, bool idleDisk = false) noexcept;

}  // namespace video::os
