#include "deletions/rows.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "observe/log.hpp"
#include "shares/rows.hpp"
#include "store/directory.hpp"
#include "tokens/rows.hpp"
#include "users/rows.hpp"

namespace video::rows {
namespace {

// One SELECT per state, merged by SQLite, so that each uses the index.
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

Deletion deletionOf(const store::Query& row) {
  Deletion deletion;
  deletion.video.text = row.text(0);
  deletion.state = valueOf<DeletionState>(row.text(1)).value_or(DeletionState::waiting);
  deletion.due = row.time(2);
  deletion.tries = row.integer(3);
  deletion.lastError = row.optionalText(4);
  return deletion;
}

// When the record of a blocked video is due: 9999-12-31, after every other.
constexpr Time held{std::chrono::milliseconds{253'402'214'400'000}};

std::int64_t count(store::Query query) {
  return query.next() ? query.integer(0) : 0;
}

std::string cursorAfter(const Deletion& last) {
  return TimePage::cursor(last.due, last.video.text);
}

store::Query queryDue(store::Reader& reader, Time now, std::int64_t limit, const TimePage& after) {
  return reader.query(
      "SELECT d.video_id, d.state, d.due, d.tries, d.last_error, v.blob "
      "FROM video_del_rec d CROSS JOIN video_info v ON v.id = d.video_id "
      "WHERE d.state = 'waiting' AND d.due <= ? AND (d.due, d.video_id) > (?, ?) ORDER BY d.due, d.video_id LIMIT ?",
      std::min(now, held - std::chrono::milliseconds{1}), after.time, after.id, limit);
}

}  // namespace

DeletionPage listDeletions(store::Reader& reader, const DeletionQuery& wanted, Time now) {
  static const std::string all = listSql(3);
  static const std::string one = listSql(1);
  const TimePage after(wanted.cursor);
  const Time since = wanted.since.value_or(Time::min());
  const Time until = wanted.until.value_or(Time::max());
  DeletionPage page;
  auto query = wanted.state ? reader.query(one, after.time, after.id, since, until, wanted.limit + 1, *wanted.state)
                            : reader.query(all, after.time, after.id, since, until, wanted.limit + 1,
                                           DeletionState::waiting, DeletionState::leased, DeletionState::dead);
  readPage(page, query, wanted.limit, deletionOf, cursorAfter);
  page.due = count(reader.query("SELECT count(*) FROM video_del_rec WHERE state = 'waiting' AND due <= ?", now)) +
             count(reader.query("SELECT count(*) FROM blob_del_rec WHERE due <= ?", now)) +
             std::ssize(dueUsers(reader, now, 1000));
  page.leased = count(reader.query("SELECT count(*) FROM video_del_rec WHERE state = 'leased'"));
  page.failed =
      count(reader.query("SELECT count(*) FROM video_del_rec WHERE state = 'waiting' AND due > ? AND tries > 0", now)) +
      count(reader.query("SELECT count(*) FROM blob_del_rec WHERE due > ? AND tries > 0", now)) +
      count(reader.query("SELECT count(*) FROM user_del_rec WHERE user_id > 0 AND due > ? AND tries > 0", now));
  page.dead = count(reader.query("SELECT count(*) FROM video_del_rec WHERE state = 'dead'"));
  auto totals = reader.query("SELECT cleared, failures FROM deletion_totals WHERE only_row = 1");
  if (totals.next()) {
    page.purged = totals.integer(0);
    page.failures = totals.integer(1);
  }
  return page;
}

std::optional<Deletion> findDeletion(store::Reader& reader, const VideoId& video) {
  auto query =
      reader.query("SELECT video_id, state, due, tries, last_error FROM video_del_rec WHERE video_id = ?", video);
  return query.next() ? std::optional(deletionOf(query)) : std::nullopt;
}

std::vector<DueDeletion> dueDeletions(store::Reader& reader, Time now, std::int64_t limit) {
  std::vector<DueDeletion> due;
  auto query = queryDue(reader, now, limit, {});
  while (query.next()) due.push_back({deletionOf(query), query.optionalText(5).value_or("")});
  return due;
}

Page<Deletion> listDue(store::Reader& reader, Time now, std::int64_t limit, const std::optional<std::string>& cursor) {
  Page<Deletion> page;
  readPage(page, queryDue(reader, now, limit + 1, TimePage(cursor)), limit, deletionOf, cursorAfter);
  return page;
}

std::vector<std::int64_t> leaseOwners(store::Reader& reader) {
  // Jump from one owner to the next in the index: there are few owners, but there may be many leases.
  std::vector<std::int64_t> owners;
  for (std::int64_t last = 0;;) {
    auto query = reader.query("SELECT min(lease_owner) FROM video_del_rec WHERE lease_owner > ?", last);
    if (!query.next() || query.isNull(0)) return owners;
    owners.push_back(last = query.integer(0));
  }
}

bool queueDeletion(store::Transaction& transaction, const Video& video, Time due, Time now) {
  if (video.state != VideoState::pending && video.state != VideoState::ready) return false;
  if (!setState(transaction, video.id, video.state, VideoState::deleted)) return false;
  transaction
      .query("INSERT INTO video_del_rec (video_id, due, create_time) VALUES (?, ?, ?)", video.id,
             video.blocked ? held : due, now)
      .run();
  return true;
}

bool restoreVideo(store::Transaction& transaction, const StoredVideo& video) {
  // The video of a deleted user is not restored: it would be in no queue and never be purged.
  const bool removed = transaction
                           .query(
                               "DELETE FROM video_del_rec WHERE video_id = ? AND state = 'waiting' AND EXISTS "
                               "(SELECT 1 FROM video_info v CROSS JOIN users u ON u.id = v.author_id "
                               "WHERE v.id = video_del_rec.video_id AND v.state = 'deleted' AND u.deleted IS NULL)",
                               video.id)
                           .run() == 1;
  return removed &&
         setState(transaction, video.id, VideoState::deleted, video.blob ? VideoState::ready : VideoState::pending);
}

bool claim(store::Transaction& transaction, const VideoId& video, std::int64_t owner, Time now) {
  const bool leased = transaction
                          .query(
                              "UPDATE video_del_rec SET state = 'leased', lease_owner = ? "
                              "WHERE video_id = ? AND state = 'waiting' AND due <= ? AND EXISTS "
                              "(SELECT 1 FROM video_info v WHERE v.id = video_del_rec.video_id AND "
                              "v.state IN ('deleted', 'purging'))",
                              owner, video, now)
                          .run() == 1;
  // The video is already in state purging if an earlier lease failed or was voided.
  if (leased) setState(transaction, video, VideoState::deleted, VideoState::purging);
  return leased;
}

bool isLeasedBy(store::Reader& reader, const VideoId& video, std::int64_t owner) {
  return reader
      .query("SELECT 1 FROM video_del_rec WHERE video_id = ? AND state = 'leased' AND lease_owner = ?", video, owner)
      .next();
}

bool finishDeletion(store::Transaction& transaction, const VideoId& video, std::int64_t owner) {
  return transaction
                 .query("DELETE FROM video_del_rec WHERE video_id = ? AND state = 'leased' AND lease_owner = ?", video,
                        owner)
                 .run() == 1 &&
         deleteVideo(transaction, video);
}

std::int64_t voidLeases(store::Transaction& transaction, std::int64_t owner, std::int64_t limit) {
  return transaction
      .query(
          "UPDATE video_del_rec SET state = 'waiting', lease_owner = NULL WHERE state = 'leased' AND lease_owner = ?1 "
          "AND "
          "video_id IN (SELECT video_id FROM video_del_rec WHERE lease_owner = ?1 LIMIT ?2)",
          owner, limit)
      .run();
}

bool recordFailure(store::Transaction& transaction, const VideoId& video, std::int64_t owner, std::string_view why,
                   Time due, std::int64_t maxTries) {
  return transaction
             .query(
                 "UPDATE video_del_rec SET state = CASE WHEN tries + 1 >= ? THEN 'dead' ELSE 'waiting' END, "
                 "lease_owner = NULL, tries = tries + 1, last_error = ?, due = ? "
                 "WHERE video_id = ? AND state = 'leased' AND lease_owner = ?",
                 maxTries, why, due, video, owner)
             .run() == 1;
}

void addToTotals(store::Transaction& transaction, std::int64_t purged, std::int64_t failures) {
  transaction
      .query("UPDATE deletion_totals SET cleared = cleared + ?, failures = failures + ? WHERE only_row = 1", purged,
             failures)
      .run();
}

bool retryDeletion(store::Transaction& transaction, const VideoId& video, Time now) {
  return transaction
             .query(
                 "UPDATE video_del_rec SET state = 'waiting', due = ?, tries = 0 "
                 "WHERE video_id = ? AND state IN ('waiting', 'dead') AND tries > 0",
                 now, video)
             .run() == 1;
}

bool makeDue(store::Transaction& transaction, const VideoId& video, Time now) {
  return transaction
             .query(
                 "UPDATE video_del_rec SET due = CASE WHEN due > ?2 THEN ?2 ELSE due END "
                 "WHERE video_id = ?1 AND state = 'waiting'",
                 video, now)
             .run() == 1;
}

void holdDeletion(store::Transaction& transaction, const VideoId& video) {
  transaction.query("UPDATE video_del_rec SET due = ? WHERE video_id = ? AND state = 'waiting'", held, video).run();
}

void resumeDeletion(store::Transaction& transaction, const VideoId& video, Time due) {
  transaction
      .query("UPDATE video_del_rec SET due = ? WHERE video_id = ? AND state = 'waiting' AND due = ?", due, video, held)
      .run();
}

std::int64_t makeSomeDue(store::Transaction& transaction, Time now, std::int64_t limit) {
  return transaction
      .query(
          "UPDATE video_del_rec SET due = ?1 WHERE state = 'waiting' AND due > ?1 AND video_id IN "
          "(SELECT video_id FROM video_del_rec WHERE state = 'waiting' AND due > ?1 AND due < ?3 LIMIT ?2)",
          now, limit, held)
      .run();
}

std::vector<ReplacedBlob> replacedBlobs(store::Reader& reader, Time now, std::int64_t limit) {
  std::vector<ReplacedBlob> blobs;
  auto query =
      reader.query("SELECT blob, tries FROM blob_del_rec WHERE due <= ? ORDER BY due, blob LIMIT ?", now, limit);
  while (query.next()) blobs.push_back({std::string(query.text(0)), query.integer(1)});
  return blobs;
}

void insertBlobDeletion(store::Transaction& transaction, std::string_view blob, UserId owner, std::int64_t size,
                        Time due) {
  transaction
      .query("INSERT INTO blob_del_rec (blob, author_id, size, due) VALUES (?, ?, ?, ?) ON CONFLICT (blob) DO NOTHING",
             blob, owner, size, due)
      .run();
}

bool postponeBlobDeletion(store::Transaction& transaction, const ReplacedBlob& blob, std::string_view why, Time due) {
  return transaction
             .query("UPDATE blob_del_rec SET due = ?, tries = tries + 1, last_error = ? WHERE blob = ? AND tries = ?",
                    due, why, blob.name, blob.tries)
             .run() == 1;
}

bool deleteBlobDeletion(store::Transaction& transaction, std::string_view blob) {
  return transaction.query("DELETE FROM blob_del_rec WHERE blob = ?", blob).run() == 1;
}

std::vector<DueUser> dueUsers(store::Reader& reader, Time now, std::int64_t limit) {
  // Skip users whose videos are all queued but not yet purged: there is nothing to do for them.
  std::vector<DueUser> users;
  auto query = reader.query(
      "SELECT user_id, tries, (SELECT create_time FROM users WHERE id = r.user_id) FROM user_del_rec r WHERE user_id > "
      "0 AND due <= ? AND (queued = 0 OR "
      "NOT EXISTS (SELECT 1 FROM video_info WHERE author_id = r.user_id)) ORDER BY user_id LIMIT ?",
      now, limit);
  while (query.next()) users.push_back({UserId{query.integer(0)}, query.integer(1), query.time(2)});
  return users;
}

std::size_t deleteRevivedUsers(store::Database& database, Time now) {
  constexpr std::size_t step = 500;
  std::size_t count = 0;
  const auto before = database.read([](store::Reader& reader) {
    auto query = reader.query("SELECT bytes, hash FROM deleted_users_applied WHERE only_row = 1");
    return query.next() ? store::DeletedUsers::Place{query.integer(0), query.integer(1)} : store::DeletedUsers::Place{};
  });
  std::vector<std::pair<UserId, Time>> listed;
  const auto deleteThose = [&] {
    std::vector<UserId> revived;
    database.read([&](store::Reader& reader) {
      for (const auto& [user, created] : listed)
        if (isLive(reader, user, created)) revived.push_back(user);
    });
    // One at a time: each may end 1,000 sessions and tokens.
    for (const UserId user : revived) {
      database.write(store::Purpose::keep, [&](store::Transaction& writing) { deleteAccount(writing, user, now); });
      observe::warning("found a deleted user in the database; deleting it again", {{"user", user.value}});
    }
    count += revived.size();
    listed.clear();
  };
  const auto after = database.directory().deletedUsers().forEach(before, [&](UserId user, Time created) {
    listed.emplace_back(user, created);
    if (listed.size() == step) deleteThose();
  });
  if (!listed.empty()) deleteThose();
  if (after == before) return count;
  try {
    database.write(store::Purpose::keep, [&](store::Transaction& writing) {
      writing.query("UPDATE deleted_users_applied SET bytes = ?, hash = ? WHERE only_row = 1", after.bytes, after.hash)
          .run();
    });
  } catch (const Error& error) {
    // The next start reads the same lines again.
    observe::warning("how far deleted users were looked for is not recorded", {{"error", error.what()}});
  }
  return count;
}

bool deleteAccount(store::Transaction& transaction, UserId user, Time now) {
  if (!markUserDeleted(transaction, user, now)) return false;
  removeCredentialsOf(transaction, user);
  deleteDropsOf(transaction, user);
  transaction.query("INSERT INTO user_del_rec (user_id, due) VALUES (?, ?)", user, now).run();
  return true;
}

bool postponeUserDeletion(store::Transaction& transaction, const DueUser& user, std::string_view why, Time due) {
  return transaction
             .query(
                 "UPDATE user_del_rec SET due = ?, tries = tries + 1, last_error = ? WHERE user_id = ? AND tries = ?",
                 due, why, user.id, user.tries)
             .run() == 1;
}

std::int64_t queueVideosOf(store::Transaction& transaction, UserId user, Time now, std::int64_t limit) {
  std::int64_t queued = 0;
  for (const std::string_view state : {"ready", "pending"}) {
    const std::int64_t inserted =
        transaction
            .query(
                "INSERT INTO video_del_rec (video_id, due, create_time) "
                "SELECT id, ?2, ?2 FROM video_info WHERE author_id = ?1 AND state = ?4 ORDER BY id LIMIT ?3",
                user, now, limit, state)
            .run();
    const std::int64_t deleted =
        transaction
            .query(
                "UPDATE video_info SET state = 'deleted' WHERE state = ?3 AND id IN "
                "(SELECT id FROM video_info WHERE author_id = ?1 AND state = ?3 ORDER BY id LIMIT ?2)",
                user, limit, state)
            .run();
    if (deleted != inserted)
      throw Error(Fault::conflict, fmt::format("user {}: videos changed by another request", user.value));
    queued += deleted;
  }
  return queued;
}

VideoId makeDueOf(store::Transaction& transaction, UserId user, const VideoId& after, Time now, std::int64_t limit) {
  VideoId last;
  auto query = transaction.query(
      "SELECT id FROM video_info WHERE author_id = ? AND state = 'deleted' AND id > ? ORDER BY id LIMIT ?", user, after,
      limit);
  while (query.next()) {
    last.text = query.text(0);
    transaction
        .query("UPDATE video_del_rec SET due = ?2 WHERE video_id = ?1 AND state = 'waiting' AND due > ?2", last, now)
        .run();
  }
  return last;
}

bool markUserQueued(store::Transaction& transaction, UserId user) {
  return transaction
             .query(
                 "UPDATE user_del_rec SET queued = 1 WHERE user_id = ?1 AND NOT EXISTS "
                 "(SELECT 1 FROM video_info WHERE author_id = ?1 AND state IN ('pending', 'ready'))",
                 user)
             .run() == 1;
}

bool finishUserDeletion(store::Transaction& transaction, UserId user) {
  return transaction
             .query(
                 "DELETE FROM user_del_rec WHERE user_id = ?1 AND NOT EXISTS "
                 "(SELECT 1 FROM video_info WHERE author_id = ?1)",
                 user)
             .run() == 1;
}

}  // namespace video::rows
