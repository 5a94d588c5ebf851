#pragma once

#include <cstdint>
#include <optional>

#include "base/visibility.hpp"
#include "reports/fields.hpp"
#include "store/database.hpp"

namespace video::rows {

/// A report to store: who reports what.
struct StoredReport : Report {
  UserId about;                        ///< the reported user, the video's owner or the comment's author
  std::optional<UserId> reporter;      ///< none for a guest
  std::optional<std::string> contact;  ///< of a guest; a user may give one too
};

/// The caller who reads reports.
struct ReportReader {
  UserId notAbout{};  ///< does not see reports about this user; 0 = sees all
  MaySee maySee;      ///< sees the content of reports of these videos and their comments
};

/// Returns a page of reports about one user, or about any.
Page<ReceivedReport> listReports(store::Reader& reader, const ReportQuery& wanted, std::optional<UserId> about,
                                 const ReportReader& by);
/// Returns a page of the reports that a user has made.
Page<Report> listReportsBy(store::Reader& reader, UserId reporter, const ListQuery& wanted);
std::optional<ReceivedReport> findReport(store::Reader& reader, const ReportId& id, const ReportReader& by);
/// Returns whether more than `count` reports by guests are open.
bool hasMoreByGuests(store::Reader& reader, std::int64_t count);
/// Does the same for those of the same thing as `report`.
bool hasMoreByGuestsOf(store::Reader& reader, const StoredReport& report, std::int64_t count);
/// Returns whether there is a report that was resolved at `until` or before.
bool hasResolvedReports(store::Reader& reader, Time until);

/// Inserts a report unless its reporter has an open one of the same thing. Returns whether it was inserted.
bool insertReport(store::Transaction& transaction, const StoredReport& report);
/// Records the decision of `by` (none: the operator) on an open report. Returns whether it was open.
bool resolveReport(store::Transaction& transaction, const ResolveReport& wanted, std::optional<UserId> by, Time now);
/// Records with a video whether a report of it or of its comments is open: moderators see it then.
void updateReported(store::Transaction& transaction, const VideoId& video);
/// Removes the reporter and what the reporter wrote from at most `limit` reports of a user. Returns how many.
std::int64_t anonymizeReportsBy(store::Transaction& transaction, UserId reporter, std::int64_t limit);
/// Removes at most `limit` reports that were resolved at `until` or before. Returns how many.
std::int64_t removeResolvedReports(store::Transaction& transaction, Time until, std::int64_t limit);

/// Removes a user from at most `limit` decisions that the user has made; they stay. Returns how many.
std::int64_t removeDecider(store::Transaction& transaction, UserId user, std::int64_t limit);

}  // namespace video::rows
