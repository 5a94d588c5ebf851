#pragma once

#include "access/access.hpp"
#include "base/visibility.hpp"

namespace video::access {

/// Returns whether `who` may see a video and all that belongs to it. `link`: the caller has a valid signed link to view
/// it. This decides for every operation; lists for everyone ask the same with `listedSql` (videos/rows.hpp).
bool mayView(const Identity& who, const ViewedVideo& video, bool link, StreamAccess stream) noexcept;

/// Returns whether `who` may see a comment on a video that `who` may see. `held`: it waits for a moderator.
bool mayViewComment(const Identity& who, UserId author, bool held) noexcept;

}  // namespace video::access
