#include "comments/rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/cursor.hpp"
#include "base/json.hpp"

namespace video::rows {
namespace {

constexpr std::string_view select =
    "SELECT c.id, c.video_id, u.login_name, c.content, c.time, c.position_ms "
    "FROM comments c CROSS JOIN users u ON u.id = c.author_id AND u.deleted IS NULL WHERE c.video_id = ?";

Comment commentOf(const store::Query& row) {
  Comment comment;
  comment.id.text = row.text(0);
  comment.video.text = row.text(1);
  comment.author = row.text(2);
  comment.content = row.text(3);
  comment.time = row.time(4);
  comment.positionMs = row.optionalInteger(5);
  return comment;
}

}  // namespace

Page<Comment> listComments(store::Reader& reader, const CommentQuery& wanted) {
  static const std::string byTime = fmt::format(
      "{} AND (c.time, c.id) > (?, ?) AND c.time >= ? AND c.time < ? ORDER BY c.time, c.id LIMIT ?", select);
  static const std::string byPosition = fmt::format(
      "{} AND c.position_ms IS NOT NULL AND (c.position_ms, c.id) > (?, ?) AND c.position_ms >= ? AND c.position_ms < "
      "? "
      "ORDER BY c.position_ms, c.id LIMIT ?",
      select);
  constexpr std::chrono::milliseconds tick{1};
  const bool position = wanted.by == CommentOrder::position;
  const TimePage after(wanted.cursor);
  // `from < time <= to`, in whole milliseconds.
  const Time since = std::max(wanted.since.value_or(Time::min()), wanted.from ? *wanted.from + tick : Time::min());
  const Time until = std::min(wanted.until.value_or(Time::max()), wanted.to ? *wanted.to + tick : Time::max());
  auto query = position ? reader.query(byPosition, wanted.video, after.time, after.id, wanted.atFrom.value_or(0),
                                       wanted.atTo.value_or(INT64_MAX), wanted.limit + 1)
                        : reader.query(byTime, wanted.video, after.time, after.id, since, until, wanted.limit + 1);
  Page<Comment> page;
  // A position is paged by like a time: both are milliseconds.
  readPage(page, query, wanted.limit, commentOf, [&](const Comment& last) {
    const Time at{std::chrono::milliseconds{last.positionMs.value_or(0)}};
    return TimePage::cursor(position ? at : last.time, last.id.text);
  });
  return page;
}

Page<Comment> listCommentsBy(store::Reader& reader, UserId author, const ListQuery& wanted) {
  const std::string after = wanted.cursor ? readCursor(*wanted.cursor, 1).front() : std::string();
  auto query = reader.query(
      "SELECT c.id, c.video_id, u.login_name, c.content, c.time, c.position_ms FROM comments c "
      "CROSS JOIN users u ON u.id = c.author_id WHERE c.author_id = ? AND c.id > ? ORDER BY c.id LIMIT ?",
      author, after, wanted.limit + 1);
  Page<Comment> page;
  readPage(page, query, wanted.limit, commentOf, [](const Comment& last) { return makeCursor({last.id.text}); });
  return page;
}

std::optional<StoredComment> findComment(store::Reader& reader, const CommentRef& wanted) {
  auto query = reader.query(
      "SELECT c.author_id, v.author_id FROM comments c CROSS JOIN users u ON u.id = c.author_id AND u.deleted IS NULL "
      "CROSS JOIN video_info v ON v.id = c.video_id CROSS JOIN users o ON o.id = v.author_id AND o.deleted IS NULL "
      "WHERE c.id = ? AND c.video_id = ?",
      wanted.id, wanted.video);
  if (!query.next()) return std::nullopt;
  return StoredComment{UserId{query.integer(0)}, UserId{query.integer(1)}};
}

void insertComment(store::Transaction& transaction, const Comment& comment, UserId author) {
  transaction
      .query("INSERT INTO comments (id, video_id, author_id, content, time, position_ms) VALUES (?, ?, ?, ?, ?, ?)",
             comment.id, comment.video, author, comment.content, comment.time, comment.positionMs)
      .run();
}

void deleteComment(store::Transaction& transaction, const CommentId& id) {
  transaction.query("DELETE FROM comments WHERE id = ?", id).run();
}

std::int64_t deleteCommentsOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit) {
  return transaction
      .query("DELETE FROM comments WHERE id IN (SELECT id FROM comments WHERE video_id = ? LIMIT ?)", video, limit)
      .run();
}

std::int64_t deleteCommentsBy(store::Transaction& transaction, UserId author, std::int64_t limit) {
  return transaction
      .query("DELETE FROM comments WHERE id IN (SELECT id FROM comments WHERE author_id = ? LIMIT ?)", author, limit)
      .run();
}

}  // namespace video::rows
