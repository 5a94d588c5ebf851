#include "comments/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/cursor.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "videos/rows.hpp"

namespace video::rows {
namespace {

constexpr std::string_view columns =
    "c.id, c.video_id, u.login_name, c.content, c.time, c.position_ms, u.display_name, c.parent_id, c.held, "
    "c.author_id IS NULL, c.mode, c.color, c.size, c.imported_author, c.source_id, "
    "c.source_style";
constexpr int viewColumn = 16;  // behind them
// Of live authors only.
constexpr std::string_view withAuthor = "CROSS JOIN users u ON u.id = c.author_id AND u.deleted IS NULL ";

Comment commentOf(const store::Query& row) {
  Comment comment;
  comment.id.text = row.text(0);
  comment.video.text = row.text(1);
  comment.author = row.text(2);
  comment.content = row.text(3);
  comment.time = row.time(4);
  comment.positionMs = row.optionalInteger(5);
  comment.authorDisplayName = row.optionalText(6);
  if (!row.isNull(7)) comment.parent = CommentId{std::string(row.text(7))};
  if (!row.isNull(8)) comment.held = valueOf<HeldFor>(row.text(8));
  if (row.integer(9) != 0) comment.deleted = true;
  if (!row.isNull(10)) comment.mode = valueOf<CommentMode>(row.text(10));
  comment.color = row.optionalInteger(11);
  if (!row.isNull(12)) comment.size = valueOf<CommentSize>(row.text(12));
  comment.importedAuthor = row.optionalText(13);
  comment.sourceId = row.optionalText(14);
  comment.sourceStyle = row.optionalText(15);
  if (comment.sourceId) {  // by somebody else than the user who answers for it
    comment.author.clear();
    comment.authorDisplayName.reset();
  }
  return comment;
}

// How many comments a page looks at, at most: it costs no more where the caller may see few of them.
constexpr std::int64_t mostLooked = 2000;

// A page of comments on videos that the caller may see, of a query for `mostLooked` and one more.
Page<Comment> pageById(store::Query query, std::int64_t limit, const MaySee& maySee) {
  Page<Comment> page;
  std::string last;
  std::size_t bytes = 0;
  for (std::int64_t seen = 0; query.next(); ++seen) {
    if (seen == mostLooked || std::ssize(page.items) == limit || bytes >= mostPageBytes) {
      page.nextCursor = makeCursor({last});
      return page;
    }
    last = query.text(0);
    const auto video = viewOf(query, viewColumn);
    if (maySee && !(video && maySee(*video))) continue;
    page.items.push_back(commentOf(query));
    bytes += roughSize(page.items.back());
  }
  return page;
}

// A list by ID of comments by live authors.
std::string listById(std::string_view filter, std::string_view direction = {}) {
  return fmt::format(
      "SELECT {}, {} FROM comments c {}CROSS JOIN video_info v ON v.id = c.video_id {}WHERE {} AND c.id >= ? AND "
      "c.id < ? ORDER BY c.id {}LIMIT ?",
      columns, viewColumns, withAuthor, viewOwner, filter, direction);
}

// `plain` are comments without a position.
enum class ListOrder { time, position, replies, plain };

// Two SELECTs, of the public and the held comments, merged by SQLite, so that each uses an index.
std::string listSql(ListOrder order, bool descending, bool seesAllHeld) {
  const std::string_view key = order == ListOrder::position ? "c.position_ms" : "c.time";
  const bool isPlain = order == ListOrder::plain;
  const auto part = [&](std::string_view which) {
    return fmt::format(
        "SELECT {0} FROM comments c LEFT JOIN users u ON u.id = c.author_id AND u.deleted IS NULL WHERE (u.id IS NOT "
        "NULL OR c.author_id IS NULL) AND {1} AND {2} IS NOT NULL AND ({2}, c.id) {3} (?3, ?4) AND {2} >= ?5 AND {2} < "
        "?6",
        columns, which, key, descending ? '<' : '>');
  };
  const bool replies = order == ListOrder::replies;
  // A + keeps SQLite from using the index of a column.
  const std::string of = replies   ? "+c.video_id = ?2 AND c.parent_id = ?7"
                         : isPlain ? "c.video_id = ?2 AND c.position_ms IS NULL"
                                   : "c.video_id = ?2";
  const std::string own =
      fmt::format("c.author_id = ?1 AND c.video_id = ?2{}", replies   ? " AND +c.parent_id = ?7"
                                                            : isPlain ? " AND +c.position_ms IS NULL"
                                                                      : "");
  return fmt::format("{0} UNION ALL {1} ORDER BY {2}{3}, 1{3} LIMIT ?8", part(of + " AND c.is_held = 0"),
                     part((seesAllHeld ? of : own) + " AND c.is_held = 1"), order == ListOrder::position ? 6 : 5,
                     descending ? " DESC" : "");
}

// Prepares all texts once. The index follows the loops: order, direction, who sees the held ones.
const std::string& listSqlFor(ListOrder order, bool descending, bool seesAllHeld) {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> made;
    for (const ListOrder one : {ListOrder::time, ListOrder::position, ListOrder::replies, ListOrder::plain})
      for (const bool down : {false, true})
        for (const bool sees : {false, true}) made.push_back(listSql(one, down, sees));
    return made;
  }();
  return all[static_cast<std::size_t>(order) * 4 + (descending ? 2 : 0) + (seesAllHeld ? 1 : 0)];
}

ListOrder orderOf(const CommentQuery& wanted) {
  if (wanted.by == CommentOrder::position) return ListOrder::position;
  if (wanted.parent) return ListOrder::replies;
  return wanted.position == CommentPosition::none ? ListOrder::plain : ListOrder::time;
}

}  // namespace

