#pragma once

#include <array>
#include <functional>
#include <utility>

#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video {

/// Who sees a video (visibility.md).
enum class Visibility {
  public_,   ///< anyone; it is listed
  unlisted,  ///< whoever has its ID
  private_,  ///< its owner, admins, the operator, and holders of a signed link
};

template <>
struct Names<Visibility> {
  static constexpr std::array list{std::pair{Visibility::public_, "public"},
                                   std::pair{Visibility::unlisted, "unlisted"},
                                   std::pair{Visibility::private_, "private"}};
};

/// Who may watch videos.
enum class StreamAccess {
  everyone,  ///< anyone
  session,   ///< signed-in users and holders of a signed link
  signed_,   ///< holders of a signed link, the owner, admins
};

/// What decides who may see a video.
struct ViewedVideo {
  UserId owner{};
  bool ready = false;  ///< it is published: neither pending nor deleted
  Visibility visibility = Visibility::private_;
  bool blocked = false;   ///< by a moderator
  bool reported = false;  ///< reports of it wait for a moderator
};

/// Returns whether somebody may see a video.
using MaySee = std::function<bool(const ViewedVideo&)>;

}  // namespace video
