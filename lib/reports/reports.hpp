#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/credential.hpp"
#include "base/fields.hpp"
#include "base/ids.hpp"

namespace video {

using ReportId = Id<struct ReportNoun>;  ///< UUIDv7

/// What a report is about.
enum class ReportSubject { video, comment, user };
/// Why something is reported.
enum class ReportReason { illegal, harassment, copyright, spam, other };
/// Whether a report waits for a decision.
enum class ReportState { open, resolved };
/// What was decided on a report: nothing is done about it, or what was done.
enum class ReportDecision { dismissed, removed, blocked, muted };

/// A report, as its reporter sees it.
struct Report {
  ReportId id;
  ReportSubject what = ReportSubject::video;
  std::optional<VideoId> video;      ///< the reported video, or the video of the reported comment
  std::optional<CommentId> comment;  ///< the reported comment
  std::optional<std::string> user;   ///< name of the reported user, while there is one
  ReportReason reason = ReportReason::other;
  std::string text;  ///< at most 2000 characters; may have several lines
  Time time{};
  ReportState state = ReportState::open;
  std::optional<ReportDecision> decision;
  std::optional<std::string> decisionText;  ///< what the moderator wrote to the reporter, at most 2000 characters
  std::optional<Time> decided;              ///< when it was resolved
};

/// A report, as moderators see it.
struct ReceivedReport : Report {
  std::optional<std::string> author;     ///< the user it is about: owner of the video, author of the comment
  std::optional<std::string> content;    ///< name of the video or text of the comment as it is now, if the caller may
                                         ///< see the video
  std::optional<std::string> reporter;   ///< user who reported it; none for a guest or a deleted account
  std::optional<std::string> contact;    ///< address to answer to
  std::optional<std::string> decidedBy;  ///< user who resolved it; none for the operator
};

/// What every new report has.
struct NewReport {
  ReportReason reason = ReportReason::other;
  std::optional<std::string> text;     ///< at most 2000 characters; may have several lines
  std::optional<std::string> contact;  ///< address to answer to, 3 to 254 characters; guests must give one
  std::string address{};               ///< client address, for the limit on reports; never sent over the wire
};

/// A report of a video.
struct ReportVideo : NewReport {
  VideoId video;
};

/// A report of a comment.
struct ReportComment : ReportVideo {
  CommentId comment;
};

/// A report of a user.
struct ReportUser : NewReport {
  std::string user;
};

/// The reply to a report: its id, or nothing if the caller has reported the same thing before.
struct Reported {
  std::optional<ReportId> id;
};

/// Identifies a report.
struct ReportRef {
  ReportId id;
};

/// Which reports to list, oldest first.
struct ReportQuery : ListQuery {
  std::optional<ReportState> state;  ///< default: open
  std::optional<VideoId> video;      ///< only reports of this video and of its comments
  std::optional<std::string> user;   ///< only reports of this user, and of the user's videos and comments
};

/// Which of a user's own reports to list, oldest first.
struct ReportsMadeQuery : ListQuery {
  std::string user;
};

/// The decision on a report.
struct ResolveReport {
  ReportId id;
  ReportDecision decision = ReportDecision::dismissed;
  std::optional<std::string> text;  ///< for the reporter, at most 2000 characters; may have several lines
};

/// How many reports by guests may be open; 0: no limit.
struct ReportsOptions {
  std::int64_t maxOfGuests = 10'000;        ///< of all videos, comments and users
  std::int64_t maxOfGuestsPerSubject = 20;  ///< of one
};

/// Reports of videos, comments and users. Every function may be called from any thread and throws Error.
class Reports {
 public:
  virtual ~Reports() = default;
  /// Reports a video that the caller may see. Anyone; a guest must give `contact`. A second report of the same thing by
  /// one caller (a user; a guest by `contact`) changes nothing as long as the first is open. Faults: malformed,
  /// notFound, diskFull, forbidden (the caller is muted), tooMany (from one address, or open ones by guests; except by
  /// the operator).
  virtual Reported video(const Credential& by, const ReportVideo& wanted) = 0;
  /// Reports a comment on such a video. The same faults.
  virtual Reported comment(const Credential& by, const ReportComment& wanted) = 0;
  /// Reports a user. The same faults.
  virtual Reported user(const Credential& by, const ReportUser& wanted) = 0;
  /// Lists reports, oldest first. For moderators, without those about themselves, admins and the operator. Faults:
  /// notFound (the user).
  virtual Page<ReceivedReport> list(const Credential& by, const ReportQuery& wanted) = 0;
  /// Returns a report. For the same callers. Faults: notFound (for moderators also one about themselves).
  virtual ReceivedReport show(const Credential& by, const ReportRef& wanted) = 0;
  /// Records the decision on an open report, which its reporter can read then. Nothing else is done: videos are
  /// blocked, users muted and comments removed by the operations for that. For the same callers. Faults: malformed,
  /// notFound (the same), conflict (already resolved).
  virtual ReceivedReport resolve(const Credential& by, const ResolveReport& wanted) = 0;
  /// Lists the reports that a user has made, with the decisions. For the user, admins and the operator. Faults:
  /// notFound.
  virtual Page<Report> made(const Credential& by, const ReportsMadeQuery& wanted) = 0;
};

}  // namespace video