Page<Comment> listComments(store::Reader& reader, const CommentQuery& wanted, const CommentReader& by) {
  constexpr std::chrono::milliseconds tick{1};
  const ListOrder order = orderOf(wanted);
  const bool position = order == ListOrder::position;
  const bool descending = (wanted.by == CommentOrder::newest) != wanted.reverse.value_or(false);
  TimePage after(wanted.cursor);
  if (descending && !wanted.cursor) after.time = Time::max();
  // `from < time <= to`, in whole milliseconds.
  const Time since = std::max(wanted.since.value_or(Time::min()), wanted.from ? *wanted.from + tick : Time::min());
  const Time until = std::min(wanted.until.value_or(Time::max()), wanted.to ? *wanted.to + tick : Time::max());
  const std::int64_t limit = wanted.limit + 1;
  const std::string& sql = listSqlFor(order, descending, by.seesAllHeld);
  auto query = position
                   ? reader.query(sql, by.user, wanted.video, after.time, after.id, wanted.atFrom.value_or(0),
                                  wanted.atTo.value_or(INT64_MAX), wanted.parent, limit)
                   : reader.query(sql, by.user, wanted.video, after.time, after.id, since, until, wanted.parent, limit);
  Page<Comment> page;
  // A position is paged by like a time: both are milliseconds.
  readPage(page, query, wanted.limit, commentOf, [&](const Comment& last) {
    const Time at{std::chrono::milliseconds{last.positionMs.value_or(0)}};
    return TimePage::cursor(position ? at : last.time, last.id.text);
  });
  return page;
}

Page<Comment> listLiveComments(store::Reader& reader, const VideoId& video, Time from, Time to, std::int64_t limit) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM comments c {}WHERE c.video_id = ? AND c.is_held = 0 AND c.position_ms IS NOT NULL AND "
      "c.source_id IS NULL AND c.time > ? AND c.time <= ? ORDER BY c.time, c.id LIMIT ?",
      columns, withAuthor);
  auto query = reader.query(sql, video, from, to, limit + 1);
  Page<Comment> page;
  readPage(page, query, limit, commentOf,
           [](const Comment& last) { return TimePage::cursor(last.time, last.id.text); });
  return page;
}

Page<Comment> listHeldComments(store::Reader& reader, std::optional<UserId> author, const ListQuery& wanted,
                               const MaySee& maySee) {
  static const std::string ofAll = listById("c.held IS NOT NULL");
  static const std::string ofOne = listById("c.author_id = ? AND c.held IS NOT NULL");
  const IdPage page(wanted);
  return pageById(author ? reader.query(ofOne, *author, page.first, page.end, mostLooked + 1)
                         : reader.query(ofAll, page.first, page.end, mostLooked + 1),
                  wanted.limit, maySee);
}

Page<Comment> listCommentsBy(store::Reader& reader, UserId author, const ListQuery& wanted, const MaySee& maySee) {
  static const std::string sql = listById("c.author_id = ?");
  const IdPage page(wanted);
  return pageById(reader.query(sql, author, page.first, page.end, mostLooked + 1), wanted.limit, maySee);
}

