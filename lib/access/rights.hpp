#pragma once

#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "base/ids.hpp"

namespace video::access {

struct Identity;

/// Who may perform an operation, as bits. `owner` is the user to whom the object belongs. The operator may do
/// everything, unless acting as a user. What a moderator may do, an admin may too: list both.
enum Who : unsigned { anyone = 1, signedIn = 2, owner = 4, admin = 8, link = 16, moderator = 32 };

/// The kind of access that a token must have.
enum class Need { read, upload, change, administer, watch };

/// An operation and who may perform it.
struct Right {
  std::string_view operation;
  unsigned who;
  Need need;
};

/// The rights of all operations, by operation name.
namespace rights {
inline constexpr Right usersAdd{"users.add", anyone | admin, Need::change};
inline constexpr Right usersAddAny{"users.add?any", admin, Need::administer};
inline constexpr Right usersList{"users.list", admin, Need::administer};
inline constexpr Right usersShow{"users.show", owner | admin, Need::read};
inline constexpr Right usersChange{"users.change", owner | admin, Need::change};
inline constexpr Right usersChangeAny{"users.change?any", admin, Need::administer};
inline constexpr Right usersRemove{"users.remove", owner | admin, Need::change};
inline constexpr Right usersTransfer{"users.remove?transfer", admin, Need::administer};
inline constexpr Right usersMute{"users.mute", moderator | admin, Need::change};
inline constexpr Right usersMuteStaff{"users.mute?staff", admin, Need::administer};
inline constexpr Right usersUnmute{"users.unmute", moderator | admin, Need::change};
inline constexpr Right usersUnmuteStaff{"users.unmute?staff", admin, Need::administer};
inline constexpr Right sessionsLogin{"sessions.login", anyone, Need::change};
inline constexpr Right sessionsLogout{"sessions.logout", signedIn, Need::read};
inline constexpr Right sessionsWhoami{"sessions.whoami", signedIn, Need::read};
inline constexpr Right sessionsList{"sessions.list", signedIn, Need::read};
inline constexpr Right sessionsListOf{"sessions.list?user", owner | admin, Need::read};
inline constexpr Right sessionsListAll{"sessions.list?all", admin, Need::administer};
inline constexpr Right sessionsRevoke{"sessions.revoke", owner | admin, Need::change};
inline constexpr Right sessionsRevokeOwn{"sessions.revokeAll", signedIn, Need::change};
inline constexpr Right sessionsRevokeAll{"sessions.revokeAll?all", admin, Need::administer};
inline constexpr Right tokensCreate{"tokens.create", owner | admin, Need::change};
inline constexpr Right tokensCreateAdmin{"tokens.create?admin", admin, Need::administer};
inline constexpr Right tokensList{"tokens.list", signedIn, Need::read};
inline constexpr Right tokensListOf{"tokens.list?user", owner | admin, Need::read};
inline constexpr Right tokensListAll{"tokens.list?all", admin, Need::administer};
inline constexpr Right tokensRevoke{"tokens.revoke", owner | admin, Need::change};
inline constexpr Right tokensRevokeOwn{"tokens.revokeAll", signedIn, Need::change};
inline constexpr Right tokensRevokeAll{"tokens.revokeAll?all", admin, Need::administer};
inline constexpr Right videosAdd{"videos.add", owner | admin, Need::upload};
inline constexpr Right videosList{"videos.list", signedIn, Need::read};
inline constexpr Right videosListOf{"videos.listOf", anyone, Need::read};
inline constexpr Right videosNewest{"videos.newest", anyone, Need::read};
inline constexpr Right videosListHidden{"videos.listOf?state", owner | admin, Need::read};
inline constexpr Right videosListAll{"videos.list?user", owner | admin, Need::read};
inline constexpr Right videosKnown{"videos.known", owner | admin, Need::read};
inline constexpr Right videosShow{"videos.show", anyone | link, Need::read};
inline constexpr Right videosShowSignedIn{"videos.show?session", signedIn, Need::read};
inline constexpr Right videosShowHidden{"videos.show?hidden", owner | admin, Need::read};
inline constexpr Right videosShowModerated{"videos.show?moderated", moderator | admin, Need::read};
inline constexpr Right videosOpen{"videos.open", anyone | link, Need::read};
inline constexpr Right videosSet{"videos.set", owner | admin, Need::change};
inline constexpr Right videosSetOwner{"videos.set?user", admin, Need::administer};
inline constexpr Right videosVerify{"videos.verify", owner | admin, Need::change};
inline constexpr Right videosVerifyStatus{"videos.verifyStatus", owner | admin, Need::read};
inline constexpr Right videosDelete{"videos.delete", owner | admin, Need::change};
inline constexpr Right videosDeletePending{"videos.delete?pending", owner | admin, Need::upload};
inline constexpr Right videosRestore{"videos.restore", owner | admin, Need::change};
inline constexpr Right videosDrop{"videos.drop", link, Need::upload};
inline constexpr Right videosChapters{"videos.chapters", anyone, Need::read};
inline constexpr Right videosBlock{"videos.block", moderator | admin, Need::change};
inline constexpr Right videosBlockOwn{"videos.block?own", admin, Need::administer};
inline constexpr Right videosUnblock{"videos.unblock", moderator | admin, Need::change};
inline constexpr Right videosUnblockOwn{"videos.unblock?own", admin, Need::administer};
inline constexpr Right renditionsList{"renditions.list", owner | admin, Need::read};
inline constexpr Right renditionsThumbnail{"renditions.thumbnail", anyone | link, Need::read};
inline constexpr Right renditionsSetThumbnail{"renditions.setThumbnail", owner | admin, Need::upload};
inline constexpr Right renditionsRemoveThumbnail{"renditions.removeThumbnail", owner | admin, Need::change};
inline constexpr Right renditionsRender{"renditions.render", owner | admin, Need::change};
inline constexpr Right renditionsListQueued{"renditions.listQueued", signedIn, Need::read};
inline constexpr Right renditionsListQueuedOf{"renditions.listQueued?user", owner | admin, Need::read};
inline constexpr Right renditionsListQueuedAll{"renditions.listQueued?all", admin, Need::administer};
inline constexpr Right uploadsPut{"uploads.put", owner | admin | link, Need::upload};
inline constexpr Right uploadsStripLocation{"uploads.stripLocation", owner | admin, Need::change};
inline constexpr Right uploadsCreate{"uploads.create", signedIn | link, Need::upload};
inline constexpr Right uploadsResume{"uploads.resume", owner | admin | link, Need::upload};
inline constexpr Right uploadsAppend{"uploads.append", owner | admin | link, Need::upload};
inline constexpr Right uploadsAbort{"uploads.abort", owner | admin | link, Need::upload};
inline constexpr Right uploadsShow{"uploads.show", owner | admin | link, Need::read};
inline constexpr Right uploadsList{"uploads.list", signedIn, Need::read};
inline constexpr Right uploadsListOf{"uploads.list?user", owner | admin, Need::read};
inline constexpr Right uploadsListAll{"uploads.list?all", admin, Need::administer};
inline constexpr Right uploadsProbe{"uploads.probe", signedIn, Need::upload};
inline constexpr Right uploadsRehearse{"uploads.rehearse", owner | admin, Need::upload};
inline constexpr Right subtitlesPut{"subtitles.put", owner | admin, Need::upload};
inline constexpr Right subtitlesList{"subtitles.list", anyone, Need::read};
inline constexpr Right subtitlesOpen{"subtitles.open", anyone, Need::read};
inline constexpr Right subtitlesRemove{"subtitles.remove", owner | admin, Need::change};
inline constexpr Right sharesCreate{"shares.create", owner | admin, Need::change};
inline constexpr Right sharesList{"shares.list", owner | admin, Need::read};
inline constexpr Right sharesRevoke{"shares.revoke", owner | admin, Need::change};
inline constexpr Right commentsPost{"comments.post", signedIn, Need::change};
inline constexpr Right commentsList{"comments.list", anyone, Need::read};
inline constexpr Right commentsListBy{"comments.listBy", owner | moderator | admin, Need::read};
inline constexpr Right commentsExport{"comments.export", anyone, Need::read};
inline constexpr Right commentsExportOff{"comments.export?off", owner | admin, Need::read};
inline constexpr Right commentsImport{"comments.import", owner | admin, Need::change};
inline constexpr Right commentsHeat{"comments.heat", anyone, Need::read};
inline constexpr Right viewsWatch{"views.watch", anyone | link, Need::change};
inline constexpr Right viewsResume{"views.resume", anyone, Need::read};
inline constexpr Right viewsHistory{"views.history", owner | admin, Need::read};
inline constexpr Right viewsClear{"views.clear", owner | admin, Need::change};
inline constexpr Right commentsListHidden{"comments.list?held", owner | moderator | admin, Need::read};
inline constexpr Right commentsRemove{"comments.remove", owner | moderator | admin, Need::change};
inline constexpr Right commentsRemoveBy{"comments.removeBy", moderator | admin, Need::change};
inline constexpr Right commentsRemoveByStaff{"comments.removeBy?staff", admin, Need::administer};
inline constexpr Right commentsListHeld{"comments.listHeld", moderator | admin, Need::read};
inline constexpr Right commentsHide{"comments.hide", moderator | admin, Need::change};
inline constexpr Right commentsHideOwn{"comments.hide?own", admin, Need::administer};
inline constexpr Right commentsApprove{"comments.approve", moderator | admin, Need::change};
inline constexpr Right commentsApproveOwn{"comments.approve?own", admin, Need::administer};
inline constexpr Right reportsVideo{"reports.video", anyone | link, Need::change};
inline constexpr Right reportsComment{"reports.comment", anyone | link, Need::change};
inline constexpr Right reportsUser{"reports.user", anyone, Need::change};
inline constexpr Right reportsList{"reports.list", moderator | admin, Need::read};
inline constexpr Right reportsListOwn{"reports.list?own", admin, Need::administer};
inline constexpr Right reportsShow{"reports.show", moderator | admin, Need::read};
inline constexpr Right reportsShowOwn{"reports.show?own", admin, Need::administer};
inline constexpr Right reportsResolve{"reports.resolve", moderator | admin, Need::change};
inline constexpr Right reportsResolveOwn{"reports.resolve?own", admin, Need::administer};
inline constexpr Right reportsMade{"reports.made", owner | admin, Need::read};
inline constexpr Right contentsBlock{"contents.block", moderator | admin, Need::change};
inline constexpr Right contentsBlockOwn{"contents.block?own", admin, Need::administer};
inline constexpr Right contentsBlockStaff{"contents.block?staff", admin, Need::administer};
inline constexpr Right contentsUnblock{"contents.unblock", moderator | admin, Need::change};
inline constexpr Right contentsUnblockOwn{"contents.unblock?own", admin, Need::administer};
inline constexpr Right contentsUnblockStaff{"contents.unblock?staff", admin, Need::administer};
inline constexpr Right contentsList{"contents.list", moderator | admin, Need::read};
inline constexpr Right deletionsEnqueue{"deletions.enqueue", admin, Need::administer};
inline constexpr Right deletionsList{"deletions.list", admin, Need::administer};
inline constexpr Right deletionsDrain{"deletions.drain", admin, Need::administer};
inline constexpr Right deletionsRetry{"deletions.retry", admin, Need::administer};
inline constexpr Right exportsStart{"exports.start", owner | admin, Need::change};
inline constexpr Right exportsOpen{"exports.open", owner | admin, Need::change};
inline constexpr Right tasksList{"tasks.list", admin, Need::administer};
inline constexpr Right tasksShow{"tasks.show", admin, Need::administer};
inline constexpr Right tasksRun{"tasks.run", admin, Need::administer};
inline constexpr Right tasksHistory{"tasks.history", admin, Need::administer};
inline constexpr Right serverStatus{"server.status", admin, Need::administer};
inline constexpr Right serverLimits{"server.limits", admin, Need::administer};
inline constexpr Right serverReload{"server.reload", admin, Need::administer};
inline constexpr Right serverMetrics{"server.metrics", admin, Need::watch};
}  // namespace rights

/// Returns whether `who` has the right. `thing` is the user to whom the object belongs, if there is one.
bool may(const Identity& who, const Right& right, std::optional<UserId> thing = {}) noexcept;

/// Throws unauthenticated (for an anonymous caller) or forbidden unless `who` has the right.
void require(const Identity& who, const Right& right, std::optional<UserId> thing = {});

/// Throws forbidden if the object belongs to `who` and `who` lacks `right`: moderators do not moderate what is their
/// own.
void requireIfOwn(const Identity& who, const Right& right, UserId owner);

/// Does the same for an object that may not exist. If it has no owner, throws unauthenticated for an anonymous caller
/// and `absent` for all others.
void requireOn(const Identity& who, const Right& right, std::optional<UserId> thing, const Error& absent);

}  // namespace video::access
