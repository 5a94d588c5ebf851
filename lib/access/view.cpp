#include "access/view.hpp"

namespace video::access {

bool mayView(const Identity& who, const ViewedVideo& video, bool link, StreamAccess stream) noexcept {
  if (may(who, rights::videosShowHidden, video.owner)) return true;
  if ((video.blocked || video.reported) && may(who, rights::videosShowModerated)) return true;
  if (!video.ready || video.blocked || !may(who, rights::videosShow)) return false;
  if (link) return true;
  if (video.visibility == Visibility::private_) return false;
  switch (stream) {
    case StreamAccess::everyone: return true;
    case StreamAccess::session: return may(who, rights::videosShowSignedIn);
    case StreamAccess::signed_: return false;
  }
  return false;
}

bool mayViewComment(const Identity& who, UserId author, bool held) noexcept {
  return !held || may(who, rights::commentsListHidden, author);
}

}  // namespace video::access
