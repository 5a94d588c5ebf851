#pragma once

namespace video::os {

/// Lets the calling thread have the processor and the disk only where nobody else wants them, for the rest of its life.
void beLowPriority() noexcept;

}  // namespace video::os
