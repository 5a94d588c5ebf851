#include "deletions/rows.hpp"

#include <fmt/format.h>

#include "base/cursor.hpp"
#include "base/json.hpp"

namespace video::rows {
namespace {

// One SELECT per state, merged, so that each runs along the index.
std::string listSql(int states) {
  std::string sql;
  for (int i = 0; i < states; ++i)
    sql += fmt::format(
        "{}SELECT video_id, state, due, tries, last_error FROM video_del_rec WHERE state = ?{} AND (due, video_id) > "
        "(?1, ?2) "
        "AND create_time >= ?3 AND create_time < ?4",
        i > 0 ? " UNION ALL " : "", 6 + i);
  return sql + " ORDER BY 3, 1 LIMIT ?5";
}

std::int64_t count(store::Query query) {
  return query.next() ? query.integer(0) : 0;
}

}  // namespace

DeletionPage listDeletions(store::Reader& reader, const DeletionQuery& wanted, Time now) {
  static const std::string all = listSql(3);
  static const std::string one = listSql(1);
  Time due = Time::min();
  std::string id;
  if (wanted.cursor) {
    const auto keys = readCursor(*wanted.cursor, 2);
    std::int64_t milliseconds = 0;
    readText(keys[0], "cursor", milliseconds);
    due = Time{std::chrono::milliseconds{milliseconds}};
    id = keys[1];
  }
  const Time since = wanted.since.value_or(Time::min());
  const Time until = wanted.until.value_or(Time::max());
  DeletionPage page;
  {
    auto query = wanted.state ? reader.query(one, due, id, since, until, wanted.limit + 1, *wanted.state)
                              : reader.query(all, due, id, since, until, wanted.limit + 1, DeletionState::waiting,
                                             DeletionState::leased, DeletionState::dead);
    while (query.next()) {
      if (std::ssize(page.items) == wanted.limit) {
        const Deletion& last = page.items.back();
        page.nextCursor = makeCursor({fmt::to_string(last.due.time_since_epoch().count()), last.video.text});
        break;
      }
      Deletion& deletion = page.items.emplace_back();
      deletion.video.text = query.text(0);
      deletion.state = valueOf<DeletionState>(query.text(1)).value_or(DeletionState::waiting);
      deletion.due = query.time(2);
      deletion.tries = query.integer(3);
      deletion.lastError = query.optionalText(4);
    }
  }
  page.due = count(reader.query("SELECT count(*) FROM video_del_rec WHERE state = 'waiting' AND due <= ?", now)) +
             std::ssize(clearableUsers(reader, now, 1000));
  page.leased = count(reader.query("SELECT count(*) FROM video_del_rec WHERE state = 'leased'"));
  page.failed =
      count(reader.query("SELECT count(*) FROM video_del_rec WHERE state = 'waiting' AND due > ? AND tries > 0", now));
  page.dead = count(reader.query("SELECT count(*) FROM video_del_rec WHERE state = 'dead'"));
  return page;
}

std::vector<VideoId> dueDeletions(store::Reader& reader, Time now, std::int64_t limit) {
  std::vector<VideoId> due;
  auto query = reader.query(
      "SELECT video_id FROM video_del_rec WHERE state = 'waiting' AND due <= ? ORDER BY due, video_id LIMIT ?", now,
      limit);
  while (query.next()) due.push_back({std::string(query.text(0))});
  return due;
}

std::vector<Lease> listLeases(store::Reader& reader) {
  std::vector<Lease> leases;
  auto query = reader.query("SELECT video_id, lease_owner FROM video_del_rec WHERE state = 'leased' LIMIT 500");
  while (query.next()) leases.push_back({{std::string(query.text(0))}, query.integer(1)});
  return leases;
}

std::int64_t deletionTries(store::Reader& reader, const VideoId& video) {
  return count(reader.query("SELECT tries FROM video_del_rec WHERE video_id = ?", video));
}

void insertDeletion(store::Transaction& transaction, const VideoId& video, Time due, Time now) {
  transaction.query("INSERT INTO video_del_rec (video_id, due, create_time) VALUES (?, ?, ?)", video, due, now).run();
}

void deleteDeletion(store::Transaction& transaction, const VideoId& video) {
  transaction.query("DELETE FROM video_del_rec WHERE video_id = ?", video).run();
}

void lease(store::Transaction& transaction, const VideoId& video, std::int64_t owner) {
  transaction.query("UPDATE video_del_rec SET state = 'leased', lease_owner = ? WHERE video_id = ?", owner, video)
      .run();
}

void voidLease(store::Transaction& transaction, const Lease& lease) {
  transaction
      .query(
          "UPDATE video_del_rec SET state = 'waiting', lease_owner = NULL WHERE video_id = ? AND state = 'leased' AND "
          "lease_owner = ?",
          lease.video, lease.owner)
      .run();
}

void recordFailure(store::Transaction& transaction, const VideoId& video, std::string_view why, std::int64_t tries,
                   Time due, DeletionState state) {
  transaction
      .query(
          "UPDATE video_del_rec SET state = ?, lease_owner = NULL, tries = ?, last_error = ?, due = ? WHERE video_id = "
          "?",
          state, tries, why, due, video)
      .run();
}

void makeDue(store::Transaction& transaction, const VideoId& video, Time now) {
  transaction
      .query("UPDATE video_del_rec SET due = ?2 WHERE video_id = ?1 AND state = 'waiting' AND due > ?2", video, now)
      .run();
}

std::int64_t makeSomeDue(store::Transaction& transaction, Time now, std::int64_t limit) {
  return transaction
      .query(
          "UPDATE video_del_rec SET due = ?1 WHERE video_id IN "
          "(SELECT video_id FROM video_del_rec WHERE state = 'waiting' AND due > ?1 LIMIT ?2)",
          now, limit)
      .run();
}

std::vector<std::string> replacedBlobs(store::Reader& reader, Time now, std::int64_t limit) {
  std::vector<std::string> blobs;
  auto query = reader.query("SELECT blob FROM blob_del_rec WHERE due <= ? ORDER BY due, blob LIMIT ?", now, limit);
  while (query.next()) blobs.emplace_back(query.text(0));
  return blobs;
}

void insertBlobDeletion(store::Transaction& transaction, std::string_view blob, Time due) {
  transaction.query("INSERT INTO blob_del_rec (blob, due) VALUES (?, ?)", blob, due).run();
}

void postponeBlobDeletion(store::Transaction& transaction, std::string_view blob, std::string_view why, Time due) {
  transaction.query("UPDATE blob_del_rec SET due = ?, tries = tries + 1, last_error = ? WHERE blob = ?", due, why, blob)
      .run();
}

void deleteBlobDeletion(store::Transaction& transaction, std::string_view blob) {
  transaction.query("DELETE FROM blob_del_rec WHERE blob = ?", blob).run();
}

std::vector<UserId> clearableUsers(store::Reader& reader, Time now, std::int64_t limit) {
  // A user whose videos are all queued and due has to wait for video-clear, and is not clearable until then.
  std::vector<UserId> users;
  auto query = reader.query(
      "SELECT r.user_id FROM user_del_rec r WHERE r.user_id > 0 AND r.due <= ?1 AND ("
      "EXISTS (SELECT 1 FROM video_info WHERE author_id = r.user_id AND state = 'ready') OR "
      "EXISTS (SELECT 1 FROM video_info WHERE author_id = r.user_id AND state = 'pending') OR "
      "EXISTS (SELECT 1 FROM video_info v CROSS JOIN video_del_rec d ON d.video_id = v.id "
      "WHERE v.author_id = r.user_id AND v.state = 'deleted' AND d.state = 'waiting' AND d.due > ?1) OR "
      "EXISTS (SELECT 1 FROM comments WHERE author_id = r.user_id) OR "
      "NOT EXISTS (SELECT 1 FROM video_info WHERE author_id = r.user_id)) ORDER BY r.user_id LIMIT ?2",
      now, limit);
  while (query.next()) users.push_back(UserId{query.integer(0)});
  return users;
}

void insertUserDeletion(store::Transaction& transaction, UserId user, Time due) {
  transaction.query("INSERT INTO user_del_rec (user_id, due) VALUES (?, ?)", user, due).run();
}

void postponeUserDeletion(store::Transaction& transaction, UserId user, std::string_view why, Time due) {
  transaction
      .query("UPDATE user_del_rec SET due = ?, tries = tries + 1, last_error = ? WHERE user_id = ?", due, why, user)
      .run();
}

std::int64_t queueVideosOf(store::Transaction& transaction, UserId user, Time now, std::int64_t limit) {
  std::int64_t queued = 0;
  for (const std::string_view state : {"ready", "pending"}) {
    transaction
        .query(
            "INSERT INTO video_del_rec (video_id, due, create_time) "
            "SELECT id, ?2, ?2 FROM video_info WHERE author_id = ?1 AND state = ?4 ORDER BY id LIMIT ?3",
            user, now, limit, state)
        .run();
    queued += transaction
                  .query(
                      "UPDATE video_info SET state = 'deleted' WHERE id IN "
                      "(SELECT id FROM video_info WHERE author_id = ?1 AND state = ?3 ORDER BY id LIMIT ?2)",
                      user, limit, state)
                  .run();
  }
  queued +=
      transaction
          .query(
              "UPDATE video_del_rec SET due = ?2 WHERE video_id IN "
              "(SELECT v.id FROM video_info v CROSS JOIN video_del_rec d ON d.video_id = v.id WHERE v.author_id = ?1 "
              "AND v.state = 'deleted' AND d.state = 'waiting' AND d.due > ?2 LIMIT ?3)",
              user, now, limit)
          .run();
  return queued;
}

bool finishUserDeletion(store::Transaction& transaction, UserId user) {
  if (transaction.query("SELECT 1 FROM video_info WHERE author_id = ? LIMIT 1", user).next()) return false;
  transaction.query("DELETE FROM user_del_rec WHERE user_id = ?", user).run();
  return true;
}

}  // namespace video::rows