Page<Comment> listSaidBy(store::Reader& reader, UserId author, const CommentsByQuery& wanted, const MaySee& maySee) {
  // What was imported is by somebody else.
  static const std::string up = listById("c.author_id = ? AND c.source_id IS NULL");
  static const std::string down = listById("c.author_id = ? AND c.source_id IS NULL", "DESC ");
  const bool reverse = wanted.reverse.value_or(false);
  ListQuery bounds = wanted;
  if (reverse) bounds.cursor.reset();  // which is their end then
  IdPage page(bounds);
  if (reverse && wanted.cursor) page.end = std::min(page.end, readCursor(*wanted.cursor, 1)[0]);
  return pageById(reader.query(reverse ? down : up, author, page.first, page.end, mostLooked + 1), wanted.limit,
                  maySee);
}

std::optional<StoredComment> findComment(store::Reader& reader, const CommentRef& wanted) {
  auto query = reader.query(
      "SELECT c.author_id, c.parent_id, c.held IS NOT NULL FROM comments c "
      "CROSS JOIN users u ON u.id = c.author_id AND u.deleted IS NULL "
      "CROSS JOIN video_info v ON v.id = c.video_id CROSS JOIN users o ON o.id = v.author_id AND o.deleted IS NULL "
      "WHERE c.id = ? AND c.video_id = ?",
      wanted.id, wanted.video);
  if (!query.next()) return std::nullopt;
  StoredComment comment{UserId{query.integer(0)}, {}, query.integer(2) != 0};
  if (!query.isNull(1)) comment.parent = CommentId{std::string(query.text(1))};
  return comment;
}

std::optional<Comment> showComment(store::Reader& reader, const CommentId& id) {
  static const std::string sql = fmt::format("SELECT {} FROM comments c {}WHERE c.id = ?", columns, withAuthor);
  auto query = reader.query(sql, id);
  return query.next() ? std::optional(commentOf(query)) : std::nullopt;
}

bool hasReplies(store::Reader& reader, const CommentRef& wanted) {
  return reader.query("SELECT 1 FROM comments WHERE parent_id = ? AND +video_id = ? LIMIT 1", wanted.id, wanted.video)
      .next();
}

bool isKnownAuthor(store::Reader& reader, UserId author, std::int64_t count) {
  if (reader.query("SELECT 1 FROM users WHERE id = ? AND comments_approved = 1", author).next()) return true;
  // Few enough for a transaction, however many of them are held.
  auto first = reader.query("SELECT held IS NULL FROM comments WHERE author_id = ? ORDER BY id LIMIT 500", author);
  while (count > 0 && first.next()) count -= first.integer(0);
  return count == 0;
}

std::vector<std::int64_t> countByPosition(store::Reader& reader, const VideoId& video, std::int64_t end) {
  constexpr std::size_t bins = 100;
  std::vector<std::int64_t> counts(bins);
  auto query = reader.query(
      "SELECT c.position_ms FROM comments c CROSS JOIN users u ON u.id = c.author_id AND u.deleted IS NULL "
      "WHERE c.video_id = ? AND c.is_held = 0 AND c.position_ms IS NOT NULL AND c.position_ms < ? "
      "ORDER BY c.position_ms",
      video, end);
  while (query.next()) {
    const double part = static_cast<double>(query.integer(0)) / static_cast<double>(end);
    ++counts[std::min<std::size_t>(static_cast<std::size_t>(part * static_cast<double>(bins)), bins - 1)];
  }
  return counts;
}

std::int64_t lastPosition(store::Reader& reader, const VideoId& video) {
  auto query = reader.query(
      "SELECT c.position_ms FROM comments c CROSS JOIN users u ON u.id = c.author_id AND u.deleted IS NULL "
      "WHERE c.video_id = ? AND c.is_held = 0 AND c.position_ms IS NOT NULL ORDER BY c.position_ms DESC LIMIT 1",
      video);
  return query.next() ? std::min(query.integer(0), INT64_MAX - 1) : 0;
}

std::int64_t countImported(store::Reader& reader, const VideoId& video) {
  auto query = reader.query("SELECT count(*) FROM comments WHERE video_id = ? AND source_id IS NOT NULL", video);
  return query.next() ? query.integer(0) : 0;
}

bool hasSource(store::Reader& reader, const VideoId& video, std::string_view source) {
  return reader
      .query("SELECT 1 FROM comments WHERE video_id = ? AND source_id = ? AND source_id IS NOT NULL", video, source)
      .next();
}

std::int64_t countHeldBy(store::Reader& reader, UserId author, std::int64_t most) {
  auto query = reader.query("SELECT 1 FROM comments WHERE author_id = ? AND held IS NOT NULL LIMIT ?", author, most);
  std::int64_t count = 0;
  while (query.next()) ++count;
  return count;
}

