#include "shares/rows.hpp"

#include <fmt/format.h>

#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace video::rows {
namespace {

constexpr std::string_view dropColumns =
    "d.id, d.label, d.create_time, d.expires, d.max_files, d.max_bytes, d.files, d.bytes, u.login_name, d.user_id";

StoredDrop dropOf(const store::Query& row) {
  StoredDrop drop;
  drop.id.text = row.text(0);
  drop.what = ShareWhat::drop;
  drop.label = row.text(1);
  drop.created = row.time(2);
  drop.expires = row.time(3);
  drop.maxFiles = row.integer(4);
  drop.maxBytes = row.optionalInteger(5);
  drop.files = row.integer(6);
  drop.bytes = row.integer(7);
  drop.user = row.text(8);
  drop.owner.value = row.integer(9);
  return drop;
}

}  // namespace

Page<Share> listShares(store::Reader& reader, const ShareQuery& wanted, Time now) {
  const TimePage after(wanted.cursor);
  Page<Share> page;
  auto query = reader.query(
      "SELECT id, what, label, create_time, expires FROM shares WHERE video_id = ? AND (create_time, id) > (?, ?) "
      "AND create_time >= ? AND create_time < ? AND expires > ? ORDER BY create_time, id LIMIT ?",
      wanted.video, after.time, after.id, wanted.since.value_or(Time::min()), wanted.until.value_or(Time::max()), now,
      wanted.limit + 1);
  const auto read = [&](const store::Query& row) {
    Share share;
    share.id.text = row.text(0);
    share.video = wanted.video;
    share.what = valueOf<ShareWhat>(row.text(1)).value_or(ShareWhat::view);
    share.label = row.text(2);
    share.created = row.time(3);
    share.expires = row.time(4);
    return share;
  };
  readPage(page, query, wanted.limit, read, TimePage::cursorOf);
  return page;
}

void insertShare(store::Transaction& transaction, const Share& share) {
  transaction.query("DELETE FROM shares WHERE video_id = ? AND expires <= ?", share.video, share.created).run();
  constexpr std::int64_t most = 500;  // keeps each write transaction short
  auto query = transaction.query("SELECT count(*) FROM shares WHERE video_id = ?", share.video);
  if (query.next() && query.integer(0) >= most)
    throw Error(Fault::conflict,
                fmt::format("video {}: already has {} links; revoke some", share.video.value().text, most));
  transaction
      .query("INSERT INTO shares (id, video_id, what, label, expires, create_time) VALUES (?, ?, ?, ?, ?, ?)", share.id,
             share.video, share.what, share.label, share.expires, share.created)
      .run();
}

Page<Share> listDrops(store::Reader& reader, UserId user, const ShareQuery& wanted, Time now) {
  static const std::string sql = fmt::format(
      "SELECT {} FROM drops d CROSS JOIN users u ON u.id = d.user_id WHERE d.user_id = ? AND (d.create_time, d.id) > "
      "(?, ?) AND d.create_time >= ? AND d.create_time < ? AND d.expires > ? ORDER BY d.create_time, d.id LIMIT ?",
      dropColumns);
  const TimePage after(wanted.cursor);
  Page<Share> page;
  readPage(
      page,
      reader.query(sql, user, after.time, after.id, wanted.since.value_or(Time::min()),
                   wanted.until.value_or(Time::max()), now, wanted.limit + 1),
      wanted.limit, [](const store::Query& row) { return static_cast<Share>(dropOf(row)); }, TimePage::cursorOf);
  return page;
}

std::optional<StoredDrop> findDrop(store::Reader& reader, const ShareId& id) {
  static const std::string sql =
      fmt::format("SELECT {} FROM drops d CROSS JOIN users u ON u.id = d.user_id AND u.deleted IS NULL WHERE d.id = ?",
                  dropColumns);
  auto query = reader.query(sql, id);
  return query.next() ? std::optional(dropOf(query)) : std::nullopt;
}

Announced announcedTo(store::Reader& reader, const StoredDrop& drop, Time since) {
  auto query = reader.query(
      "SELECT count(*), coalesce(sum(id < ?3), 0), coalesce(sum(iif(id < ?3, drop_size, 0)), 0) FROM video_info "
      "WHERE author_id = ?1 AND state = 'pending' AND drop_id = ?2",
      drop.owner, drop.id, firstUuid7Of(since));
  query.next();
  return {query.integer(0) - query.integer(1), query.integer(1), query.integer(2)};
}

void insertDrop(store::Transaction& transaction, UserId user, const Share& share) {
  transaction
      .query(
          "DELETE FROM drops WHERE user_id = ?1 AND expires <= ?2 AND id NOT IN (SELECT drop_id FROM video_info "
          "WHERE author_id = ?1 AND state = 'pending' AND drop_id IS NOT NULL)",
          user, share.created)
      .run();
  constexpr std::int64_t most = 100;
  auto query = transaction.query("SELECT count(*) FROM drops WHERE user_id = ? AND expires > ?", user, share.created);
  if (query.next() && query.integer(0) >= most)
    throw Error(Fault::conflict,
                fmt::format("user {}: already has {} drop links; revoke some", share.user.value_or(""), most));
  transaction
      .query(
          "INSERT INTO drops (id, user_id, label, expires, create_time, max_files, max_bytes) "
          "VALUES (?, ?, ?, ?, ?, ?, ?)",
          share.id, user, share.label, share.expires, share.created, share.maxFiles, share.maxBytes)
      .run();
}

void addToDrop(store::Transaction& transaction, const ShareId& id, const VideoId& video, std::int64_t size) {
  transaction.query("UPDATE drops SET files = files + 1, bytes = bytes + ? WHERE id = ?", size, id).run();
  transaction.query("UPDATE video_info SET drop_id = ?, drop_size = ? WHERE id = ?", id, size, video).run();
}

void settleDrop(store::Transaction& transaction, const VideoId& video, bool wasPending,
                std::optional<std::int64_t> guestSize) {
  if (wasPending)
    transaction
        .query(
            "UPDATE drops SET files = files - ?2, bytes = bytes + ?3 - v.drop_size FROM video_info v "
            "WHERE v.id = ?1 AND drops.id = v.drop_id",
            video, guestSize ? 0 : 1, guestSize.value_or(0))
        .run();
  transaction.query("UPDATE video_info SET drop_size = ? WHERE id = ?", guestSize.value_or(0), video).run();
}

bool deleteDrop(store::Transaction& transaction, UserId user, const ShareId& id) {
  return transaction.query("DELETE FROM drops WHERE id = ? AND user_id = ?", id, user).run() > 0;
}

void deleteDropsOf(store::Transaction& transaction, UserId user) {
  transaction.query("DELETE FROM drops WHERE user_id = ?", user).run();
}

std::int64_t deleteSharesOf(store::Transaction& transaction, const VideoId& video, std::int64_t limit) {
  return transaction
      .query("DELETE FROM shares WHERE id IN (SELECT id FROM shares WHERE video_id = ? LIMIT ?)", video, limit)
      .run();
}

void deleteUploadShares(store::Transaction& transaction, const VideoId& video) {
  transaction.query("DELETE FROM shares WHERE video_id = ? AND what = ?", video, ShareWhat::upload).run();
}

bool deleteShare(store::Transaction& transaction, const ShareRef& share) {
  return transaction.query("DELETE FROM shares WHERE id = ? AND video_id = ?", share.id, share.video).run() > 0;
}

}  // namespace video::rows
