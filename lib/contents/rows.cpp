#include "contents/rows.hpp"

#include <fmt/format.h>

#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "videos/rows.hpp"

namespace video::rows {

void requireContentAllowed(store::Reader& reader, std::string_view sha256) {
  auto query = reader.query("SELECT reason FROM blocked_contents WHERE sha256 = ?", sha256);
  if (query.next()) throw Error(Fault::forbidden, fmt::format("content {}: is blocked: {}", sha256, query.text(0)));
}

bool isContentBlocked(store::Reader& reader, std::string_view sha256) {
  return reader.query("SELECT reason FROM blocked_contents WHERE sha256 = ?", sha256).next();
}

bool isBlockedByAdmin(store::Reader& reader, std::string_view sha256) {
  return reader
      .query(
          "SELECT 1 FROM blocked_contents b WHERE b.sha256 = ? AND NOT EXISTS (SELECT 1 FROM users u "
          "WHERE u.id = b.blocked_by AND u.deleted IS NULL AND u.role = 'moderator')",
          sha256)
      .next();
}

Page<BlockedContent> listBlockedContents(store::Reader& reader, const ListQuery& wanted) {
  const TimePage after(wanted.cursor);
  auto query = reader.query(
      "SELECT b.sha256, b.reason, u.login_name, b.time FROM blocked_contents b "
      "LEFT JOIN users u ON u.id = b.blocked_by AND u.deleted IS NULL "
      "WHERE (b.time, b.sha256) > (?, ?) AND b.time >= ? AND b.time < ? ORDER BY b.time, b.sha256 LIMIT ?",
      after.time, after.id, wanted.since.value_or(Time::min()), wanted.until.value_or(Time::max()), wanted.limit + 1);
  const auto read = [](const store::Query& row) {
    return BlockedContent{std::string(row.text(0)), std::string(row.text(1)), row.optionalText(2), row.time(3)};
  };
  Page<BlockedContent> page;
  readPage(page, query, wanted.limit, read,
           [](const BlockedContent& last) { return TimePage::cursor(last.time, last.sha256); });
  return page;
}

void forEachUnblocked(store::Reader& reader, std::string_view sha256,
                      const std::function<void(VideoId, const ViewedVideo&)>& take) {
  // Two parts, so that both are in the order of their indexes.
  const auto part = [](std::string_view which) {
    return fmt::format(
        "SELECT v.id, {} FROM video_info v CROSS JOIN users o ON o.id = v.author_id AND o.deleted IS NULL "
        "WHERE {} AND v.blocked IS NULL",
        viewColumns, which);
  };
  static const std::string sql = part("v.sha256 = ?1 AND v.sha256 <> ''") + " UNION ALL " +
                                 part("v.original_sha256 = ?1 AND v.sha256 <> ?1") + " ORDER BY 1";
  auto query = reader.query(sql, sha256);
  while (query.next()) take(VideoId{std::string(query.text(0))}, viewOf(query, 1).value());
}

void blockContent(store::Transaction& transaction, const BlockContent& wanted, std::optional<UserId> by, Time now) {
  transaction
      .query(
          "INSERT INTO blocked_contents (sha256, reason, blocked_by, time) VALUES (?, ?, ?, ?) "
          "ON CONFLICT (sha256) DO UPDATE SET reason = excluded.reason, blocked_by = excluded.blocked_by, "
          "time = excluded.time",
          wanted.sha256, wanted.reason, by, now)
      .run();
}

std::int64_t removeContentBlocker(store::Transaction& transaction, UserId user, std::int64_t limit) {
  return transaction
      .query(
          "UPDATE blocked_contents SET blocked_by = NULL WHERE sha256 IN "
          "(SELECT sha256 FROM blocked_contents WHERE blocked_by = ? LIMIT ?)",
          user, limit)
      .run();
}

bool unblockContent(store::Transaction& transaction, std::string_view sha256) {
  return transaction.query("DELETE FROM blocked_contents WHERE sha256 = ?", sha256).run() == 1;
}

}  // namespace video::rows
