#include "views/rows.hpp"

#include <utility>
#include <vector>

#include "base/cursor.hpp"

namespace video::rows {
namespace {

HistoryEntry entryOf(const store::Query& row) {
  HistoryEntry entry;
  entry.video.text = row.text(0);
  entry.positionMs = row.integer(1);
  entry.ended = row.integer(2) != 0;
  entry.time = row.time(3);
  return entry;
}

}  // namespace

bool wasCounted(store::Reader& reader, const VideoId& video, std::string_view viewer, Time since) {
  return reader
      .query("SELECT 1 FROM counted_views WHERE video_id = ? AND viewer = ? AND time > ?", video, viewer, since)
      .next();
}

void countView(store::Transaction& transaction, const VideoId& video, std::string_view viewer, Time since, Time now) {
  const bool counts = transaction
                          .query(
                              "INSERT INTO counted_views (video_id, viewer, time) VALUES (?1, ?2, ?3) "
                              "ON CONFLICT (video_id, viewer) DO UPDATE SET time = excluded.time "
                              "WHERE counted_views.time <= ?4",
                              video, viewer, now, since)
                          .run() == 1;
  if (counts) transaction.query("UPDATE video_info SET views = views + 1 WHERE id = ?", video).run();
}

bool keepsHistory(store::Reader& reader, UserId user) {
  return reader.query("SELECT 1 FROM users WHERE id = ? AND history_off = 0", user).next();
}

void savePosition(store::Transaction& transaction, UserId user, const HistoryEntry& entry) {
  transaction
      .query(
          "INSERT INTO history (user_id, video_id, position_ms, ended, time) "
          "SELECT id, ?2, ?3, ?4, ?5 FROM users WHERE id = ?1 AND history_off = 0 "
          "ON CONFLICT (user_id, video_id) DO UPDATE SET position_ms = excluded.position_ms, ended = excluded.ended, "
          "time = excluded.time",
          user, entry.video, entry.positionMs, entry.ended, entry.time)
      .run();
}

std::optional<HistoryEntry> findHistory(store::Reader& reader, UserId user, const VideoId& video) {
  auto query = reader.query("SELECT video_id, position_ms, ended, time FROM history WHERE user_id = ? AND video_id = ?",
                            user, video);
  return query.next() ? std::optional(entryOf(query)) : std::nullopt;
}

Page<HistoryEntry> listHistory(store::Reader& reader, UserId user, const ListQuery& wanted) {
  TimePage before(wanted.cursor);
  if (!wanted.cursor) before.time = Time::max();
  auto query = reader.query(
      "SELECT video_id, position_ms, ended, time FROM history WHERE user_id = ? AND (time, video_id) < (?, ?) AND "
      "time >= ? AND time < ? ORDER BY time DESC, video_id DESC LIMIT ?",
      user, before.time, before.id, wanted.since.value_or(Time::min()), wanted.until.value_or(Time::max()),
      wanted.limit + 1);
  Page<HistoryEntry> page;
  readPage(page, query, wanted.limit, entryOf,
           [](const HistoryEntry& last) { return TimePage::cursor(last.time, last.video.text); });
  return page;
}

void removeHistory(store::Transaction& transaction, UserId user, const VideoId& video) {
  transaction.query("DELETE FROM history WHERE user_id = ? AND video_id = ?", user, video).run();
}

std::int64_t removeHistoryOf(store::Transaction& transaction, UserId user, std::int64_t limit) {
  return transaction
      .query(
          "DELETE FROM history WHERE user_id = ?1 AND video_id IN "
          "(SELECT video_id FROM history WHERE user_id = ?1 LIMIT ?2)",
          user, limit)
      .run();
}

std::int64_t removeViewsOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit) {
  const std::int64_t removed = transaction
                                   .query(
                                       "DELETE FROM history WHERE (user_id, video_id) IN "
                                       "(SELECT user_id, video_id FROM history WHERE video_id = ?1 LIMIT ?2)",
                                       video, limit)
                                   .run();
  if (removed >= limit) return removed;
  return removed + transaction
                       .query(
                           "DELETE FROM counted_views WHERE video_id = ?1 AND viewer IN "
                           "(SELECT viewer FROM counted_views WHERE video_id = ?1 LIMIT ?2)",
                           video, limit - removed)
                       .run();
}

bool hasOldHistory(store::Reader& reader, Time until) {
  return reader.query("SELECT 1 FROM history WHERE time < ? LIMIT 1", until).next();
}

std::int64_t removeOldHistory(store::Transaction& transaction, Time until, std::int64_t limit) {
  std::vector<std::pair<UserId, VideoId>> old;
  auto query = transaction.query("SELECT user_id, video_id FROM history WHERE time < ? LIMIT ?", until, limit);
  while (query.next()) old.emplace_back(UserId{query.integer(0)}, VideoId{std::string(query.text(1))});
  for (const auto& [user, video] : old) removeHistory(transaction, user, video);
  return std::ssize(old);
}

bool hasOldViews(store::Reader& reader, Time until) {
  return reader.query("SELECT 1 FROM counted_views WHERE time < ? LIMIT 1", until).next();
}

std::int64_t removeOldViews(store::Transaction& transaction, Time until, std::int64_t limit) {
  return transaction
      .query(
          "DELETE FROM counted_views WHERE (video_id, viewer) IN "
          "(SELECT video_id, viewer FROM counted_views WHERE time < ? LIMIT ?)",
          until, limit)
      .run();
}

}  // namespace video::rows
