#include "reports/rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/cursor.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "videos/rows.hpp"

namespace video::rows {
namespace {

constexpr std::string_view reportColumns =
    "SELECT r.id, r.what, r.video_id, r.comment_id, CASE r.what WHEN 'user' THEN a.login_name END, r.reason, r.text, "
    "r.time, r.state, r.decision, r.decision_text, r.decision_time";
// The names of the people, and what the report is about as long as its author is there.
constexpr std::string_view receivedColumns =
    ", a.login_name, CASE WHEN a.id IS NOT NULL THEN CASE r.what WHEN 'comment' THEN c.content WHEN 'video' THEN "
    "v.name END END, b.login_name, r.contact, m.login_name, ";
constexpr int viewColumn = 17;  // behind them
constexpr std::string_view reportTables =
    " FROM reports r LEFT JOIN users a ON a.id = r.about_id AND a.deleted IS NULL ";
constexpr std::string_view receivedTables =
    "LEFT JOIN users b ON b.id = r.reporter_id AND b.deleted IS NULL "
    "LEFT JOIN users m ON m.id = r.decided_by AND m.deleted IS NULL "
    "LEFT JOIN comments c ON c.id = r.comment_id LEFT JOIN video_info v ON v.id = r.video_id ";

std::string receivedSql(std::string_view filter) {
  return fmt::format("{}{}{}{}{}{}WHERE r.about_id <> ? AND {}", reportColumns, receivedColumns, viewColumns,
                     reportTables, receivedTables, viewOwner, filter);
}

template <class Made>
Made reportOf(const store::Query& row) {
  Made report;
  report.id.text = row.text(0);
  report.what = valueOf<ReportSubject>(row.text(1)).value_or(ReportSubject::video);
  if (auto id = row.optionalText(2)) report.video = VideoId{*std::move(id)};
  if (auto id = row.optionalText(3)) report.comment = CommentId{*std::move(id)};
  report.user = row.optionalText(4);
  report.reason = valueOf<ReportReason>(row.text(5)).value_or(ReportReason::other);
  report.text = row.text(6);
  report.time = row.time(7);
  report.state = valueOf<ReportState>(row.text(8)).value_or(ReportState::open);
  if (const auto decision = row.optionalText(9)) report.decision = valueOf<ReportDecision>(*decision);
  report.decisionText = row.optionalText(10);
  report.decided = row.optionalTime(11);
  return report;
}

ReceivedReport receivedOf(const store::Query& row, const ReportReader& by) {
  auto report = reportOf<ReceivedReport>(row);
  report.author = row.optionalText(12);
  if (const auto video = viewOf(row, viewColumn); video && by.maySee(*video)) report.content = row.optionalText(13);
  report.reporter = row.optionalText(14);
  report.contact = row.optionalText(15);
  report.decidedBy = row.optionalText(16);
  return report;
}

std::string subjectOf(const StoredReport& report) {
  return report.comment ? report.comment->text : report.video ? report.video->text : fmt::to_string(report.about.value);
}

// Of a guest who gave an address; without one it was a user who is deleted. As in the index reports_of_guest.
constexpr std::string_view ofGuest = "reporter_id IS NULL AND contact IS NOT NULL AND state = 'open'";

constexpr std::string_view inRange = "r.id >= ? AND r.id < ? ORDER BY r.id LIMIT ?";

}  // namespace

Page<ReceivedReport> listReports(store::Reader& reader, const ReportQuery& wanted, std::optional<UserId> about,
                                 const ReportReader& by) {
  const auto sql = [](std::string_view filter) {
    return receivedSql(fmt::format("r.state = ? AND {}{}", filter, inRange));
  };
  static const std::string all = sql("");
  static const std::string ofVideo = sql("r.video_id = ? AND ");
  static const std::string ofUser = sql("r.about_id = ? AND ");
  static const std::string ofBoth = sql("r.video_id = ? AND r.about_id = ? AND ");
  const ReportState state = wanted.state.value_or(ReportState::open);
  const IdPage range(wanted);
  const std::int64_t limit = wanted.limit + 1;
  const UserId not_ = by.notAbout;
  auto query = wanted.video && about
                   ? reader.query(ofBoth, not_, state, *wanted.video, *about, range.first, range.end, limit)
               : wanted.video ? reader.query(ofVideo, not_, state, *wanted.video, range.first, range.end, limit)
               : about        ? reader.query(ofUser, not_, state, *about, range.first, range.end, limit)
                              : reader.query(all, not_, state, range.first, range.end, limit);
  Page<ReceivedReport> page;
  readPage(
      page, query, wanted.limit, [&](const store::Query& row) { return receivedOf(row, by); }, IdPage::cursorOf);
  return page;
}

Page<Report> listReportsBy(store::Reader& reader, UserId reporter, const ListQuery& wanted) {
  static const std::string sql =
      fmt::format("{}{}WHERE r.reporter_id = ? AND {}", reportColumns, reportTables, inRange);
  const IdPage range(wanted);
  auto query = reader.query(sql, reporter, range.first, range.end, wanted.limit + 1);
  Page<Report> page;
  readPage(page, query, wanted.limit, reportOf<Report>, IdPage::cursorOf);
  return page;
}

std::optional<ReceivedReport> findReport(store::Reader& reader, const ReportId& id, const ReportReader& by) {
  static const std::string sql = receivedSql("r.id = ?");
  auto query = reader.query(sql, by.notAbout, id);
  return query.next() ? std::optional(receivedOf(query, by)) : std::nullopt;
}

bool hasMoreByGuests(store::Reader& reader, std::int64_t count) {
  static const std::string sql =
      fmt::format("SELECT 1 FROM reports WHERE subject > '' AND {} LIMIT 1 OFFSET ?", ofGuest);
  return reader.query(sql, count).next();
}

bool hasMoreByGuestsOf(store::Reader& reader, const StoredReport& report, std::int64_t count) {
  static const std::string sql =
      fmt::format("SELECT 1 FROM reports WHERE subject = ? AND {} LIMIT 1 OFFSET ?", ofGuest);
  return reader.query(sql, subjectOf(report), count).next();
}

bool hasResolvedReports(store::Reader& reader, Time until) {
  return reader.query("SELECT 1 FROM reports WHERE state = 'resolved' AND decision_time <= ? LIMIT 1", until).next();
}

bool insertReport(store::Transaction& transaction, const StoredReport& report) {
  return transaction
             .query(
                 "INSERT INTO reports (id, what, subject, video_id, comment_id, about_id, reporter_id, contact, "
                 "reason, "
                 "text, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                 report.id, report.what, subjectOf(report), report.video, report.comment, report.about, report.reporter,
                 report.contact, report.reason, report.text, report.time)
             .run() == 1;
}

bool resolveReport(store::Transaction& transaction, const ResolveReport& wanted, std::optional<UserId> by, Time now) {
  return transaction
             .query(
                 "UPDATE reports SET state = 'resolved', decision = ?, decision_text = ?, decided_by = ?, "
                 "decision_time = ? WHERE id = ? AND state = 'open'",
                 wanted.decision, wanted.text, by, now, wanted.id)
             .run() == 1;
}

void updateReported(store::Transaction& transaction, const VideoId& video) {
  transaction
      .query(
          "UPDATE video_info SET reported = EXISTS (SELECT 1 FROM reports WHERE video_id = ?1 AND state = 'open') "
          "WHERE id = ?1",
          video)
      .run();
}

std::int64_t anonymizeReportsBy(store::Transaction& transaction, UserId reporter, std::int64_t limit) {
  return transaction
      .query(
          "UPDATE reports SET reporter_id = NULL, contact = NULL, text = '', decision_text = NULL WHERE id IN "
          "(SELECT id FROM reports WHERE reporter_id = ? LIMIT ?)",
          reporter, limit)
      .run();
}

std::int64_t removeResolvedReports(store::Transaction& transaction, Time until, std::int64_t limit) {
  return transaction
      .query(
          "DELETE FROM reports WHERE id IN "
          "(SELECT id FROM reports WHERE state = 'resolved' AND decision_time <= ? LIMIT ?)",
          until, limit)
      .run();
}

std::int64_t removeDecider(store::Transaction& transaction, UserId user, std::int64_t limit) {
  return transaction
      .query("UPDATE reports SET decided_by = NULL WHERE id IN (SELECT id FROM reports WHERE decided_by = ? LIMIT ?)",
             user, limit)
      .run();
}

}  // namespace video::rows