std::int64_t importedSize(const Comment& comment) {
  return static_cast<std::int64_t>(comment.content.size()) + 300;  // as the triggers on comments have it
}

void addImportedSize(store::Transaction& transaction, const VideoId& video, std::int64_t bytes) {
  transaction.query("UPDATE video_info SET beside_size = beside_size + ? WHERE id = ?", bytes, video).run();
}

std::int64_t transferImported(store::Transaction& transaction, UserId from, UserId to, std::int64_t limit) {
  return transaction
      .query(
          "UPDATE comments SET author_id = ?2 WHERE id IN "
          "(SELECT id FROM comments WHERE author_id = ?1 AND source_id IS NOT NULL LIMIT ?3)",
          from, to, limit)
      .run();
}

std::optional<std::string> handOverImported(store::Transaction& transaction, const VideoId& video,
                                            std::string_view after) {
  std::optional<std::string> last;
  std::vector<std::string> ids;
  auto query = transaction.query(
      "SELECT id, source_id FROM comments WHERE video_id = ? AND source_id > ? AND source_id IS NOT NULL "
      "ORDER BY source_id LIMIT 500",
      video, after);
  while (query.next()) {
    ids.emplace_back(query.text(0));
    last = query.text(1);
  }
  for (const std::string& id : ids)
    transaction
        .query("UPDATE comments SET author_id = (SELECT author_id FROM video_info WHERE id = ?) WHERE id = ?", video,
               id)
        .run();
  return last;
}

bool insertComment(store::Transaction& transaction, const Comment& comment, UserId author) {
  return transaction
             .query(
                 "INSERT INTO comments (id, video_id, author_id, content, time, position_ms, parent_id, held, mode, "
                 "color, size, imported_author, source_id, source_style) "
                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                 "ON CONFLICT (video_id, source_id) WHERE source_id IS NOT NULL DO NOTHING",
                 comment.id, comment.video, author, comment.content, comment.time, comment.positionMs, comment.parent,
                 comment.held, comment.mode, comment.color, comment.size, comment.importedAuthor, comment.sourceId,
                 comment.sourceStyle)
             .run() == 1;
}

void setHeld(store::Transaction& transaction, const CommentId& id, std::optional<HeldFor> held) {
  transaction.query("UPDATE comments SET held = ? WHERE id = ?", held, id).run();
}

void markAuthorApproved(store::Transaction& transaction, const CommentId& id) {
  transaction
      .query("UPDATE users SET comments_approved = 1 WHERE id = (SELECT author_id FROM comments WHERE id = ?)", id)
      .run();
}

void deleteComment(store::Transaction& transaction, const CommentId& id, const std::optional<CommentId>& parent) {
  // Only a comment without a parent can have replies.
  const bool hasReplies =
      !parent &&
      transaction
              .query(
                  "UPDATE comments SET author_id = NULL, content = '', position_ms = NULL, held = NULL, "
                  "mode = NULL, color = NULL, size = NULL, imported_author = NULL, source_id = NULL, "
                  "source_style = NULL WHERE id = ?1 AND EXISTS (SELECT 1 FROM comments WHERE parent_id = ?1)",
                  id)
              .run() > 0;
  if (hasReplies) return;
  transaction.query("DELETE FROM comments WHERE id = ?", id).run();
  if (parent)
    transaction
        .query(
            "DELETE FROM comments WHERE id = ?1 AND author_id IS NULL AND "
            "NOT EXISTS (SELECT 1 FROM comments WHERE parent_id = ?1)",
            *parent)
        .run();
}

std::int64_t deleteCommentsOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit) {
  return transaction
      .query("DELETE FROM comments WHERE id IN (SELECT id FROM comments WHERE video_id = ? LIMIT ?)", video, limit)
      .run();
}

std::int64_t deleteCommentsBy(store::Transaction& transaction, UserId author, std::int64_t limit) {
  std::vector<std::pair<CommentId, std::optional<CommentId>>> found;
  auto query = transaction.query("SELECT id, parent_id FROM comments WHERE author_id = ? LIMIT ?", author, limit);
  while (query.next()) {
    const auto parent = query.optionalText(1);
    found.emplace_back(CommentId{std::string(query.text(0))},
                       parent ? std::optional(CommentId{*parent}) : std::nullopt);
  }
  for (const auto& [id, parent] : found) deleteComment(transaction, id, parent);
  return std::ssize(found);
}

}  // namespace video::rows
